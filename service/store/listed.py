"""One question about many values: they come as one JSON text, since one by one they cost more.

Such a question is built once for each database. One that held its values would be a ring of objects that
keeps them, large as they are, until Python searches for garbage.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Integer, String, TableValuedAlias, bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import JSONB

from fhir_mappings import json_text

_POSTGRESQL = "postgresql"
_LISTED = bindparam("listed", type_=String)


def is_listed(dialect: str, column: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return that a column has one of the values that come as ``listed``: see ``as_list``."""
    return column.in_(select(listed_values(dialect, column)))


def listed_values(dialect: str, column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the values that come as ``listed``, one a row, as a column of this one's type has them."""
    if dialect == _POSTGRESQL:
        each: TableValuedAlias = func.jsonb_array_elements_text(cast(_LISTED, JSONB)).table_valued("value")
    else:
        each = func.json_each(_LISTED).table_valued("value")
    return cast(each.c.value, column.type) if isinstance(column.type, Integer) else each.c.value


def as_list(values: Collection[str] | Collection[int]) -> str:
    """Return values as the parameter ``listed``."""
    return json_text.dumps(sorted(values)).decode()
