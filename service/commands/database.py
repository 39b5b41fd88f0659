"""``migrate``: bring the database to this release."""

import argparse
from collections.abc import Mapping

from service.commands.command import Commands, Write
from service.commands.environment import configuration_of
from service.store.database import Database


def add_to(commands: Commands) -> None:
    """Add ``migrate``."""
    commands.add("migrate", _migrate, "bring the database to this release, then end")


def _migrate(_: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    database = Database(configuration_of(environ).service.database_url)
    try:
        database.migrate()
    finally:
        database.close()
    write("The database is at this release.\n")
    return 0
