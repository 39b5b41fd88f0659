"""What tables are made of: the metadata, the columns that every table has, and the types of our values."""

from decimal import Decimal

from sqlalchemy import (
    Column,
    ColumnElement,
    Dialect,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    TypeDecorator,
    func,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    },
)


class DecimalText(TypeDecorator[Decimal]):
    """A decimal kept as text, digit for digit."""

    impl = String(32)
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Return the decimal's digits, never in exponent form."""
        return None if value is None else format(value, "f")

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:  # noqa: ARG002
        """Return the decimal with the digits it was stored with."""
        return None if value is None else Decimal(value)


def row_id() -> Column[int]:
    """Return the key of a table: the order of arrival."""
    return Column("row_id", Integer, primary_key=True, autoincrement=True)


def clinic() -> Column[str]:
    """Return the column that says whose the row is."""
    return Column("clinic", String(64), nullable=False)


def instant(name: str, *, nullable: bool = False) -> Column[str]:
    """Return a column for a moment, as UTC text of fixed width."""
    return Column(name, String(27), nullable=nullable)


def believed() -> tuple[Column[str], Column[str]]:
    """Return from when until when the row was what we believed; the current row has no end."""
    return instant("believed_from"), instant("believed_until", nullable=True)


def believed_by(table: Table) -> ColumnElement[str]:
    """Return from when rows were believed, for a limit that nearly all of them keep.

    CAUTION: a bare ``believed_from <= …`` makes SQLite, which keeps no statistics here, take the index of
    that column in place of the patient's, and read all that the clinic holds (2.4 s of a million responses).
    """
    return func.coalesce(table.c.believed_from, "")


CURRENT = "believed_until IS NULL"


def index_where(condition: str, name: str, *columns: str, unique: bool = False) -> Index:
    """Return an index over the rows that fulfil the condition, on every database."""
    rows = text(condition)
    return Index(name, *columns, unique=unique, sqlite_where=rows, postgresql_where=rows)
