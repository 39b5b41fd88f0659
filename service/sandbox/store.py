"""The resources in one SQLite database: every version as text, and what a search looks at."""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from service.sandbox.search_parameters import Term

_SCHEMA = """
CREATE TABLE IF NOT EXISTS versions (
  type TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, updated_at TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (type, id, version)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS resources (
  sequence INTEGER PRIMARY KEY, type TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
  updated_at TEXT NOT NULL, UNIQUE (type, id));
CREATE INDEX IF NOT EXISTS resources_by_time ON resources (type, updated_at);
CREATE TABLE IF NOT EXISTS terms (
  sequence INTEGER NOT NULL REFERENCES resources, parameter TEXT NOT NULL, scope TEXT NOT NULL,
  value TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS terms_by_value ON terms (parameter, value, sequence);
CREATE INDEX IF NOT EXISTS terms_by_resource ON terms (sequence);
"""
_SELECT = (
    "SELECT v.type, v.id, v.version, v.updated_at, v.body FROM resources r "
    "JOIN versions v ON v.type = r.type AND v.id = r.id AND v.version = r.version "
)


@dataclass(frozen=True, slots=True)
class Stored:
    """One version of one resource; ``body`` is the JSON text that a read answers."""

    type: str
    id: str
    version: int
    updated_at: str
    body: str


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on ``r`` (the table ``resources``) in SQL, with the values of its question marks."""

    sql: str
    values: tuple[str, ...] = ()


class Rows:
    """Reads and writes inside one database transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def read(self, resource_type: str, resource_id: str, version: int | None = None) -> Stored | None:
        """Return the current version, or the one asked for; None where there is none."""
        if version is None:
            row = self._connection.execute(
                _SELECT + "WHERE r.type = ? AND r.id = ?", (resource_type, resource_id)
            ).fetchone()
        else:
            row = self._connection.execute(
                "SELECT type, id, version, updated_at, body FROM versions "
                "WHERE type = ? AND id = ? AND version = ?",
                (resource_type, resource_id, version),
            ).fetchone()
        return Stored(*row) if row else None

    def write(self, stored: Stored, terms: Sequence[Term]) -> None:
        """Keep one more version, which becomes the current one; the terms replace the former ones."""
        run = self._connection.execute
        run("INSERT INTO versions VALUES (?, ?, ?, ?, ?)", _columns(stored))
        (sequence,) = run(
            "INSERT INTO resources (type, id, version, updated_at) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (type, id) DO UPDATE "
            "SET version = excluded.version, updated_at = excluded.updated_at "
            "RETURNING sequence",
            _columns(stored)[:4],
        ).fetchone()
        run("DELETE FROM terms WHERE sequence = ?", (sequence,))
        self._connection.executemany(
            "INSERT INTO terms VALUES (?, ?, ?, ?)",
            [(sequence, term.parameter, term.scope, term.value) for term in terms],
        )

    def find(
        self, conditions: Sequence[Condition], *, newest_first: bool = False, limit: int = -1, offset: int = 0
    ) -> list[Stored]:
        """Return the current versions that meet all conditions, in the order of their first arrival."""
        order = "r.updated_at DESC, r.sequence DESC" if newest_first else "r.sequence"
        rows = self._connection.execute(
            f"{_SELECT} WHERE {_all_of(conditions)} ORDER BY {order} LIMIT ? OFFSET ?",
            (*_values(conditions), limit, offset),
        )
        return [Stored(*row) for row in rows]

    def count(self, conditions: Sequence[Condition]) -> int:
        """Return how many resources meet all conditions."""
        sql = f"SELECT count(*) FROM resources r WHERE {_all_of(conditions)}"  # noqa: S608 - our own conditions
        (found,) = self._connection.execute(sql, _values(conditions)).fetchone()
        return int(found)

    def counts_by_type(self) -> dict[str, int]:
        """Return how many resources of each stored type there are, by type in alphabetical order."""
        return dict(
            self._connection.execute("SELECT type, count(*) FROM resources GROUP BY type ORDER BY type")
        )


class Store:
    """One database, used by one thread at a time: a sandbox may be slow, but never inconsistent."""

    def __init__(self, database_path: str) -> None:
        self._connection = sqlite3.connect(database_path, check_same_thread=False, isolation_level=None)
        self._lock = threading.Lock()
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(_SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[Rows]:
        """Give access to the rows; all is kept when the block ends, nothing when it raises."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield Rows(self._connection)
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def close(self) -> None:
        """Close the database; it cannot be used afterwards."""
        with self._lock:
            self._connection.close()


def _columns(stored: Stored) -> tuple[str | int, ...]:
    return stored.type, stored.id, stored.version, stored.updated_at, stored.body


def _all_of(conditions: Sequence[Condition]) -> str:
    return " AND ".join(f"({condition.sql})" for condition in conditions) or "TRUE"


def _values(conditions: Sequence[Condition]) -> tuple[str, ...]:
    return tuple(value for condition in conditions for value in condition.values)
