"""Empty databases at the newest revision: a SQLite file, or a database on ``TEST_DATABASE_URL``'s server.

Migrating takes longer than most tests, so each is a copy. ``TEST_DATABASE_URL`` names a PostgreSQL server
without a database of ours: ``postgresql:///postgres?host=/tmp/socket``.
"""

import os
import weakref
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from service.store.database import Database

SERVER = os.environ.get("TEST_DATABASE_URL", "")
# Whose database was forgotten by its test: dropped when the next one is made.
_made: list[tuple[str, "weakref.ref[Database]"]] = []

sqlite_only = pytest.mark.skipif(bool(SERVER), reason="it is about SQLite itself")


def empty_database(folder: Path) -> Database:
    """Return a new database at the newest revision; a SQLite one is ``alliance.db`` in the folder."""
    if SERVER:
        return _on_server(_template())
    file = folder / "alliance.db"
    file.write_bytes(empty_file())
    return Database(f"sqlite:///{file}")


def copy_of(database: Database, folder: Path) -> Database:
    """Return a new database that holds what this one does; nothing may be under way there."""
    database.close()
    if SERVER:
        return _on_server(str(make_url(database.url).database))
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    file = folder / "copy.db"
    file.write_bytes(Path(str(make_url(database.url).database)).read_bytes())
    return Database(f"sqlite:///{file}")


def unmigrated_database(folder: Path) -> Database:
    """Return a new database without any table."""
    return _on_server("template1") if SERVER else Database(f"sqlite:///{folder / 'unmigrated.db'}")


@cache
def empty_file() -> bytes:
    """Return the bytes of an empty SQLite database at the newest revision."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "empty.db"
        database = Database(f"sqlite:///{file}")
        database.migrate()
        with database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()
        return file.read_bytes()


@cache
def _template() -> str:
    name = f"template_{uuid4().hex}"
    _on_admin(f"CREATE DATABASE {name}")
    database = Database(_url_of(name))
    database.migrate()
    database.close()
    return name


def _on_server(template: str) -> Database:
    while _made and _made[0][1]() is None:
        _on_admin(f"DROP DATABASE {_made.pop(0)[0]} WITH (FORCE)")
    name = f"test_{uuid4().hex}"
    _on_admin(f"CREATE DATABASE {name} TEMPLATE {template}")
    database = Database(_url_of(name))
    _made.append((name, weakref.ref(database)))
    return database


def _url_of(name: str) -> str:
    return make_url(SERVER).set(database=name).render_as_string(hide_password=False)


def _on_admin(statement: str) -> None:
    url = make_url(SERVER).set(drivername="postgresql+psycopg")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
