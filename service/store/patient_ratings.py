"""Ratings across therapists and instruments: what a trend and a list of watch points are drawn from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, select

from service.store.columns import believed_by
from service.store.database import Tx
from service.store.disclosures import unshared_aliases
from service.store.responses import IN_ERROR
from service.store.tables import dyads, responses, scores

# For ratings, and for their scores.
_Queries = tuple[Select[Any], Select[Any]]
# A session without a number stands after the numbered ones of its date.
_NO_NUMBER = 1_000_000


@dataclass(frozen=True, slots=True)
class PatientRating:
    """One response of a patient with its scores by id, None where a score has no value.

    ``therapist`` is the dyad's, '' where unknown. ``answers`` is JSON text as stored. A form that was never
    completed has neither scores nor answers here: its session was attended, and not rated. ``derived``: not
    stored so, but computed from the answers to another form.
    """

    scores: dict[str, Decimal | None]
    id: str
    version: int
    dyad_row: int
    patient: str
    therapist: str
    instrument: str
    perspective: str
    session_date: str
    session_number: int | None
    authored: str
    historical: bool
    status: str
    answers: str
    bare_total: Decimal | None
    age_years: int | None
    encounter: str | None
    believed_from: str
    received_at: str
    language: str | None
    derived: bool = False


_COLUMNS = (
    responses.c.row_id,
    responses.c.id,
    responses.c.version,
    responses.c.dyad_row,
    responses.c.patient,
    dyads.c.therapist,
    responses.c.instrument,
    responses.c.perspective,
    responses.c.session_date,
    responses.c.session_number,
    responses.c.authored,
    responses.c.historical,
    responses.c.status,
    responses.c.answers,
    responses.c.bare_total,
    responses.c.age_years,
    responses.c.encounter,
    responses.c.believed_from,
    responses.c.received_at,
    responses.c.language,
    responses.c.authored_at,
    responses.c.scored,
)
_NOT_SHOWN = 2


def ratings_of_patient(
    tx: Tx, clinic: str, alias_rows: Sequence[int], *, as_of: str | None = None
) -> list[PatientRating]:
    """Return the ratings under any of these aliases, by session date, number, authored, arrival.

    Entries in error are left out; a response without a total stays, and one that was never completed.
    ``as_of``: those that were believed at that instant. Costs two queries, however many ratings or patients
    there are.
    """
    where = {"clinic": clinic, "aliases": list(alias_rows), "as_of": as_of}
    return _in_order(tx, _OF_PATIENT if as_of is None else _OF_PATIENT_AS_OF, where)


def ratings_of_recent_dyads(
    tx: Tx, clinic: str, authored_from: str, *, therapist: str | None = None
) -> list[PatientRating]:
    """Return all ratings of every dyad with one that was authored at or after an instant, in the same order.

    ``therapist``: of this one's dyads; without, patients who are not to be shared are left out. Ratings of
    different dyads come mixed. Costs two queries.
    """
    recent = select(responses.c.dyad_row).where(responses.c.authored_at >= authored_from, *_believed(clinic))
    if therapist is None:
        recent = recent.where(responses.c.alias_row.not_in(unshared_aliases(clinic)))
    return _read(tx, [responses.c.dyad_row.in_(recent), *_believed(clinic)])


def ratings_of_dyads(tx: Tx, clinic: str, dyad_rows: Sequence[int]) -> list[PatientRating]:
    """Return the ratings of these dyads, in the same order, mixed. Costs two queries."""
    return _read(tx, [responses.c.dyad_row.in_(dyad_rows), *_believed(clinic)])


def _read(tx: Tx, which: Sequence[ColumnElement[bool]]) -> list[PatientRating]:
    return _in_order(tx, _queries(*which), {})


def _queries(*which: ColumnElement[bool]) -> _Queries:
    """Return the queries for ratings and for their scores."""
    joined = select(*_COLUMNS).join(dyads, dyads.c.row_id == responses.c.dyad_row)
    wanted = (
        select(scores.c.response_row, scores.c.part, scores.c.value)
        .join(responses, responses.c.row_id == scores.c.response_row)
        .where(*which, scores.c.kind == "score")
        .order_by(scores.c.row_id)
    )
    return joined.where(*which), wanted


def _in_order(tx: Tx, queries: _Queries, where: Mapping[str, object]) -> list[PatientRating]:
    rated, scored = queries
    found: list[Any] = list(tx.execute(rated, where).all())
    by_row: dict[int, dict[str, Decimal | None]] = {row.row_id: {} for row in found}
    for score in tx.execute(scored, where).all():  # row by row costs twice as much
        by_row[score.response_row][score.part] = score.value
    return [_rating(by_row[row.row_id], row) for row in sorted(found, key=_order)]


def _believed(clinic: str) -> list[ColumnElement[bool]]:
    return [
        responses.c.clinic == clinic,
        responses.c.status != IN_ERROR,
        responses.c.believed_until.is_(None),
    ]


def _order(row: Any) -> tuple[str, int, str, str]:  # noqa: ANN401 - a row of the query above
    number = _NO_NUMBER if row.session_number is None else row.session_number
    return row.session_date, number, row.authored_at, row.received_at


def _rating(by_part: dict[str, Decimal | None], row: Any) -> PatientRating:  # noqa: ANN401 - the same row
    rating = PatientRating(by_part, *list(row)[1:-_NOT_SHOWN])
    return rating if row.scored else replace(rating, answers="{}", bare_total=None)


# Built once: a trend asks for them.
_UNDER_ALIASES = (
    responses.c.alias_row.in_(bindparam("aliases", expanding=True)),
    responses.c.clinic == bindparam("clinic"),
    responses.c.status != IN_ERROR,
)
_OF_PATIENT = _queries(*_UNDER_ALIASES, responses.c.believed_until.is_(None))
_OF_PATIENT_AS_OF = _queries(
    *_UNDER_ALIASES,
    believed_by(responses) <= bindparam("as_of"),
    responses.c.believed_until.is_(None) | (responses.c.believed_until > bindparam("as_of")),
)
