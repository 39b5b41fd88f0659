"""Attendance, in versions."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from sqlalchemy import ColumnElement, and_, func, insert, or_, select, update

from service.store.attendance_tables import attendance
from service.store.columns import believed_by
from service.store.database import Tx
from service.store.responses import IN_ERROR
from service.store.tables import patient_aliases

_NOT_COME = ("missed", "late-cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class AttendanceRow:
    """One version of what was recorded of one appointment. ``therapist`` is '' where unknown."""

    clinic: str
    id: str
    version: int
    status: str
    alias_row: int
    patient: str
    therapist: str
    session_date: str
    session_number: int | None
    encounter: str | None
    identifier_system: str
    identifier_value: str
    received_at: str
    believed_from: str
    believed_until: str | None = None
    row_id: int | None = None


_STORED = tuple(column.name for column in fields(AttendanceRow) if column.name != "row_id")


def insert_attendance(tx: Tx, row: AttendanceRow) -> None:
    """Store one version; the one before must be ended first."""
    tx.execute(insert(attendance), {name: getattr(row, name) for name in _STORED})


def end_attendance(tx: Tx, row: AttendanceRow, at: str) -> None:
    """End the belief in one version."""
    tx.execute(update(attendance).where(attendance.c.row_id == row.row_id).values(believed_until=at))


def find_attendance(tx: Tx, clinic: str, attendance_id: str) -> AttendanceRow | None:
    """Return the current version, or None."""
    found = _read(tx, clinic, attendance.c.id == attendance_id, attendance.c.believed_until.is_(None))
    return found[0] if found else None


def find_attendance_by_identifier(tx: Tx, clinic: str, system: str, value: str) -> AttendanceRow | None:
    """Return what carries this identifier in its current version, or None."""
    found = _read(
        tx,
        clinic,
        attendance.c.identifier_system == system,
        attendance.c.identifier_value == value,
        attendance.c.believed_until.is_(None),
    )
    return found[0] if found else None


def attendance_of_patient(
    tx: Tx, clinic: str, alias_rows: Sequence[int], *, as_of: str | None = None
) -> list[AttendanceRow]:
    """Return every appointment recorded under these aliases, by session date; none entered in error.

    ``as_of``: as it was believed at that instant.
    """
    counts = [attendance.c.alias_row.in_(alias_rows), attendance.c.status != IN_ERROR]
    current = attendance.c.believed_until.is_(None)
    if as_of is None:
        return _read(tx, clinic, *counts, current)
    then = current | (attendance.c.believed_until > as_of)
    return _read(tx, clinic, *counts, believed_by(attendance) <= as_of, then)


def count_missed_since(tx: Tx, clinic: str, alias_row: int, therapist: str, session_date: str) -> int:
    """Return how many appointments after a date the patient of an alias missed, or cancelled late.

    Only those with this therapist ('' where unknown).
    """
    key = select(patient_aliases.c.patient_key).where(patient_aliases.c.row_id == alias_row)
    own = select(patient_aliases.c.row_id).where(
        patient_aliases.c.clinic == clinic, patient_aliases.c.patient_key == key.scalar_subquery()
    )
    query = select(func.count()).where(
        attendance.c.clinic == clinic,
        attendance.c.alias_row.in_(own),
        attendance.c.therapist == therapist,
        attendance.c.status.in_(_NOT_COME),
        attendance.c.session_date > session_date,
        attendance.c.believed_until.is_(None),
    )
    return tx.execute(query).scalar_one()


def list_attendance(
    tx: Tx,
    clinic: str,
    alias_rows: Sequence[int],
    *,
    after: tuple[str, int] | None,
    limit: int,
    therapists: Sequence[str] | None = None,
) -> list[AttendanceRow]:
    """Return at most ``limit`` current appointments, those entered in error too, by session date.

    ``after`` is the place in the list: (session_date, row_id). ``therapists``: only theirs.
    """
    which: list[ColumnElement[bool]] = [
        attendance.c.alias_row.in_(alias_rows),
        attendance.c.believed_until.is_(None),
    ]
    if therapists is not None:
        which.append(attendance.c.therapist.in_(therapists))
    if after is not None:
        day, row = after
        same_day = and_(attendance.c.session_date == day, attendance.c.row_id > row)
        which.append(or_(attendance.c.session_date > day, same_day))
    return _read(tx, clinic, *which, limit=limit)


def _read(tx: Tx, clinic: str, *which: ColumnElement[bool], limit: int | None = None) -> list[AttendanceRow]:
    found = tx.execute(
        select(attendance)
        .where(attendance.c.clinic == clinic, *which)
        .order_by(attendance.c.session_date, attendance.c.row_id)
        .limit(limit)
    )
    return [AttendanceRow(**row) for row in found.mappings()]
