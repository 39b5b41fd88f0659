"""``export``: the clinic's rows as flat Parquet tables, for DuckDB, pandas and Power BI."""

import argparse
import os
from collections.abc import Mapping
from pathlib import Path

from service.clock import as_instant
from service.commands.command import Commands, Write
from service.commands.environment import CLINIC, chosen_instruments, deployment_of, settings_of
from service.errors import SettingsRefused
from service.flows.deployment import Access, Deployment
from service.flows.write_flat_tables import write_flat_tables
from service.flows.write_version import audit_row
from service.store.audit import add_audit

_OK = 200


def add_to(commands: Commands) -> None:
    """Add ``export``."""
    made = commands.add("export", _export, "write what is kept of a clinic, for analysis elsewhere")
    made.add_argument(
        "--parquet",
        metavar="DIR",
        required=True,
        help="a new folder for flat tables (service/reporting.md), which only its owner may read",
    )


def _export(asked: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    settings = settings_of(environ)
    deployment = deployment_of(settings, chosen_instruments(settings))
    folder = Path(asked.parquet)
    try:
        deployment.database.migrate()
        _make_private(folder)
        left_out = _write(deployment, folder)
    finally:
        deployment.database.close()
    write(f"written to {folder}: rows of patients, without names; guard them like the database\n")
    if left_out:
        write(f"{left_out} patients were left out: nothing of them may be shared\n")
    return 0


def _write(deployment: Deployment, folder: Path) -> int:
    now = as_instant(deployment.clock())
    access = Access(CLINIC, "command line", "export", "R", "command-line")
    with deployment.database.write() as tx:
        add_audit(tx, audit_row(access, now, _OK, "export"))
    with deployment.database.read() as tx:
        return write_flat_tables(tx, deployment, CLINIC, folder)


def _make_private(folder: Path) -> None:
    """Make a new folder that only its owner may read. Raises ``SettingsRefused``."""
    try:
        folder.mkdir(mode=0o700, parents=True)
    except OSError as error:
        raise SettingsRefused([f"--parquet: cannot be made: {os.strerror(error.errno or 0)}"]) from error
