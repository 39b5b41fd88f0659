"""Inserts that mind what is there already, on both databases."""

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

from service.store.database import Tx


def add_unless_there(tx: Tx, table: Table, row: Mapping[str, object]) -> int | None:
    """Add a row and return its ``row_id``; None where a unique key of it is taken, and nothing is changed.

    On PostgreSQL it waits for whoever is adding the same.
    """
    found: int | None = tx.execute(_adding(tx.dialect.name, table), row).scalar()
    return found


def put_rows(
    tx: Tx,
    table: Table,
    rows: Sequence[Mapping[str, object]],
    *,
    key: Collection[str],
    changes: Collection[str],
) -> None:
    """Add rows, and bring those whose key is there already in line: these columns change, no others."""
    if rows:
        tx.execute(_putting(tx.dialect.name, table, tuple(key), tuple(changes)), rows)


def _insert(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


# Built once for each table: they are asked for with every response.
@cache
def _adding(dialect: str, table: Table) -> ReturningInsert[Any]:
    return _insert(dialect, table).on_conflict_do_nothing().returning(table.c.row_id)


@cache
def _putting(
    dialect: str, table: Table, key: tuple[str, ...], changes: tuple[str, ...]
) -> sqlite.Insert | postgresql.Insert:
    new = _insert(dialect, table)
    set_ = {name: new.excluded[name] for name in changes}
    return new.on_conflict_do_update(index_elements=list(key), set_=set_)
