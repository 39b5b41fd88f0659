"""``sandbox-ehr``: a small FHIR server to try against."""

import argparse
from collections.abc import Mapping

from service.commands.command import Commands, Write
from service.errors import SettingsRefused


def add_to(commands: Commands) -> None:
    """Add ``sandbox-ehr``."""
    sandbox = commands.add("sandbox-ehr", _sandbox_ehr, "serve a small FHIR server to try against")
    sandbox.add_argument("--host", default="127.0.0.1")
    sandbox.add_argument("--port", type=int, default=8095)
    sandbox.add_argument("--database", default="sandbox-ehr.db", help="path of its SQLite file")
    sandbox.add_argument(
        "--surface",
        default="everything",
        help="what it lets others write: everything, no-transaction, or a product's shape: hapi, medplum, "
        "azure, google, epic, oracle, athenahealth, meditech, canvas, openemr",
    )
    sandbox.add_argument("--fhir-version", default="4.0.1", help="the release that it says to speak")


def _sandbox_ehr(asked: argparse.Namespace, _: Mapping[str, str], __: Write) -> int:
    # Here, since the service itself never needs the sandbox.
    from service.sandbox.server import run_sandbox  # noqa: PLC0415 - see above

    try:
        run_sandbox(asked.host, asked.port, asked.database, asked.surface, asked.fhir_version)
    except ValueError as error:
        raise SettingsRefused([f"--surface, --fhir-version: {error}"]) from error
    return 0
