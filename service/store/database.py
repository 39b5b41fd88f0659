"""The database: one engine, read and write transactions, migrations.

SQLite in WAL with ``synchronous=FULL``: a commit that returned survives a power cut. A write transaction
begins with BEGIN IMMEDIATE, so that what it read first cannot change under it.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DatabaseError

from service.errors import SettingsRefused

Tx = Connection

_MIGRATIONS = Path(__file__).parent / "migrations"
_BUSY_MILLISECONDS = 30_000
_CANNOT_OPEN = (
    "ALLIANCE_DATABASE_URL: the database cannot be opened or written; does its folder exist, may this user"
    " write there, and is the file a database of this service?"
)


class Database:
    """One database. Thread-safe; ``close`` it at the end."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._engine = create_engine(url, pool_size=16, max_overflow=16, pool_timeout=30)
        event.listen(self._engine, "connect", _prepare_connection)
        event.listen(self._engine, "begin", _begin)
        self._writing = self._engine.execution_options(writes=True)
        # SQLite has one writer at a time, and one that finds it busy sleeps for milliseconds and asks again.
        # Our own threads queue here instead, and are woken at once.
        self._one_writer = threading.Lock()

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """Give a transaction that sees one moment and changes nothing."""
        with self._engine.connect() as tx, tx.begin():
            yield tx

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """Give a transaction that is committed durably at the end, or rolled back whole on an error."""
        with self._one_writer, self._writing.connect() as tx, tx.begin():
            yield tx

    @contextmanager
    def rehearse(self) -> Iterator[Tx]:
        """Give a write transaction that is rolled back whole at the end."""
        with self._one_writer, self._writing.connect() as tx, tx.begin() as begun:
            yield tx
            begun.rollback()

    def migrate(self) -> None:
        """Bring the schema to the newest revision; does nothing where it is there already.

        Raises ``SettingsRefused`` where the database cannot be opened or written.
        """
        try:
            with self._writing.connect() as tx, tx.begin():
                config = _alembic_config()
                config.attributes["connection"] = tx
                command.upgrade(config, "head")
        except DatabaseError as error:
            raise SettingsRefused([_CANNOT_OPEN]) from error

    def is_current(self) -> bool:
        """Tell whether the schema is at the newest revision and the database answers."""
        head = ScriptDirectory.from_config(_alembic_config()).get_current_head()
        with self._engine.connect() as tx:
            tx.execute(text("SELECT 1"))
            return MigrationContext.configure(tx).get_current_revision() == head

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @property
    def engine(self) -> Engine:
        """The engine, for migrations and tests."""
        return self._engine


def _alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("path_separator", "os")
    return config


def _prepare_connection(connection: Any, _: object) -> None:  # noqa: ANN401 - the driver's own connection
    # The driver must not begin transactions by itself: _begin does, in the right mode.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={_BUSY_MILLISECONDS}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(tx: Connection) -> None:
    writes = tx.get_execution_options().get("writes", False)
    tx.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
