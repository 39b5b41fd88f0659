"""``export``: the clinic's rows as flat Parquet tables, for DuckDB, pandas and Power BI."""

import argparse
import os
from collections.abc import Mapping
from pathlib import Path

from service.commands.acting import act_for_clinic
from service.commands.command import Commands, Write, add_clinic
from service.errors import SettingsRefused
from service.flows.audit_command import command_access
from service.flows.deployment import Deployment
from service.flows.export_tables import export_tables


def add_to(commands: Commands) -> None:
    """Add ``export``."""
    made = add_clinic(
        commands.add("export", _export, "write what is kept of a clinic, for analysis elsewhere")
    )
    made.add_argument(
        "--parquet",
        metavar="DIR",
        required=True,
        help="a new folder for flat tables (service/reporting.md), which only its owner may read",
    )


def _export(asked: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    folder = Path(asked.parquet)

    def act(deployment: Deployment) -> None:
        _make_private(folder)
        left_out = export_tables(deployment, folder, command_access(deployment.clinic, "export", "R"))
        write(f"written to {folder}: rows of patients, without names; guard them like the database\n")
        if left_out:
            write(f"{left_out} patients were left out: nothing of them may be shared\n")

    return act_for_clinic(asked, environ, act)


def _make_private(folder: Path) -> None:
    """Make a new folder that only its owner may read. Raises ``SettingsRefused``."""
    try:
        folder.mkdir(mode=0o700, parents=True)
    except OSError as error:
        raise SettingsRefused([f"--parquet: cannot be made: {os.strerror(error.errno or 0)}"]) from error
