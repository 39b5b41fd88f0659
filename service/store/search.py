"""Searches of the FHIR door: conditions on one kind of thing, one page of what fits, and how many fit.

A search narrowed to a patient reads that patient's rows only, however many others the clinic has
(``tests/service/store/test_search.py`` looks at the plan).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, FromClause, and_, case, false, func, or_, select, true

from service.store.alerts import AlertRow
from service.store.database import Tx
from service.store.patients import alias_rows
from service.store.responses import IN_ERROR, ResponseVersion
from service.store.tables import alerts, responses, scores

Kind = Literal["response", "observation", "alert"]


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
    """The moment of the thing lies in one of these spans."""

    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class OfPatient:
    """It is about a patient whom one of these references names, by whatever alias it was stored."""

    references: tuple[str, ...]


Condition = OneOf | PairOneOf | Within | OfPatient


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


_OBSERVATION_STATUS = case(
    (responses.c.status == IN_ERROR, IN_ERROR),
    (responses.c.status == "amended", "amended"),
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
        case Within(spans):
            return or_(false(), *(_span(view.at, span) for span in spans))
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


def _beyond(view: _View, after: tuple[str, int], *, newest_first: bool) -> ColumnElement[bool]:
    # Spelled out, with the moment alone in front: a comparison of row values keeps SQLite off the index.
    at, row_id = after
    if newest_first:
        return and_(view.at <= at, or_(view.at < at, view.row_id < row_id))
    return and_(view.at >= at, or_(view.at > at, view.row_id > row_id))
