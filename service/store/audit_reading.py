"""Rows of the audit as they are read again, with the patient's reference in place of the alias' row."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from sqlalchemy import String, case, cast, func, literal, select

from service.store.database import Tx
from service.store.tables import audit_rows, patient_aliases

# Of a row's number, which is an integer of 32 bits.
_MOST_DIGITS = 9


@dataclass(frozen=True, slots=True)
class KeptRow:
    """One row of the audit. ``patient``: the reference; None where it is about nobody, '' if erased since."""

    row_id: int
    id: str
    clinic: str
    at: str
    action: str
    route: str
    caller: str
    status: int
    subject: str
    request_id: str
    interaction: str
    resource: str
    address: str
    query: str
    count: int
    person: str
    reason: str
    patient: str | None


# What the release before wrote has no id.
_OWN_ID = literal("row-") + cast(audit_rows.c.row_id, String)
_KEPT = select(
    *(audit_rows.c[one.name] for one in fields(KeptRow) if one.name not in {"id", "patient"}),
    case((audit_rows.c.id == "", _OWN_ID), else_=audit_rows.c.id).label("id"),
    case((audit_rows.c.patient_row.is_(None), None), else_=func.coalesce(patient_aliases.c.value, "")).label(
        "patient"
    ),
).outerjoin(
    patient_aliases,
    (patient_aliases.c.row_id == audit_rows.c.patient_row)
    & (patient_aliases.c.clinic == audit_rows.c.clinic),
)


def audit_rows_by_row(tx: Tx, clinic: str, rows: Sequence[int]) -> dict[int, KeptRow]:
    """Return rows of the audit by their number."""
    found = tx.execute(_KEPT.where(audit_rows.c.clinic == clinic, audit_rows.c.row_id.in_(rows)))
    return {row.row_id: KeptRow(**row._mapping) for row in found}  # noqa: SLF001 - SQLAlchemy's public name


def find_audit_row(tx: Tx, clinic: str, event_id: str) -> KeptRow | None:
    """Return one row of the audit by the id that callers know, or None."""
    named = audit_rows.c.id == event_id
    number = event_id.removeprefix("row-")
    if number != event_id and number.isdecimal() and len(number) <= _MOST_DIGITS:
        named = named | ((audit_rows.c.id == "") & (audit_rows.c.row_id == int(number)))
    row = tx.execute(_KEPT.where(audit_rows.c.clinic == clinic, named)).first()
    return KeptRow(**row._mapping) if row else None  # noqa: SLF001 - SQLAlchemy's public name
