"""``api-keys``: the keys that callers without an identity provider show: made, listed, revoked."""

import argparse
import re
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta

from service.clock import as_instant
from service.commands.acting import act_for_clinic
from service.commands.command import Command, Commands, Write, add_clinic
from service.flows.api_keys import LONGEST_LIFE, NewKey, create_api_key, list_keys, revoke_key
from service.flows.audit_command import command_access
from service.flows.deployment import Access, Action, Deployment
from service.scopes import find_unknown
from service.store.api_keys import ApiKeyRow

_REFERENCE = r"{}/[A-Za-z0-9\-.]{{1,64}}"
_LONGEST_NAME = 80
_LEVELS = {"user/": "practitioner", "patient/": "patient"}


def add_to(commands: Commands) -> None:
    """Add ``api-keys`` with its acts."""
    about = "make, list and revoke the keys that callers show"
    acts = commands.add("api-keys", _list, about).add_subparsers(metavar="act", required=True)

    def add(name: str, act: Command, about: str) -> argparse.ArgumentParser:
        made = add_clinic(acts.add_parser(name, help=about, description=about))
        made.set_defaults(command=act)
        return made

    made = add("create", _create, "make a key; it is shown this once")
    made.add_argument("--name", required=True, help="who will show it, for people: reporting tool")
    made.add_argument("--scopes", required=True, help="what it opens: 'system/Observation.rs'")
    made.add_argument("--expires", required=True, help="in how many days, or a date: 90, 2027-03-31")
    made.add_argument("--practitioner", help="whom user/ scopes stand for: Practitioner/ada")
    made.add_argument("--supervisor", action="store_true", help="user/ scopes reach all dyads")
    made.add_argument("--patient", help="whom patient/ scopes reach: Patient/anna")
    add("list", _list, "list keys by their beginnings, the oldest first")
    add("revoke", _revoke, "take a key back at once, for good").add_argument("id", help="the key's id")


def _create(asked: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    def act(deployment: Deployment) -> int:
        now = deployment.clock()
        expires_at = _moment(asked.expires, now)
        faults = _find_faults(asked, expires_at, now)
        if expires_at is None or faults:
            sys.stderr.writelines(f"{fault}\n" for fault in faults)
            return 2
        new = NewKey(
            name=asked.name,
            scopes=" ".join(asked.scopes.split()),
            expires_at=expires_at,
            practitioner=asked.practitioner,
            patient=asked.patient,
            supervises=asked.supervisor,
        )
        key, row = create_api_key(deployment.database, new, now, _access(deployment, "create", "C"))
        write(f"{key}\n")
        sys.stderr.write(f"Key {row.id} counts until {row.expires_at}. It is shown this once: keep it now.\n")
        if not deployment.settings.api_keys:
            sys.stderr.write("No key counts before ALLIANCE_API_KEYS is true.\n")
        return 0

    return act_for_clinic(asked, environ, act)


def _find_faults(asked: argparse.Namespace, expires_at: datetime | None, now: datetime) -> list[str]:
    faults = [f"--scopes: {one} opens nothing here" for one in find_unknown(asked.scopes)]
    if not asked.scopes.split():
        faults.append("--scopes: name one at least")
    if not (asked.name.isprintable() and 0 < len(asked.name) <= _LONGEST_NAME):
        faults.append(f"--name: one line of at most {_LONGEST_NAME} characters")
    if expires_at is None or not now < expires_at <= now + LONGEST_LIFE:
        faults.append("--expires: days or a date, in the future, two years ahead at most")
    for name, kind in (("practitioner", "Practitioner"), ("patient", "Patient")):
        given = getattr(asked, name)
        if given is not None and not re.fullmatch(_REFERENCE.format(kind), given):
            faults.append(f"--{name}: must be such as {kind}/x")
    for level, name in _LEVELS.items():
        held = getattr(asked, name) or (name == "practitioner" and asked.supervisor)
        if level in asked.scopes and not held:
            faults.append(f"--{name}: {level} scopes are of nobody without it")
    return faults


def _moment(text: str, now: datetime) -> datetime | None:
    """Return when a key ends: so many days from now, or at the beginning of a date; None for neither."""
    try:
        if text.isascii() and text.isdecimal():
            return now + timedelta(days=int(text))
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=now.tzinfo)
    except (ValueError, OverflowError):
        return None


def _list(asked: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    def act(deployment: Deployment) -> int:
        rows = list_keys(deployment.database, deployment.clock(), _access(deployment, "list", "R"))
        for row in rows:
            state = _state(row, as_instant(deployment.clock()))
            used = row.last_used_at or "never"
            write(
                f"{row.id}  {state:<8}  {row.beginning}…  {row.name}  until {row.expires_at}  used {used}\n"
            )
            write(f"          {row.scopes}\n")
        if not rows:
            write("no keys\n")
        return 0

    return act_for_clinic(asked, environ, act)


def _state(row: ApiKeyRow, now: str) -> str:
    if row.revoked_at is not None:
        return "revoked"
    return "counts" if now < row.expires_at else "expired"


def _revoke(asked: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    def act(deployment: Deployment) -> int:
        access = _access(deployment, "revoke", "D")
        revoke_key(deployment.database, asked.id, deployment.clock(), access)
        write(f"{asked.id}: revoked\n")
        return 0

    return act_for_clinic(asked, environ, act)


def _access(deployment: Deployment, act: str, action: Action) -> Access:
    return command_access(deployment.clinic, f"api-keys {act}", action)
