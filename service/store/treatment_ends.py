"""Ends of treatment: what was told of each dyad, and which of it stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Literal, get_args

from sqlalchemy import ColumnElement, Select, and_, func, insert, select, union_all, update

from service.store.attendance_tables import attendance
from service.store.columns import believed_by
from service.store.database import Tx
from service.store.responses import IN_ERROR
from service.store.tables import dyads, patient_aliases, responses
from service.store.treatment_tables import treatment_ends

EndReason = Literal["planned", "transferred", "client-left", "other", "unknown"]
EndSource = Literal["caller", "import", "ehr"]
END_REASONS: tuple[EndReason, ...] = get_args(EndReason)
_ATTENDED = "attended"


@dataclass(frozen=True, slots=True, kw_only=True)
class TreatmentEnd:
    """What was last said of the end of one treatment; ``therapist`` is '' where unknown.

    ``ended_on`` is a date. ``told_by`` is the person, None where no caller told it; ``episode`` names the
    EpisodeOfCare that says it. ``withdrawn``: it was told wrongly, or treatment goes on.
    """

    clinic: str
    alias_row: int
    therapist: str
    ended_on: str
    reason: EndReason
    source: EndSource
    told_by: str | None
    episode: str | None
    withdrawn: bool
    believed_from: str
    believed_until: str | None = None
    row_id: int | None = None


_STORED = tuple(column.name for column in fields(TreatmentEnd) if column.name != "row_id")


def keep_end(tx: Tx, row: TreatmentEnd) -> None:
    """Keep the newest word on the end of a treatment; the one before stays as it was believed."""
    before = (
        treatment_ends.c.clinic == row.clinic,
        treatment_ends.c.alias_row == row.alias_row,
        treatment_ends.c.therapist == row.therapist,
        treatment_ends.c.believed_until.is_(None),
    )
    tx.execute(update(treatment_ends).where(*before).values(believed_until=row.believed_from))
    tx.execute(insert(treatment_ends), {name: getattr(row, name) for name in _STORED})


def last_word(tx: Tx, clinic: str, alias_rows: Sequence[int], therapist: str) -> TreatmentEnd | None:
    """Return what was said of a patient with this therapist: the latest end, else one withdrawn, else None.

    Merged patients may each have a word of their own, one of them withdrawn.
    """
    found = _read(
        tx,
        clinic,
        treatment_ends.c.alias_row.in_(alias_rows),
        treatment_ends.c.therapist == therapist,
        treatment_ends.c.believed_until.is_(None),
    )
    holding = [one for one in found if not one.withdrawn]
    return (holding or found)[-1] if found else None


def end_by_episode(tx: Tx, clinic: str, episode: str) -> TreatmentEnd | None:
    """Return the end that an EpisodeOfCare says, None where another word was said since."""
    found = _read(tx, clinic, treatment_ends.c.episode == episode, treatment_ends.c.believed_until.is_(None))
    return found[0] if found else None


def ends_of_patient(
    tx: Tx, clinic: str, alias_rows: Sequence[int], *, as_of: str | None = None
) -> list[TreatmentEnd]:
    """Return the ends told of these aliases, by date; none that was withdrawn.

    ``as_of``: as it was believed at that instant.
    """
    told = [treatment_ends.c.alias_row.in_(alias_rows), treatment_ends.c.withdrawn.is_(False)]
    current = treatment_ends.c.believed_until.is_(None)
    if as_of is None:
        return _read(tx, clinic, *told, current)
    then = current | (treatment_ends.c.believed_until > as_of)
    return _read(tx, clinic, *told, believed_by(treatment_ends) <= as_of, then)


def standing_ends(tx: Tx, clinic: str, dyad_rows: Sequence[int]) -> Mapping[int, TreatmentEnd]:
    """Return the end of each of these dyads that has one, and no session after it. Costs two queries."""
    found: dict[int, TreatmentEnd] = {}
    told = _STANDING.where(
        treatment_ends.c.clinic == clinic,
        treatment_ends.c.alias_row.in_(_aliases_of(clinic, dyad_rows)),
        dyads.c.clinic == clinic,
        dyads.c.row_id.in_(dyad_rows),
    )
    for dyad_row, *values in tx.execute(told):
        found[dyad_row] = TreatmentEnd(**dict(zip(_NAMES, values, strict=True)))
    if not found:
        return found
    last = last_sessions(tx, clinic, list(found))
    return {row: end for row, end in found.items() if last.get(row, "") <= end.ended_on}


def last_sessions(tx: Tx, clinic: str, dyad_rows: Sequence[int]) -> dict[int, str]:
    """Return the date of the last session of each dyad: one with a response, or recorded as attended."""
    rated = select(responses.c.dyad_row.label("dyad"), responses.c.session_date.label("day")).where(
        responses.c.clinic == clinic,
        responses.c.dyad_row.in_(dyad_rows),
        responses.c.believed_until.is_(None),
        responses.c.status != IN_ERROR,
    )
    came = (
        select(dyads.c.row_id, attendance.c.session_date)
        .join(patient_aliases, _OF_DYAD)
        .join(attendance, and_(attendance.c.alias_row == patient_aliases.c.row_id, _WITH_THERAPIST))
        .where(
            dyads.c.row_id.in_(dyad_rows),
            attendance.c.clinic == clinic,
            attendance.c.alias_row.in_(_aliases_of(clinic, dyad_rows)),
            attendance.c.status == _ATTENDED,
            attendance.c.believed_until.is_(None),
        )
    )
    seen = union_all(rated, came).subquery()
    newest = select(seen.c.dyad, func.max(seen.c.day).label("day")).group_by(seen.c.dyad)
    return {row.dyad: row.day for row in tx.execute(newest)}


def _aliases_of(clinic: str, dyad_rows: Sequence[int]) -> Select[tuple[int]]:
    """Return the query for the aliases of these dyads' patients: else all that the clinic has is joined."""
    of_these = (dyads.c.clinic == clinic, dyads.c.row_id.in_(dyad_rows))
    return select(patient_aliases.c.row_id).join(dyads, _OF_DYAD).where(*of_these)


_OF_DYAD = and_(
    patient_aliases.c.clinic == dyads.c.clinic, patient_aliases.c.patient_key == dyads.c.patient_key
)
_WITH_THERAPIST = attendance.c.therapist == dyads.c.therapist
_COLUMNS = [column for column in treatment_ends.c if column.name in {*_STORED, "row_id"}]
_NAMES = [column.name for column in _COLUMNS]
# The latest of a dyad comes last.
_STANDING = (
    select(dyads.c.row_id, *_COLUMNS)
    .join(patient_aliases, _OF_DYAD)
    .join(
        treatment_ends,
        and_(
            treatment_ends.c.alias_row == patient_aliases.c.row_id,
            treatment_ends.c.therapist == dyads.c.therapist,
        ),
    )
    .where(treatment_ends.c.believed_until.is_(None), treatment_ends.c.withdrawn.is_(False))
    .order_by(treatment_ends.c.ended_on, treatment_ends.c.row_id)
)


def _read(tx: Tx, clinic: str, *which: ColumnElement[bool]) -> list[TreatmentEnd]:
    found = tx.execute(
        select(treatment_ends)
        .where(treatment_ends.c.clinic == clinic, *which)
        .order_by(treatment_ends.c.ended_on, treatment_ends.c.row_id)
    )
    return [TreatmentEnd(**row) for row in found.mappings()]
