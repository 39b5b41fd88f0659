"""``verify-audit`` and ``purge-audit``: check that nothing of the audit was changed; remove what is old."""

import argparse
import sys
from collections.abc import Mapping
from datetime import date

from service.commands.command import Commands, Write
from service.commands.environment import CLINIC, chosen_instruments, deployment_of, settings_of
from service.errors import RequestRefused
from service.flows.audit_command import audit_command, command_access
from service.flows.deployment import Deployment
from service.flows.purge_audit import purge_audit
from service.flows.verify_audit import Verified, verify_audit


def add_to(commands: Commands) -> None:
    """Add ``verify-audit`` and ``purge-audit``."""
    verify = commands.add("verify-audit", _verify, "check the audit against its seals; 1 where one is broken")
    verify.add_argument("--clinic", help="this clinic alone; all unless said")
    verify.add_argument("--head", help="the hash of a seal that was noted elsewhere: it must still be there")
    purge = commands.add("purge-audit", _purge, "remove rows of the audit that were kept long enough")
    purge.add_argument("--before", required=True, type=date.fromisoformat, help="a day, such as 2020-01-01")
    purge.add_argument("--clinic", default=CLINIC, help=f"whose; {CLINIC} unless said")


def _verify(asked: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    deployment = _open(environ)
    try:
        found = verify_audit(deployment, asked.clinic, asked.head)
        for one in found:
            audit_command(deployment, command_access(one.clinic, "verify-audit"))
    finally:
        deployment.database.close()
    for one in found:
        write("".join(f"{line}\n" for line in _lines(one)))
    if not found:
        write("there is nothing in the audit\n")
    return 1 if any(one.fault for one in found) else 0


def _lines(found: Verified) -> list[str]:
    lines = [f"{found.clinic}: {found.seals} seals over {found.rows} rows"]
    if found.purge is not None:
        purge = found.purge
        lines.append(
            f"  rows up to seal {purge.through_seal} were removed at {purge.purged_at}: {purge.count}"
        )
    if found.fault:
        return [*lines, f"  BROKEN: {found.fault}"]
    if found.head is not None:
        lines.append(f"  whole; head {found.head.hash} of {found.head.sealed_at}")
    return lines


def _purge(asked: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    deployment = _open(environ)
    try:
        access = command_access(asked.clinic, "purge-audit", "D")
        write(f"{purge_audit(deployment, asked.before, access)} rows removed\n")
    except RequestRefused as refused:
        for fault in refused.faults:
            sys.stderr.write(f"{fault.at}: {fault.message}\n")
        return 1
    finally:
        deployment.database.close()
    return 0


def _open(environ: Mapping[str, str]) -> Deployment:
    settings = settings_of(environ)
    deployment = deployment_of(settings, chosen_instruments(settings))
    deployment.database.migrate()
    return deployment
