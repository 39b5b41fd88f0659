"""``verify-audit`` and ``purge-audit``: check that nothing of the audit was changed; remove what is old."""

import argparse
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from service.callers import NO_CLINIC
from service.clock import as_instant, system_clock
from service.commands.command import Commands, Write, add_clinic
from service.commands.environment import configuration_of, deployment_of, one_clinic
from service.configuration import Configuration
from service.errors import RequestRefused, SettingsRefused
from service.flows.audit_command import audit_command_beside, command_access
from service.flows.purge_audit import purge_audit
from service.flows.verify_audit import Verified, verify_audit
from service.store.database import Database

_OPEN_ROUTES = "open routes"


def add_to(commands: Commands) -> None:
    """Add ``verify-audit`` and ``purge-audit``."""
    about = "check the audit against its seals; 1 where one is broken"
    verify = commands.add("verify-audit", _verify, about)
    verify.add_argument("--clinic", metavar="NAME", help="this clinic alone; all that have rows unless said")
    verify.add_argument("--head", help="the hash of a seal that was noted elsewhere: it must still be there")
    about = "remove rows of the audit that were kept long enough"
    purge = add_clinic(commands.add("purge-audit", _purge, about))
    purge.add_argument("--before", required=True, type=date.fromisoformat, help="a day, such as 2020-01-01")
    for made in (verify, purge):
        made.add_argument(
            "--open-routes",
            action="store_true",
            help="of several clinics: what is open to everybody, whose rows are no clinic's",
        )


def _verify(asked: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    configuration = configuration_of(environ)
    clinic = _clinic_to_verify(asked, configuration)
    database = Database(configuration.service.database_url)
    try:
        database.migrate()
        found = verify_audit(database, clinic, asked.head, clock=system_clock)
        for one in found:
            access = command_access(one.clinic, "verify-audit")
            audit_command_beside(database, access, as_instant(system_clock()))
    finally:
        database.close()
    for one in found:
        write("".join(f"{line}\n" for line in _lines(one)))
    if not found:
        write("there is nothing in the audit\n")
    # Who asks for one chain, or for a head, means one that is there: a name may be misspelt.
    is_missing = not found and (clinic is not None or asked.head is not None)
    return 1 if is_missing or any(one.fault for one in found) else 0


def _clinic_to_verify(asked: argparse.Namespace, configuration: Configuration) -> str | None:
    """Return whose chain is checked, None for all. A clinic that is served no longer has one too."""
    if asked.open_routes:
        return NO_CLINIC
    if asked.clinic is None and asked.head is not None:
        if len(configuration.clinics) > 1:
            names = ", ".join(configuration.clinics)
            raise SettingsRefused([f"--head: goes with --clinic, one of {names}, or --open-routes"])
        return next(iter(configuration.clinics))
    clinic: str | None = asked.clinic
    return clinic


def _lines(found: Verified) -> list[str]:
    lines = [f"{found.clinic or _OPEN_ROUTES}: {found.seals} seals over {found.rows} rows"]
    if found.purge is not None:
        purge = found.purge
        lines.append(
            f"  rows up to seal {purge.through_seal} were removed at {purge.purged_at}: {purge.count}"
        )
    if found.unproven:
        said = (
            "say who asked, or why it was refused, and their seal (of a release before) does not cover that"
        )
        lines.append(f"  {found.unproven} rows {said}")
    if found.left:
        said = "stand under no seal: a release before passed them by where many waited; nothing proves them"
        lines.append(f"  {found.left} rows {said}")
    if found.fault:
        return [*lines, f"  BROKEN: {found.fault}"]
    if found.head is not None:
        lines.append(f"  whole; head {found.head.hash} of {found.head.sealed_at}")
    return lines


def _purge(asked: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    with one_clinic(asked, environ) as clinic:
        deployment = deployment_of(clinic)
    if asked.open_routes:
        deployment = replace(deployment, clinic=NO_CLINIC)
    try:
        deployment.database.migrate()
        access = command_access(deployment.clinic, "purge-audit", "D")
        write(f"{purge_audit(deployment, asked.before, access)} rows removed\n")
    except RequestRefused as refused:
        for fault in refused.faults:
            sys.stderr.write(f"{fault.at}: {fault.message}\n")
        return 1
    finally:
        deployment.database.close()
    return 0
