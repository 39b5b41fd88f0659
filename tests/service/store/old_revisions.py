"""Databases as earlier releases left them: a course of ratings in the tables and columns of that revision."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, insert, inspect, select, text

import service.store
from service.store.columns import metadata
from service.store.database import Database
from tests.databases import unmigrated_database
from tests.service.flows.delivering import a_bench
from tests.service.flows.one_patient import rate

PATIENT = "Patient/anna"
Rows = dict[str, list[dict[str, object]]]
_MIGRATIONS = Path(service.store.__path__[0]) / "migrations"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("path_separator", "os")
    return config


def earlier_revisions() -> list[str]:
    """Return every revision before the newest, the first one first."""
    script = ScriptDirectory.from_config(_config())
    head = script.get_current_head()
    return [one.revision for one in reversed(list(script.walk_revisions())) if one.revision != head]


def a_course(folder: Path) -> Rows:
    """Return the rows of every table after a course with an alert, all in the EHR but the last rating."""
    with a_bench(folder) as bench:
        rate(bench, PATIENT, (*[(n, "37.0") for n in range(1, 7)], (7, "22.0")))
        bench.deliver_all()
        rate(bench, PATIENT, ((8, "36.0"),))
        with bench.deployment.database.read() as tx:
            tables = metadata.sorted_tables
            return {one.name: [dict(row) for row in tx.execute(select(one)).mappings()] for one in tables}


@contextmanager
def database_of(folder: Path, revision: str, rows: Rows) -> Iterator[tuple[Database, dict[str, int]]]:
    """Give a database at a revision with what it can hold of these rows, and how many each table has."""
    database = unmigrated_database(folder)
    with database.engine.begin() as tx:
        config = _config()
        config.attributes["connection"] = tx
        command.upgrade(config, revision)
        there = inspect(tx)
        counts = {}
        for table in metadata.sorted_tables:
            if table.name in there.get_table_names() and rows[table.name]:
                columns = {column["name"] for column in there.get_columns(table.name)}
                known = [{name: row[name] for name in row if name in columns} for row in rows[table.name]]
                tx.execute(insert(table), known)
                counts[table.name] = len(known)
                _go_on_counting(tx, table.name)
    yield database, counts
    database.close()


def counted(database: Database, names: list[str]) -> dict[str, int]:
    with database.read() as tx:
        return {
            name: tx.execute(select(func.count()).select_from(metadata.tables[name])).scalar_one()
            for name in names
        }


def _go_on_counting(tx: Connection, table: str) -> None:
    """Let PostgreSQL number new rows behind these, as it would had it made them."""
    if tx.dialect.name == "postgresql":
        sequence = f"pg_get_serial_sequence('{table}', 'row_id')"
        tx.execute(text(f"SELECT setval({sequence}, max(row_id)) FROM {table}"))  # noqa: S608 - our own name
