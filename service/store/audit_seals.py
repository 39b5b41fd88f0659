"""The hash chain of a clinic's audit: rows not sealed yet, the seals, and what checking them needs.

A seal's hash is SHA-256 over its number, its moment, the hash of the seal before and that of its rows; a row
counts with every column, as JSON. So nothing can be changed, removed, put in or moved without breaking it.
Its *form* says which columns there were when it was made, so that what was sealed before goes on verifying.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, exists, false, func, insert, or_, select

from fhir_mappings import json_text
from service.store.audit_tables import audit_purges, audit_sealed, audit_seals
from service.store.database import Tx, lock_name
from service.store.tables import audit_rows

FIRST_FORM, FORM = 1, 2
# CAUTION: what a form covers never changes. A new column of audit_rows needs a new form, which adds it here.
_ADDED: Mapping[int, tuple[str, ...]] = MappingProxyType({2: ("person", "reason")})


def columns_of(form: int) -> tuple[str, ...]:
    """Return the columns of a row that a seal of this form covers, in the order in which they are hashed."""
    later = {name for since, names in _ADDED.items() if since > form for name in names}
    return tuple(sorted(set(audit_rows.c.keys()) - later))


_ROWS = MappingProxyType(
    {form: select(*(audit_rows.c[name] for name in columns_of(form))) for form in (FIRST_FORM, FORM)}
)


@dataclass(frozen=True, slots=True)
class Seal:
    """One link of a clinic's chain; ``previous`` is '' for the first."""

    clinic: str
    number: int
    first_row: int
    last_row: int
    count: int
    sealed_at: str
    previous: str
    rows_hash: str
    hash: str
    form: int = FORM

    @property
    def true_hash(self) -> str:
        """The hash that follows from all else that the seal says."""
        left_out = {"hash", "form"} if self.form == FIRST_FORM else {"hash"}
        said = [getattr(self, one.name) for one in fields(self) if one.name not in left_out]
        return hashlib.sha256(json_text.dumps(said)).hexdigest()


@dataclass(frozen=True, slots=True)
class Purge:
    """The rows of the seals up to ``through_seal`` were removed: so many, when."""

    through_seal: int
    hash: str
    count: int
    purged_at: str


_SEALS = select(*(audit_seals.c[one.name] for one in fields(Seal)))


def clinics_audited(tx: Tx) -> list[str]:
    """Return every clinic that has rows or seals."""
    kept = select(audit_rows.c.clinic).union(select(audit_seals.c.clinic))
    return sorted(tx.execute(kept).scalars())


def unsealed_rows(tx: Tx, clinic: str, since: str, limit: int) -> list[Row[Any]]:
    """Return the oldest rows from an instant on that no seal covers, in the order of their numbers."""
    rows = _ROWS[FORM].where(audit_rows.c.clinic == clinic, audit_rows.c.at >= since, ~_is_sealed())
    oldest = tx.execute(rows.order_by(audit_rows.c.at, audit_rows.c.row_id).limit(limit))
    return sorted(oldest, key=lambda row: row.row_id)


def count_unsealed(tx: Tx, clinic: str, before: str) -> int:
    """Return how many rows recorded before an instant no seal covers."""
    rows = select(func.count()).where(audit_rows.c.clinic == clinic, audit_rows.c.at < before, ~_is_sealed())
    return tx.execute(rows).scalar_one()


def count_left(tx: Tx, before: Seal, after: Seal, since: str, until: str) -> int:
    """Return how many rows of a span of time stand between two seals, by their numbers, under no seal."""
    rows = select(func.count()).where(
        audit_rows.c.clinic == before.clinic,
        audit_rows.c.row_id > before.last_row,
        audit_rows.c.row_id < after.last_row,
        audit_rows.c.at >= since,
        audit_rows.c.at < until,
        ~_is_sealed(),
    )
    return tx.execute(rows).scalar_one()


def newest_moment(tx: Tx, seal: Seal) -> str:
    """Return the moment of the newest row that a seal covers; '' where they were removed."""
    return tx.execute(select(func.max(audit_rows.c.at)).where(_is_covered(seal))).scalar() or ""


def make_seal(clinic: str, rows: Sequence[Row[Any]], last: Seal | None, now: str) -> Seal:
    """Return the seal of these rows, which follows the last one."""
    numbers = [row.row_id for row in rows]
    seal = Seal(
        clinic=clinic,
        number=last.number + 1 if last else 1,
        first_row=numbers[0],
        last_row=numbers[-1],
        count=len(rows),
        sealed_at=now,
        previous=last.hash if last else "",
        rows_hash=hash_rows(rows),
        hash="",
    )
    return replace(seal, hash=seal.true_hash)


def hash_rows(rows: Sequence[Row[Any]]) -> str:
    """Return the hash of rows in their order, each with every column, by name."""
    found = hashlib.sha256()
    for row in rows:
        found.update(json_text.dumps(list(row)) + b"\n")
    return found.hexdigest()


def add_seal(tx: Tx, seal: Seal, rows: Sequence[int]) -> bool:
    """Add a seal over the rows with these numbers, unless another process sealed meanwhile; tell which."""
    lock_name(tx, f"audit seals of {seal.clinic}")
    last = last_seal(tx, seal.clinic)
    if (last.hash if last else "") != seal.previous:
        return False
    tx.execute(insert(audit_seals), {one.name: getattr(seal, one.name) for one in fields(seal)})
    covered = [{"audit_row": row, "clinic": seal.clinic, "seal": seal.number} for row in rows]
    tx.execute(insert(audit_sealed), covered)
    return True


def last_seal(tx: Tx, clinic: str) -> Seal | None:
    """Return the head of a clinic's chain, None before the first seal."""
    seals = _SEALS.where(audit_seals.c.clinic == clinic).order_by(audit_seals.c.number.desc())
    row = tx.execute(seals.limit(1)).first()
    return Seal(*row) if row else None


def all_seals(tx: Tx, clinic: str) -> Iterator[Seal]:
    """Yield a clinic's seals in the order of the chain."""
    seals = _SEALS.where(audit_seals.c.clinic == clinic).order_by(audit_seals.c.number)
    return (Seal(*row) for row in tx.execute(seals))


def rows_of_seal(tx: Tx, seal: Seal) -> list[Row[Any]]:
    """Return the rows that a seal covers, with the columns of its form, in the order of their numbers."""
    rows = _ROWS[seal.form].where(_is_covered(seal))
    return list(tx.execute(rows.order_by(audit_rows.c.row_id)))


def count_beyond(tx: Tx, seal: Seal) -> int:
    """Return how many rows of a seal say something in a column that its form does not cover."""
    beyond = [
        audit_rows.c[name] != "" for form, names in _ADDED.items() if form > seal.form for name in names
    ]
    rows = select(func.count()).select_from(audit_rows).where(_is_covered(seal), or_(false(), *beyond))
    return tx.execute(rows).scalar_one()


def _is_covered(seal: Seal) -> ColumnElement[bool]:
    covered = select(audit_sealed.c.audit_row).where(
        audit_sealed.c.clinic == seal.clinic, audit_sealed.c.seal == seal.number
    )
    return and_(audit_rows.c.clinic == seal.clinic, audit_rows.c.row_id.in_(covered))


def newest_covered(tx: Tx, clinic: str) -> int:
    """Return the highest number of a seal that some row is said to be covered by, 0 for none."""
    covered = select(func.max(audit_sealed.c.seal)).where(audit_sealed.c.clinic == clinic)
    return tx.execute(covered).scalar() or 0


def last_purge(tx: Tx, clinic: str) -> Purge | None:
    """Return the purge that reached furthest, None where nothing was ever removed."""
    purges = select(*(audit_purges.c[one.name] for one in fields(Purge)))
    purges = purges.where(audit_purges.c.clinic == clinic).order_by(audit_purges.c.through_seal.desc())
    row = tx.execute(purges.limit(1)).first()
    return Purge(*row) if row else None


def last_seal_before(tx: Tx, clinic: str, instant: str) -> Seal | None:
    """Return the newest seal made before an instant: every row of it and of those before is older."""
    seals = _SEALS.where(audit_seals.c.clinic == clinic, audit_seals.c.sealed_at < instant)
    row = tx.execute(seals.order_by(audit_seals.c.number.desc()).limit(1)).first()
    return Seal(*row) if row else None


def purge_through(tx: Tx, seal: Seal, now: str) -> int:
    """Remove the rows of all seals up to this one and return how many; a row that stays says so."""
    count = count_through(tx, seal)
    values = {"clinic": seal.clinic, "through_seal": seal.number, "hash": seal.hash, "count": count}
    tx.execute(insert(audit_purges), values | {"purged_at": now})
    tx.execute(delete(audit_rows).where(_is_through(seal)))
    return count


def count_through(tx: Tx, seal: Seal) -> int:
    """Return how many rows are there of all seals up to this one."""
    return tx.execute(select(func.count()).select_from(audit_rows).where(_is_through(seal))).scalar_one()


def _is_through(seal: Seal) -> ColumnElement[bool]:
    covered = select(audit_sealed.c.audit_row).where(
        audit_sealed.c.clinic == seal.clinic, audit_sealed.c.seal <= seal.number
    )
    return and_(audit_rows.c.clinic == seal.clinic, audit_rows.c.row_id.in_(covered))


def _is_sealed() -> Any:  # noqa: ANN401 - SQLAlchemy's own expression
    return exists(select(audit_sealed.c.audit_row).where(audit_sealed.c.audit_row == audit_rows.c.row_id))
