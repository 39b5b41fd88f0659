"""Empty databases at the newest revision: a SQLite file, or a database on ``TEST_DATABASE_URL``'s server.

``TEST_DATABASE_URL`` names a PostgreSQL server by a user who may do everything there:
``postgresql://postgres@/postgres?host=/tmp/socket``. The databases belong to a role of ours that is no
superuser, so that row-level security holds in every test. Migrating takes longer than most tests, and making
a database longer than many: each is a copy, and what a test has forgotten is emptied for the next one.
"""

import gc
import os
import re
import weakref
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import psycopg
import pytest
from psycopg.errors import DuplicateObject, UniqueViolation
from sqlalchemy.engine import Connection, make_url

from service.store.database import Database

SERVER = os.environ.get("TEST_DATABASE_URL", "")
OWNER = "alliance_tests"

sqlite_only = pytest.mark.skipif(bool(SERVER), reason="it is about SQLite itself")
postgres_only = pytest.mark.skipif(not SERVER, reason="it is about PostgreSQL itself (TEST_DATABASE_URL)")

_COLUMNS = """
SELECT t.name, c.name, c.type FROM sqlite_master t JOIN pragma_table_info(t.name) c
WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' AND t.name <> 'alembic_version'
"""
_LENGTHS = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%_lengths'"
_LIMITED = re.compile(r"VARCHAR\((\d+)\)")
# More than a test has at a time: then what is forgotten, but stands in a circle of references, is looked for.
_MOST_IN_USE = 12
_in_use: dict[str, "weakref.ref[_InUse]"] = {}
# What a thread of its test left open.
_END_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_SCHEMA = """
SELECT md5(string_agg(told, ',' ORDER BY told)) FROM (
    SELECT format('%s.%s %s %s', c.relname, a.attname, a.atttypid, a.attnotnull) AS told
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0
    UNION ALL SELECT format('%s %s', tgname, tgenabled) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT version_num FROM alembic_version
) AS everything
"""
# As a replica it heeds neither foreign keys nor the triggers that keep the audit from being deleted.
_EMPTY = """
SET session_replication_role = replica;
DO $$
DECLARE
    name text;
    filled boolean;
BEGIN
    FOR name IN
        SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I)', name) INTO filled;
        IF filled THEN EXECUTE format('DELETE FROM %I', name); END IF;
    END LOOP;
    PERFORM setval(format('%I', sequencename)::regclass, 1, false)
    FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL;
END $$
"""


class _InUse:
    """Lives as long as a database or one of its views."""


def empty_database(folder: Path) -> Database:
    """Return a new database at the newest revision; a SQLite one is ``alliance.db`` in the folder."""
    if SERVER:
        return _opened(_emptied() or _copied(_template()))
    file = folder / "alliance.db"
    file.write_bytes(empty_file())
    return Database(f"sqlite:///{file}")


def copy_of(database: Database, folder: Path) -> Database:
    """Return a new database that holds what this one does; nothing may be under way there."""
    database.close()
    if SERVER:
        return _opened(_copied(str(make_url(database.url).database)))
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    file = folder / "copy.db"
    file.write_bytes(Path(str(make_url(database.url).database)).read_bytes())
    return Database(f"sqlite:///{file}")


def unmigrated_database(folder: Path) -> Database:
    """Return a new database without any table."""
    return _opened(_copied("template0")) if SERVER else Database(f"sqlite:///{folder / 'unmigrated.db'}")


@cache
def empty_file() -> bytes:
    """Return the bytes of an empty SQLite database at the newest revision."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "empty.db"
        database = Database(f"sqlite:///{file}")
        database.migrate()
        with database.engine.connect() as connection:
            for statement in _guards(connection):
                connection.exec_driver_sql(statement)
            connection.commit()
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()
        return file.read_bytes()


def unguard(tx: Connection) -> None:
    """Let a table be changed that SQLite watches so: it drops no column that a trigger names."""
    if not SERVER:
        for (name,) in tx.exec_driver_sql(_LENGTHS).all():
            tx.exec_driver_sql(f"DROP TRIGGER {name}")


def _guards(connection: Connection) -> list[str]:
    """Return what lets SQLite refuse a text that is longer than its column, as PostgreSQL does."""
    limits: dict[str, list[str]] = {}
    for table, column, kind in connection.exec_driver_sql(_COLUMNS).all():
        limit = _LIMITED.fullmatch(kind)
        if limit:
            limits.setdefault(table, []).append(f'length(NEW."{column}") > {limit[1]}')
    return [
        f"CREATE TRIGGER {table}_{event}_lengths BEFORE {event} ON {table} WHEN {' OR '.join(too_long)}"
        f" BEGIN SELECT RAISE(ABORT, 'a text is longer than its column of {table}'); END"
        for table, too_long in limits.items()
        for event in ("INSERT", "UPDATE")
    ]


@cache
def _owner() -> str:
    with suppress(DuplicateObject, UniqueViolation):  # another process of this run was first
        _on_admin(f"CREATE ROLE {OWNER} LOGIN PASSWORD '{OWNER}'")
    return OWNER


@cache
def _template() -> str:
    name = _copied("template0")
    database = Database(_url_of(name))
    database.migrate()
    database.close()
    return name


@cache
def _schema() -> str:
    with psycopg.connect(_admin_url(_template()), autocommit=True) as connection:
        return _schema_in(connection)


def _opened(name: str) -> Database:
    database = Database(_url_of(name))
    # A view of it is a copy, and so has this too; the engine has not.
    database.in_use = _InUse()
    weakref.finalize(database.in_use, database.engine.dispose)
    _in_use[name] = weakref.ref(database.in_use)
    return database


def _copied(template: str) -> str:
    name = f"test_{uuid4().hex}"
    _on_admin(f"CREATE DATABASE {name} TEMPLATE {template} OWNER {_owner()} STRATEGY file_copy")
    return name


def _emptied() -> str | None:
    """Return the name of a database that its test forgot, emptied; None where there is none."""
    if len(_in_use) > _MOST_IN_USE:
        gc.collect()
    for name in [name for name, user in _in_use.items() if user() is None]:
        del _in_use[name]
        if _empty(name):
            return name
        _on_admin(f"DROP DATABASE {name} WITH (FORCE)")
    return None


def _empty(name: str) -> bool:
    """Take every row out of a database; False where its test changed more than rows."""
    with psycopg.connect(_admin_url(name), autocommit=True) as connection:
        connection.execute(_END_OTHERS)
        if _schema_in(connection) != _schema():
            return False
        connection.execute(_EMPTY)
    return True


def _schema_in(connection: psycopg.Connection) -> str:
    try:
        ((told,),) = connection.execute(_SCHEMA)
    except psycopg.errors.UndefinedTable:  # it was never migrated
        return ""
    return str(told)


def _url_of(name: str) -> str:
    url = make_url(SERVER).set(database=name, username=OWNER, password=OWNER)
    return url.render_as_string(hide_password=False)


def _admin_url(name: str) -> str:
    return make_url(SERVER).set(database=name).render_as_string(hide_password=False)


def _on_admin(statement: str) -> None:
    with psycopg.connect(SERVER, autocommit=True) as connection:
        connection.execute(statement)
