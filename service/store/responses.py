"""Responses and their scores: versions in, versions and series out."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from sqlalchemy import ColumnElement, Select, bindparam, case, insert, select, update

from service.store.columns import believed_by
from service.store.database import Tx, lock_name
from service.store.tables import patient_aliases, responses, scores

IN_ERROR = "entered-in-error"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseVersion:
    """One version of one response, as stored. ``believed_until`` None: it is the current one.

    ``form`` and its version are the Questionnaire that was filled: the instrument, or the clinic's wording.
    ``scored`` is False for one that was never completed: it has neither scores nor Observations.
    """

    clinic: str
    id: str
    version: int
    status: str
    dyad_row: int
    alias_row: int
    patient: str
    therapist: str
    instrument: str
    instrument_version: str
    form: str
    form_version: str
    perspective: str
    source: str
    author: str | None
    encounter: str | None
    authored: str
    authored_at: str
    session_date: str
    session_number: int | None
    another_session: bool
    language: str | None
    age_years: int | None
    identifier_system: str | None
    identifier_value: str | None
    origin: str
    historical: bool
    ehr_reference: str | None
    answers: str
    bare_total: Decimal | None
    content_hash: str
    body: bytes
    withdraw_reason: str | None
    received_at: str
    believed_from: str
    believed_until: str | None = None
    scored: bool = True
    patient_identifier_system: str | None = None
    patient_identifier_value: str | None = None
    row_id: int | None = None


class ScoreRow(NamedTuple):
    """One item, score or panel of a response version; ``value`` None where there is none.

    A tuple, since each response makes six of them or more: a frozen dataclass takes three times as long.
    """

    part: str
    kind: str
    code: str
    value: Decimal | None
    answered: int | None
    of: int | None
    prorated: bool
    observed: bool


@dataclass(frozen=True, slots=True)
class RatingRow:
    """One scored response of a dyad, as the rules need it."""

    id: str
    version: int
    instrument: str
    session_date: str
    session_number: int | None
    authored: str
    historical: bool
    total: Decimal | None
    answers: str
    language: str | None
    received_at: str


@dataclass(frozen=True, slots=True)
class DyadRating(RatingRow):
    """One rating with what places it in the therapy and tells its session from others."""

    patient: str
    source: str
    encounter: str | None
    another_session: bool
    authored_at: str


# Either tells its session from others.
OfSession = DyadRating | ResponseVersion
_COLUMNS = tuple(column.name for column in fields(ResponseVersion))
_NOT_STORED = {"row_id"}
_RATING_FACTS = tuple(column.name for column in fields(DyadRating) if column.name != "total")
_INSERT_RESPONSE = insert(responses).returning(responses.c.row_id)
_INSERT_SCORE = insert(scores)


def insert_version(tx: Tx, version: ResponseVersion, score_rows: Sequence[ScoreRow]) -> int:
    """Store one version with its scores and return its row."""
    values = {name: getattr(version, name) for name in _COLUMNS if name not in _NOT_STORED}
    row_id: int = tx.execute(_INSERT_RESPONSE, values).scalar_one()
    common = {
        "clinic": version.clinic,
        "response_row": row_id,
        "response_id": version.id,
        "believed_from": version.believed_from,
    }
    if score_rows:  # a form without scores has none
        tx.execute(_INSERT_SCORE, [common | row._asdict() for row in score_rows])
    return row_id


def end_version(tx: Tx, row_id: int, at: str) -> None:
    """End the belief in one version and its scores."""
    tx.execute(update(responses).where(responses.c.row_id == row_id).values(believed_until=at))
    tx.execute(update(scores).where(scores.c.response_row == row_id).values(believed_until=at))


_CURRENT = select(responses).where(
    responses.c.clinic == bindparam("clinic"),
    responses.c.id == bindparam("id"),
    responses.c.believed_until.is_(None),
)
_CURRENT_LOCKED = _CURRENT.with_for_update()
_ALIAS_OF = _CURRENT.with_only_columns(responses.c.alias_row)
_PATIENT_OF = _CURRENT.with_only_columns(responses.c.alias_row, responses.c.patient)
_KEEP_ALIAS = (
    select(patient_aliases.c.row_id)
    .where(patient_aliases.c.row_id == bindparam("row"))
    .with_for_update(read=True)
)
_VERSION = select(responses).where(
    responses.c.clinic == bindparam("clinic"),
    responses.c.id == bindparam("id"),
    responses.c.version == bindparam("version"),
)
_BY_IDENTIFIER = select(responses).where(
    responses.c.clinic == bindparam("clinic"),
    responses.c.identifier_system == bindparam("system"),
    responses.c.identifier_value == bindparam("value"),
    responses.c.believed_until.is_(None),
)


def find_current(tx: Tx, clinic: str, response_id: str) -> ResponseVersion | None:
    """Return the current version of a response, or None."""
    return _one(tx, _CURRENT, clinic=clinic, id=response_id)


def patient_of_response(tx: Tx, clinic: str, response_id: str) -> tuple[int, str] | None:
    """Return whom a response is about, by the alias' row and as sent; None where it is not here."""
    row = tx.execute(_PATIENT_OF, {"clinic": clinic, "id": response_id}).first()
    return (row[0], row[1]) if row else None


def lock_identifier(tx: Tx, clinic: str, value: str) -> None:
    """Let whoever else records a response with this identifier now wait, to find it afterwards."""
    lock_name(tx, f"identifier|{clinic}|{value}")


def lock_current(tx: Tx, clinic: str, response_id: str) -> ResponseVersion | None:
    """Return the current version of a response, or None; until the transaction ends it stays what it is.

    Its patient's alias is kept where it points, so that no merge moves the response meanwhile.
    """
    found = tx.execute(_ALIAS_OF, {"clinic": clinic, "id": response_id}).scalar()
    if found is None:
        return None
    tx.execute(_KEEP_ALIAS, {"row": found})
    return _one(tx, _CURRENT_LOCKED, clinic=clinic, id=response_id) or find_current(tx, clinic, response_id)


def find_version(tx: Tx, clinic: str, response_id: str, version: int) -> ResponseVersion | None:
    """Return one version of a response, or None."""
    return _one(tx, _VERSION, clinic=clinic, id=response_id, version=version)


def find_by_identifier(tx: Tx, clinic: str, system: str, value: str) -> ResponseVersion | None:
    """Return the response whose current version carries this identifier, or None."""
    return _one(tx, _BY_IDENTIFIER, clinic=clinic, system=system, value=value)


def instruments_in_use(tx: Tx, clinic: str) -> list[tuple[str, str]]:
    """Return every instrument (id, version) that a stored response is of, in order."""
    used = (responses.c.instrument, responses.c.instrument_version)
    rows = tx.execute(select(*used).where(responses.c.clinic == clinic).distinct().order_by(*used))
    return [(row.instrument, row.instrument_version) for row in rows]


def dyad_ratings(tx: Tx, clinic: str, dyad_row: int, *, as_of: str | None = None) -> list[DyadRating]:
    """Return the dyad's ratings of every instrument, in therapy order.

    Entries in error are left out; a response without a total stays, with ``total`` None, as one does that was
    never completed, which has no answers here. ``as_of``: the ratings that were believed at that instant.
    """
    rows = tx.execute(
        _RATINGS if as_of is None else _RATINGS_AS_OF,
        {"clinic": clinic, "dyad_row": dyad_row, "as_of": as_of},
    )
    return in_therapy_order([DyadRating(*row) for row in rows])


def ratings_of_dyads(tx: Tx, clinic: str, dyad_rows: Collection[int]) -> dict[int, list[DyadRating]]:
    """Return the ratings of several dyads as ``dyad_ratings`` does, by the dyad's row; none has no entry."""
    wanted = _RATED.add_columns(responses.c.dyad_row).where(
        responses.c.clinic == clinic,
        responses.c.dyad_row.in_(dyad_rows),
        responses.c.believed_until.is_(None),
    )
    found: dict[int, list[DyadRating]] = {}
    for row in tx.execute(wanted).all():
        found.setdefault(row[-1], []).append(DyadRating(*row[:-1]))
    return {dyad_row: in_therapy_order(ratings) for dyad_row, ratings in found.items()}


def in_therapy_order(ratings: Iterable[DyadRating]) -> list[DyadRating]:
    """Return ratings by session date, then number, then authored, then arrival, in one order every time."""
    return sorted(ratings, key=lambda rating: (*therapy_place(rating), rating.id))


def is_encounter_rated(tx: Tx, clinic: str, encounter: str) -> bool:
    """Tell whether any response of an encounter is stored, whoever filled whichever form."""
    return tx.execute(_OF_ENCOUNTER, {"clinic": clinic, "encounter": encounter}).first() is not None


def place_of(rating: DyadRating) -> str:
    """Return a rating's place in its dyad's therapy as text of fixed width: what sorts later came later."""
    session_date, number, authored_at, received_at = therapy_place(rating)
    return f"{session_date} {number:07d} {authored_at} {received_at}"


def rating_of(version: ResponseVersion, total: Decimal | None) -> DyadRating:
    """Return a version as one of its dyad's ratings."""
    facts: dict[str, Any] = {name: getattr(version, name) for name in _RATING_FACTS}
    return DyadRating(total=total, **(facts | ({} if version.scored else {"answers": "{}"})))


# What was never completed says nothing yet.
_COMPUTED: Mapping[str, ColumnElement[Any]] = {
    "total": scores.c.value,
    "answers": case((responses.c.scored, responses.c.answers), else_="{}"),
}
_RATED: Select[Any] = (
    select(
        *(
            _COMPUTED[column.name] if column.name in _COMPUTED else responses.c[column.name]
            for column in fields(DyadRating)
        ),
    )
    .outerjoin(
        scores,
        (
            scores.c.clinic == responses.c.clinic
        )  # so that its index finds the one score, not all to choose from
        & (scores.c.response_row == responses.c.row_id)
        & (scores.c.part == "total"),
    )
    .where(responses.c.status != IN_ERROR)
)
_OF_DYAD = _RATED.where(
    responses.c.clinic == bindparam("clinic"), responses.c.dyad_row == bindparam("dyad_row")
)
_RATINGS = _OF_DYAD.where(responses.c.believed_until.is_(None))
_RATINGS_AS_OF = _OF_DYAD.where(
    believed_by(responses) <= bindparam("as_of"),
    responses.c.believed_until.is_(None) | (responses.c.believed_until > bindparam("as_of")),
)
_OF_ENCOUNTER = (
    select(responses.c.row_id)
    .where(responses.c.clinic == bindparam("clinic"), responses.c.encounter == bindparam("encounter"))
    .limit(1)
)
# A session without a number stands after the numbered ones of its date.
_NO_NUMBER = 1_000_000


class Placed(Protocol):
    """Whatever has a place in a therapy."""

    @property
    def session_date(self) -> str: ...  # noqa: D102 - named as the column
    @property
    def session_number(self) -> int | None: ...  # noqa: D102 - the same
    @property
    def authored_at(self) -> str: ...  # noqa: D102 - the same
    @property
    def received_at(self) -> str: ...  # noqa: D102 - the same


def therapy_place(rating: Placed) -> tuple[str, int, str, str]:
    """Return what ratings are sorted by: session date, number, authored, arrival."""
    number = _NO_NUMBER if rating.session_number is None else rating.session_number
    return rating.session_date, number, rating.authored_at, rating.received_at


def _one(tx: Tx, query: Select[tuple[object, ...]], **values: object) -> ResponseVersion | None:
    row = tx.execute(query, values).first()
    return ResponseVersion(**row._mapping) if row else None  # noqa: SLF001 - SQLAlchemy's public name
