"""``export`` and ``export-keys``: what is kept of a clinic as files, for analysis elsewhere.

A format is one entry of ``FORMATS``: what writes it, given the deployment and the command line. Flat tables
are no FHIR, and have an option of their own.
"""

import argparse
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from service.clock import as_instant, to_millisecond
from service.commands.acting import act_for_clinic
from service.commands.command import Command, Commands, Write, add_clinic
from service.commands.environment import chosen_instruments
from service.errors import SettingsRefused
from service.flows.audit_command import audit_command, command_access
from service.flows.deployment import Access, Deployment
from service.flows.export_tables import export_tables
from service.flows.keep_wording import keep_wording
from service.flows.pseudonym_keys import list_keys, revoke_key
from service.flows.render_resources import EXPORTED, Selection
from service.flows.write_deidentified import write_deidentified
from service.flows.write_ndjson import write_ndjson

_RECIPIENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,79}")


def add_to(commands: Commands) -> None:
    """Add ``export`` and ``export-keys``."""
    made = add_clinic(
        commands.add("export", _export, "write what is kept of a clinic, for analysis elsewhere")
    )
    where = made.add_mutually_exclusive_group(required=True)
    where.add_argument("--out", metavar="DIR", help="a new folder that its owner alone may read")
    where.add_argument(
        "--parquet",
        metavar="DIR",
        help="a new folder for flat tables (service/reporting.md), which its owner alone may read",
    )
    made.add_argument("--format", choices=tuple(FORMATS), default="ndjson", help="default: ndjson, of FHIR")
    made.add_argument("--since", metavar="TIME", help="only what changed later: 2026-03-01T00:00:00Z")
    made.add_argument(
        "--type", action="append", choices=EXPORTED, metavar="TYPE", help=f"one of {', '.join(EXPORTED)}"
    )
    made.add_argument(
        "--de-identified",
        metavar="RECIPIENT",
        help="pseudonyms of this recipient's own, day offsets, no words, dates or ids (service/exports.md)",
    )
    about = "list and revoke the keys that make recipients' pseudonyms"
    acts = commands.add("export-keys", _list, about).add_subparsers(metavar="act", required=True)

    def add(name: str, act: Command, about: str) -> argparse.ArgumentParser:
        act_parser = add_clinic(acts.add_parser(name, help=about, description=about))
        act_parser.set_defaults(command=act)
        return act_parser

    add("list", _list, "list keys by recipient, the oldest first; never the secrets")
    add("revoke", _revoke, "wipe a key: its pseudonyms can never be made again").add_argument("id")


def _export(asked: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    faults = list(_find_faults(asked))
    if faults:
        raise SettingsRefused(faults)

    def act(deployment: Deployment) -> None:
        with deployment.database.rehearse() as tx:  # every wording that a response may name
            chosen = keep_wording(tx, deployment.clinic, chosen_instruments(deployment.settings), {})
        worded = replace(deployment, instruments=chosen.offered, known=chosen.known)
        folder = _new_folder("--parquet" if asked.parquet else "--out", asked.parquet or asked.out)
        access = command_access(worded.clinic, "export", "E")
        if asked.parquet:
            write(_tables(worded, folder, access, _since(asked)))
            return
        # Before anything is written: who tried and failed has read all the same.
        audit_command(worded, access)
        told = FORMATS["de-identified" if asked.de_identified else asked.format](worded, folder, asked)
        write(told)

    return act_for_clinic(asked, environ, act)


def _tables(deployment: Deployment, folder: Path, access: Access, since: str | None) -> str:
    left_out = export_tables(deployment, folder, access, since)
    told = f"written to {folder}: rows of patients, without names; guard them like the database\n"
    return told + (f"{left_out} patients were left out: nothing of them may be shared\n" if left_out else "")


def _since(asked: argparse.Namespace) -> str | None:
    return as_instant(datetime.fromisoformat(asked.since)) if asked.since else None


def _ndjson(deployment: Deployment, folder: Path, asked: argparse.Namespace) -> str:
    until = as_instant(to_millisecond(deployment.clock()))
    selection = Selection(frozenset(asked.type or EXPORTED), until, _since(asked))
    lines = write_ndjson(deployment, selection, folder)
    return f"{lines} resources written to {folder}: guard them like the database\n"


def _de_identified(deployment: Deployment, folder: Path, asked: argparse.Namespace) -> str:
    lines = write_deidentified(deployment, asked.de_identified, folder)
    return f"{lines} lines written to {folder}: pseudonymous, not anonymous; see service/exports.md\n"


FORMATS: Mapping[str, Callable[[Deployment, Path, argparse.Namespace], str]] = {
    "ndjson": _ndjson,
    "de-identified": _de_identified,
}


def _find_faults(asked: argparse.Namespace) -> list[str]:
    is_deidentified = asked.de_identified is not None or asked.format == "de-identified"
    faults = []
    if is_deidentified and not _RECIPIENT.fullmatch(asked.de_identified or ""):
        faults.append("--de-identified: must name a recipient: letters, digits, blanks and ._-, at most 80")
    if is_deidentified and (asked.since or asked.type):
        faults.append("--de-identified: is always whole: without --since and --type")
    if asked.parquet and (is_deidentified or asked.type):
        faults.append("--parquet: holds all tables: without --type, --format and --de-identified")
    if asked.since and not _has_zone(asked.since):
        faults.append("--since: must be a time with an offset, such as 2026-03-01T00:00:00Z")
    return faults


def _has_zone(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _new_folder(option: str, name: str) -> Path:
    """Make a new folder that its owner alone may read. Raises ``SettingsRefused``."""
    folder = Path(name)
    try:
        folder.mkdir(mode=0o700, parents=True)
    except OSError as error:
        raise SettingsRefused([f"{option}: cannot be made: {os.strerror(error.errno or 0)}"]) from error
    return folder


def _list(asked: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    def act(deployment: Deployment) -> None:
        rows = list_keys(deployment, command_access(deployment.clinic, "export-keys list", "R"))
        for row in rows:
            state = f"revoked {row.revoked_at}" if row.revoked_at else "in force"
            write(f"{row.id}  {row.recipient}  made {row.created_at}  {state}\n")
        if not rows:
            write("no keys\n")

    return act_for_clinic(asked, environ, act)


def _revoke(asked: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    def act(deployment: Deployment) -> None:
        revoke_key(deployment, asked.id, command_access(deployment.clinic, "export-keys revoke", "D"))
        write(f"{asked.id}: revoked, its secret is wiped\n")
        if not deployment.database.scrub():
            sys.stderr.write("The secret's bytes may still stand in the database's files and backups.\n")

    return act_for_clinic(asked, environ, act)
