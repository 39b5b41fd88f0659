"""Searches of the FHIR door: conditions on one kind of thing, one page of what fits, and how many fit.

A search narrowed to a patient reads that patient's rows only, however many others the clinic has
(``tests/service/store/test_search.py`` looks at the plan).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    FromClause,
    String,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    not_,
    null,
    or_,
    select,
    true,
)

from service.store.alerts import AlertRow
from service.store.database import Tx
from service.store.patients import alias_rows
from service.store.responses import IN_ERROR, ResponseVersion
from service.store.tables import alerts, responses, scores

Kind = Literal["response", "observation", "alert", "work", "trace"]
# An alert of any other status has come to an end.
_UNDER_WAY = ("open", "acknowledged", "in-repair")


@dataclass(frozen=True, slots=True)
class OneOf:
    """The column has one of these values; none of them: nothing fits."""

    column: str
    values: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class PairOneOf:
    """Two columns have one of these pairs of values; None on one side: any, an empty text: none there."""

    columns: tuple[str, str]
    pairs: tuple[tuple[str | None, str | None], ...]


@dataclass(frozen=True, slots=True)
class Span:
    """From ``low`` (included) to ``high`` (left out), instants; None: open. ``outside`` turns it round."""

    low: str | None
    high: str | None
    outside: bool = False


@dataclass(frozen=True, slots=True)
class Within:
    """The moment of the thing, or that in another column, lies in one of these spans."""

    spans: tuple[Span, ...]
    column: str = ""


@dataclass(frozen=True, slots=True)
class Lasting:
    """The time that the thing lasts lies in one of these spans wholly (True), or in part (False)."""

    spans: tuple[tuple[Span, bool], ...]


@dataclass(frozen=True, slots=True)
class OfPatient:
    """It is about a patient whom one of these references names, by whatever alias it was stored."""

    references: tuple[str, ...]


Condition = OneOf | PairOneOf | Within | Lasting | OfPatient


@dataclass(frozen=True, slots=True)
class Page:
    """Which page: after this place in the list (moment, row), at most so many, newest first or last."""

    limit: int
    after: tuple[str, int] | None = None
    newest_first: bool = True


@dataclass(frozen=True, slots=True)
class Place:
    """One thing found: its moment and row, the response's row where it is an Observation, and its part."""

    at: str
    row_id: int
    owner_row: int
    part: str


@dataclass(frozen=True, slots=True)
class _View:
    """One kind of thing: its rows, what of them is current, its moment, and the columns to ask for."""

    rows: FromClause
    current: ColumnElement[bool]
    clinic: ColumnElement[str]
    at: ColumnElement[str]
    row_id: ColumnElement[int]
    owner_row: ColumnElement[int]
    part: ColumnElement[str]
    columns: Mapping[str, ColumnElement[Any]]


_earlier = responses.alias("earlier")
_OBSERVATION_STATUS = case(
    (responses.c.status == IN_ERROR, IN_ERROR),
    ((responses.c.version > 1) | (responses.c.status == "amended"), "amended"),
    else_="final",
)
_VIEWS: Mapping[Kind, _View] = {
    "response": _View(
        rows=responses,
        current=responses.c.believed_until.is_(None),
        clinic=responses.c.clinic,
        at=responses.c.authored_at,
        row_id=responses.c.row_id,
        owner_row=responses.c.row_id,
        part=responses.c.instrument,
        columns={
            "id": responses.c.id,
            "patient": responses.c.alias_row,
            "status": responses.c.status,
            "encounter": responses.c.encounter,
            "instrument": responses.c.instrument,
            "instrument_version": responses.c.instrument_version,
            "identifier_system": responses.c.identifier_system,
            "identifier_value": responses.c.identifier_value,
        },
    ),
    "observation": _View(
        rows=responses.join(scores, scores.c.response_row == responses.c.row_id),
        current=and_(responses.c.believed_until.is_(None), scores.c.observed),
        clinic=responses.c.clinic,
        at=responses.c.authored_at,
        row_id=scores.c.row_id,
        owner_row=responses.c.row_id,
        part=scores.c.part,
        columns={
            "response": responses.c.id,
            "part": scores.c.part,
            "patient": responses.c.alias_row,
            "code": scores.c.code,
            "status": _OBSERVATION_STATUS,
        },
    ),
    "alert": _View(
        rows=alerts,
        current=alerts.c.believed_until.is_(None),
        clinic=alerts.c.clinic,
        at=alerts.c.raised_at,
        row_id=alerts.c.row_id,
        owner_row=alerts.c.row_id,
        part=alerts.c.series,
        columns={"id": alerts.c.id, "patient": alerts.c.alias_row, "row": alerts.c.row_id},
    ),
    # What an alert asks for: a historical one is no news.
    "work": _View(
        rows=alerts,
        current=and_(alerts.c.believed_until.is_(None), alerts.c.historical.is_(False)),
        clinic=alerts.c.clinic,
        at=alerts.c.raised_at,
        row_id=alerts.c.row_id,
        owner_row=alerts.c.row_id,
        part=alerts.c.series,
        columns={
            "id": alerts.c.id,
            "patient": alerts.c.alias_row,
            "status": alerts.c.status,
            "severity": alerts.c.severity,
            "therapist": alerts.c.therapist,
            "updated": alerts.c.updated_at,
            "begins": alerts.c.raised_at,
            "ends": case((alerts.c.status.in_(_UNDER_WAY), null()), else_=alerts.c.updated_at),
        },
    ),
    # Every version of a response that gave Observations, or took some away.
    "trace": _View(
        rows=responses,
        current=exists().where(
            _earlier.c.clinic == responses.c.clinic,
            _earlier.c.id == responses.c.id,
            _earlier.c.version.between(responses.c.version - 1, responses.c.version),
            scores.c.response_row == _earlier.c.row_id,
            scores.c.observed,
        ),
        clinic=responses.c.clinic,
        at=responses.c.believed_from,
        row_id=responses.c.row_id,
        owner_row=responses.c.row_id,
        part=responses.c.instrument,
        columns={
            "response": responses.c.id,
            "version": cast(responses.c.version, String),
            "patient": responses.c.alias_row,
            "source": responses.c.source,
            "row": responses.c.row_id,
        },
    ),
}


def find_places(tx: Tx, clinic: str, kind: Kind, conditions: Sequence[Condition], page: Page) -> list[Place]:
    """Return the places of one page, ordered by moment, then row; at most ``limit``."""
    view = _VIEWS[kind]
    query = select(view.at, view.row_id, view.owner_row, view.part).select_from(view.rows)
    query = query.where(*_where(tx, clinic, view, conditions))
    if page.after is not None:
        query = query.where(_beyond(view, page.after, newest_first=page.newest_first))
    order = (view.at.desc(), view.row_id.desc()) if page.newest_first else (view.at, view.row_id)
    return [Place(*row) for row in tx.execute(query.order_by(*order).limit(page.limit))]


def last_of_each_code(tx: Tx, clinic: str, conditions: Sequence[Condition], per_code: int) -> list[Place]:
    """Return the places of the newest Observations of each code, newest first; none entered in error."""
    view = _VIEWS["observation"]
    newest = (view.at.desc(), view.row_id.desc())
    rank = func.row_number().over(partition_by=view.columns["code"], order_by=newest).label("rank")
    ranked = (
        select(
            view.at.label("at"), view.row_id.label("row_id"), view.owner_row.label("owner"), view.part, rank
        )
        .select_from(view.rows)
        .where(*_where(tx, clinic, view, conditions), responses.c.status != IN_ERROR)
        .subquery()
    )
    query = select(ranked.c.at, ranked.c.row_id, ranked.c.owner, ranked.c.part).where(
        ranked.c.rank <= per_code
    )
    return [Place(*row) for row in tx.execute(query.order_by(ranked.c.at.desc(), ranked.c.row_id.desc()))]


def count_places(tx: Tx, clinic: str, kind: Kind, conditions: Sequence[Condition]) -> int:
    """Return how many things fit the conditions."""
    view = _VIEWS[kind]
    where = _where(tx, clinic, view, conditions)
    return tx.execute(select(func.count()).select_from(view.rows).where(*where)).scalar_one()


def versions_by_row(tx: Tx, rows: Sequence[int]) -> dict[int, ResponseVersion]:
    """Return stored versions by their row."""
    found = tx.execute(select(responses).where(responses.c.row_id.in_(rows)))
    return {row.row_id: ResponseVersion(**row) for row in found.mappings()}


def alerts_by_row(tx: Tx, rows: Sequence[int]) -> dict[int, AlertRow]:
    """Return stored alerts by their row."""
    found = tx.execute(select(alerts).where(alerts.c.row_id.in_(rows)))
    return {row["row_id"]: AlertRow(**row) for row in found.mappings()}


def rows_giving(tx: Tx, clinic: str, observations: Sequence[tuple[str, str]]) -> list[int]:
    """Return the rows of the response versions that gave one of these Observations (response id, part).

    The version after one that gave it is among them, whether it gave it again or took it away.
    """
    wanted = (and_(_earlier.c.id == response, scores.c.part == part) for response, part in observations)
    found = tx.execute(
        select(responses.c.row_id)
        .join(
            _earlier,
            and_(
                _earlier.c.clinic == responses.c.clinic,
                _earlier.c.id == responses.c.id,
                _earlier.c.version.between(responses.c.version - 1, responses.c.version),
            ),
        )
        .join(scores, scores.c.response_row == _earlier.c.row_id)
        .where(responses.c.clinic == clinic, scores.c.observed, or_(false(), *wanted))
        .distinct()
    )
    return list(found.scalars())


def alerts_beside(tx: Tx, clinic: str, response_ids: Sequence[str]) -> list[AlertRow]:
    """Return the current alerts of the dyads that these responses belong to, oldest first."""
    dyad_rows = select(responses.c.dyad_row).where(
        responses.c.clinic == clinic,
        responses.c.id.in_(response_ids),
        responses.c.believed_until.is_(None),
    )
    found = tx.execute(
        select(alerts)
        .where(
            alerts.c.clinic == clinic,
            alerts.c.dyad_row.in_(dyad_rows),
            alerts.c.believed_until.is_(None),
        )
        .order_by(alerts.c.row_id)
    )
    return [AlertRow(**row) for row in found.mappings()]


def newest_version_with(tx: Tx, clinic: str, response_id: str, part: str) -> ResponseVersion | None:
    """Return the newest version of a response that gave this Observation, or None where none ever did."""
    found = tx.execute(
        select(responses)
        .join(scores, scores.c.response_row == responses.c.row_id)
        .where(
            responses.c.clinic == clinic,
            responses.c.id == response_id,
            scores.c.part == part,
            scores.c.observed,
        )
        .order_by(responses.c.version.desc())
        .limit(1)
    ).mappings()
    row = found.first()
    return ResponseVersion(**row) if row else None


def _where(tx: Tx, clinic: str, view: _View, conditions: Sequence[Condition]) -> list[ColumnElement[bool]]:
    asked = [_clause(tx, clinic, view, condition) for condition in conditions]
    return [view.clinic == clinic, view.current, *asked]


def _clause(tx: Tx, clinic: str, view: _View, condition: Condition) -> ColumnElement[bool]:
    match condition:
        case OneOf(column, values):
            return view.columns[column].in_(values)
        case PairOneOf((first, second), pairs):
            columns = view.columns[first], view.columns[second]
            return or_(false(), *(_pair(columns, pair) for pair in pairs))
        case Within(spans, column):
            at = view.columns[column] if column else view.at
            return or_(false(), *(_span(at, span) for span in spans))
        case Lasting(spans):
            return or_(false(), *(_lasting(view, span, wholly=wholly) for span, wholly in spans))
        case OfPatient(references):
            return view.columns["patient"].in_(alias_rows(tx, clinic, list(references)))


def _pair(
    columns: tuple[ColumnElement[Any], ColumnElement[Any]], pair: tuple[str | None, str | None]
) -> ColumnElement[bool]:
    sides = zip(columns, pair, strict=True)
    return and_(true(), *(_side(column, value) for column, value in sides if value is not None))


def _side(column: ColumnElement[Any], value: str) -> ColumnElement[bool]:
    return column == value if value else column.is_(None)


def _span(at: ColumnElement[str], span: Span) -> ColumnElement[bool]:
    ends = []
    if span.low is not None:
        ends.append(at >= span.low)
    if span.high is not None:
        ends.append(at < span.high)
    return ~and_(*ends) if span.outside else and_(*ends)


def _lasting(view: _View, span: Span, *, wholly: bool) -> ColumnElement[bool]:
    """Return whether the thing lies in a span; one without an end lasts for ever."""
    begins, ends = view.columns["begins"], view.columns["ends"]
    found: list[ColumnElement[bool]] = []
    if span.low is not None:
        found.append(begins >= span.low if wholly else or_(ends.is_(None), ends >= span.low))
    if span.high is not None:
        found.append(and_(ends.is_not(None), ends < span.high) if wholly else begins < span.high)
    return not_(and_(*found)) if span.outside else and_(*found)


def _beyond(view: _View, after: tuple[str, int], *, newest_first: bool) -> ColumnElement[bool]:
    # Spelled out, with the moment alone in front: a comparison of row values keeps SQLite off the index.
    at, row_id = after
    if newest_first:
        return and_(view.at <= at, or_(view.at < at, view.row_id < row_id))
    return and_(view.at >= at, or_(view.at > at, view.row_id > row_id))
