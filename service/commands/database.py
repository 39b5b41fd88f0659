"""``migrate``: bring the database to this release."""

import argparse
from collections.abc import Mapping

from service.commands.command import Commands, Write
from service.commands.environment import configuration_of
from service.store.database import Database

_PASSES_BY = (
    "CAUTION: ALLIANCE_DATABASE_URL names a superuser, whom row-level security does not hold to one clinic's"
    " rows; let the database and its tables belong to a user of their own\n"
)


def add_to(commands: Commands) -> None:
    """Add ``migrate``."""
    commands.add("migrate", _migrate, "bring the database to this release, then end")


def _migrate(_: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    database = Database(configuration_of(environ).service.database_url)
    try:
        database.migrate()
        passes_by = database.passes_by_row_security()
    finally:
        database.close()
    write("The database is at this release.\n")
    if passes_by:
        write(_PASSES_BY)
    return 0
