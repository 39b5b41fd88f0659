"""``deliveries``: list what is to be written to the EHR, and release what was held as old."""

import argparse
from collections.abc import Mapping

from service.commands.command import Commands, Write
from service.commands.environment import CLINIC, chosen_instruments, deployment_of, settings_of
from service.flows.deployment import Access, Deployment
from service.flows.release_deliveries import release_deliveries
from service.store.deliveries import list_deliveries

_LISTED = 200


def add_to(commands: Commands) -> None:
    """Add ``deliveries``."""
    held = commands.add("deliveries", _deliveries, "list deliveries, or release those held as old")
    held.add_argument("act", choices=("list", "release"))
    held.add_argument("--state", help="list only this state; parked: all that a person must look at")


def _deliveries(asked: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    settings = settings_of(environ)
    deployment = deployment_of(settings, chosen_instruments(settings))
    try:
        deployment.database.migrate()
        if asked.act == "release":
            access = Access(CLINIC, "command line", "deliveries release", "U", "command-line")
            write(f"{release_deliveries(deployment, access)} released\n")
        else:
            _list_deliveries(deployment, asked.state, write)
    finally:
        deployment.database.close()
    return 0


def _list_deliveries(deployment: Deployment, state: str | None, write: Write) -> None:
    with deployment.database.read() as tx:
        found = list_deliveries(tx, CLINIC, state=state, limit=_LISTED + 1)
    for one in found[:_LISTED]:
        subject = f"{one.subject_kind} {one.subject_id} version {one.subject_version}"
        write(f"{one.id}  {one.state:<9}  {one.rung or '-':<13}  {subject}  {one.reason}".rstrip() + "\n")
    if len(found) > _LISTED:
        write(f"… and more: GET /v1/deliveries lists them all, page by page ({_LISTED} shown)\n")
    if not found:
        write("no deliveries\n")
