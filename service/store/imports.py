"""Imports: how far each came, what it refused, and which dyads it left to be judged."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from functools import cache

from sqlalchemy import String, Update, bindparam, delete, func, insert, select, true, update
from sqlalchemy.dialects import postgresql, sqlite

from service.store.database import Tx
from service.store.import_tables import import_refusals, imports, unjudged_dyads
from service.store.listed import as_list, is_listed, listed_values
from service.store.tables import dyads

RECORDING, JUDGING, DONE = "recording", "judging", "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One import. ``line`` is the last line that is settled, ``digest`` that of the file up to there.

    ``recorded``, ``unchanged`` and ``refused`` count its rows so far; of a dry run, what would be.
    ``deliveries`` is how many it queued for the EHR.
    """

    clinic: str
    id: str
    state: str
    dry_run: bool
    queue_deliveries: bool
    caller: str
    line: int
    digest: str
    recorded: int
    unchanged: int
    refused: int
    deliveries: int
    started_at: str
    updated_at: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """One fault of one refused row: its line, the column ('' for the row as a whole), and why."""

    line: int
    at: str
    reason: str
    message: str


_COLUMNS = tuple(imports.c[one.name] for one in fields(Import))
_REFUSAL = tuple(import_refusals.c[one.name] for one in fields(Refusal))
# What changes whenever an import moves on.
_MOVES = ("state", "line", "digest", "updated_at")
_SHORT = 50


def add_import(tx: Tx, row: Import) -> None:
    """Keep a new import."""
    tx.execute(insert(imports), {one.name: getattr(row, one.name) for one in fields(row)})


def keep_progress(tx: Tx, before: Import, row: Import, refusals: Sequence[Refusal]) -> bool:
    """Keep how far an import came, and what it refused since it was last kept.

    Keeps nothing and returns False where it is not as it was ``before``: somebody else goes on with it.
    """
    values = {one.name: getattr(row, one.name) for one in fields(row) if one.name not in ("clinic", "id")}
    is_as_before = [imports.c[name] == getattr(before, name) for name in ("clinic", "id", *_MOVES)]
    if tx.execute(update(imports).where(*is_as_before).values(**values)).rowcount == 0:
        return False
    if refusals:
        told = [{name: getattr(one, name) for name in one.__slots__} for one in refusals]
        tx.execute(
            insert(import_refusals), [{"clinic": row.clinic, "import_id": row.id} | one for one in told]
        )
    return True


def find_import(tx: Tx, clinic: str, import_id: str) -> Import | None:
    """Return an import, or None."""
    found = tx.execute(select(*_COLUMNS).where(imports.c.clinic == clinic, imports.c.id == import_id)).first()
    return Import(**found._mapping) if found else None  # noqa: SLF001 - SQLAlchemy's public name


def newest_imports(tx: Tx, clinic: str, limit: int = _SHORT) -> list[Import]:
    """Return the latest imports, the newest first."""
    rows = tx.execute(
        select(*_COLUMNS).where(imports.c.clinic == clinic).order_by(imports.c.row_id.desc()).limit(limit)
    )
    return [Import(**row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's public name


def refusals_of(
    tx: Tx, clinic: str, import_id: str, *, after: int = 0, limit: int
) -> list[tuple[int, Refusal]]:
    """Return what an import refused, in the order of the file, each with its place in the list.

    ``after`` is such a place: what stands behind it.
    """
    table = import_refusals.c
    rows = tx.execute(
        select(table.row_id, *_REFUSAL)
        .where(table.clinic == clinic, table.import_id == import_id, table.row_id > after)
        .order_by(table.row_id)
        .limit(limit)
    )
    return [(row[0], Refusal(*row[1:])) for row in rows]


def leave_unjudged(tx: Tx, clinic: str, dyad_rows: Collection[int]) -> None:
    """Keep that dyads are to be judged whole, and forget what was kept for judging their next rating."""
    if dyad_rows:
        given = {"clinic": clinic, "listed": as_list(dyad_rows)}
        tx.execute(_leaving(tx.dialect.name), given)
        tx.execute(_forgetting(tx.dialect.name), {"listed": given["listed"]})


@cache
def _leaving(dialect: str) -> sqlite.Insert | postgresql.Insert:
    columns, row = unjudged_dyads.c, listed_values(dialect, unjudged_dyads.c.dyad_row)
    # CAUTION: "WHERE true", else SQLite takes ON CONFLICT for a join's ON.
    left = select(bindparam("clinic", type_=String), row).where(true())
    names = [columns.clinic.name, columns.dyad_row.name]
    if dialect == "postgresql":
        new = postgresql.insert(unjudged_dyads).from_select(names, left)
        # A row that is there is locked: else whoever judges now could delete it, and this rating were unseen.
        return new.on_conflict_do_update(index_elements=names, set_={"clinic": new.excluded.clinic})
    return sqlite.insert(unjudged_dyads).from_select(names, left).on_conflict_do_nothing()


@cache
def _forgetting(dialect: str) -> Update:
    was_judged = is_listed(dialect, dyads.c.row_id) & dyads.c.judged.is_not(None)
    return update(dyads).where(was_judged).values(judged=None)


def unjudged(tx: Tx, clinic: str, limit: int) -> list[int]:
    """Return the rows of dyads that are to be judged, in their order."""
    found = select(unjudged_dyads.c.dyad_row).where(unjudged_dyads.c.clinic == clinic)
    return list(tx.execute(found.order_by(unjudged_dyads.c.dyad_row).limit(limit)).scalars())


def count_unjudged(tx: Tx, clinic: str) -> int:
    """Return how many dyads are to be judged."""
    found = select(func.count()).select_from(unjudged_dyads).where(unjudged_dyads.c.clinic == clinic)
    return tx.execute(found).scalar_one()


def is_importing(tx: Tx, clinic: str, since: str) -> bool:
    """Tell whether an import that is not done has moved on since an instant."""
    moves = select(imports.c.row_id).where(
        imports.c.clinic == clinic, imports.c.state != DONE, imports.c.updated_at >= since
    )
    return tx.execute(moves.limit(1)).first() is not None


def settle_judged(tx: Tx, clinic: str, dyad_rows: Collection[int]) -> None:
    """Keep that dyads were judged."""
    of_clinic = unjudged_dyads.c.clinic == clinic
    tx.execute(delete(unjudged_dyads).where(of_clinic, unjudged_dyads.c.dyad_row.in_(dyad_rows)))
