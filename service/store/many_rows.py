"""Many rows of one table at once. What SQLAlchemy works out for each row is worked out once for all.

It took half of the time of an import, a row of which becomes eight here.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Boolean, Dialect, LargeBinary, Table, insert

from service.store.database import Tx

Row = tuple[object, ...]
Convert = Callable[[Any], object]
_AS_THEY_ARE = (Boolean, LargeBinary)


@dataclass(frozen=True, slots=True)
class _Insert:
    """A statement that takes a row's values by place or by name, and which of them the driver cannot take."""

    sql: str
    by_place: bool
    converts: tuple[tuple[int, Convert], ...]


def add_rows(tx: Tx, table: Table, columns: tuple[str, ...], rows: Iterable[Row]) -> None:
    """Add rows that hold the values of these columns, named in the table's order; others get defaults."""
    how = _insert(tx.dialect, table, columns)
    given = [_converted(row, how) for row in rows]
    if not given:
        return
    if how.by_place:
        tx.exec_driver_sql(how.sql, given)
    else:
        tx.exec_driver_sql(how.sql, [dict(zip(columns, row, strict=True)) for row in given])


def _converted(row: Row, how: _Insert) -> Row:
    values: list[object] | None = None
    for place, convert in how.converts:
        if row[place] is not None:
            values = values or list(row)
            values[place] = convert(row[place])
    return tuple(values) if values else row


@cache
def _insert(dialect: Dialect, table: Table, columns: tuple[str, ...]) -> _Insert:
    compiled = insert(table).compile(dialect=dialect, column_keys=list(columns))
    places = compiled.positiontup
    if places is not None and tuple(places) != columns:
        raise LookupError("the columns must be named in the table's order")
    kinds = [table.c[name].type for name in columns]
    converts = [(at, kind.dialect_impl(dialect).bind_processor(dialect)) for at, kind in enumerate(kinds)]
    # Yes and no, and bytes, are taken by both drivers as they are.
    needed = tuple((at, one) for at, one in converts if one and not isinstance(kinds[at], _AS_THEY_ARE))
    return _Insert(str(compiled), places is not None, needed)
