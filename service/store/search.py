"""Searches of the FHIR door: conditions on one kind of thing, one page of what fits, and how many fit.

A search narrowed to a patient reads that patient's rows only, however many others the clinic has
(``tests/service/store/test_search.py`` looks at the plan).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, FromClause, Table, and_, case, exists, func, or_, select, true

from service.store.alerts import AlertRow
from service.store.conditions import Condition, clause
from service.store.database import Tx
from service.store.responses import IN_ERROR, ResponseVersion
from service.store.tables import alerts, responses, scores

Kind = Literal["response", "observation", "alert"]
Moment = Literal["at", "updated"]


@dataclass(frozen=True, slots=True)
class Page:
    """Which page: after this place in the list (moment, row), at most so many, newest first or last.

    ``by`` is the moment that orders: the thing's own (``at``), or that of its version (``updated``). ``upto``
    is the newest row when the first page was read: what came later is on no page. None on the first page.
    """

    limit: int
    after: tuple[str, int] | None = None
    newest_first: bool = True
    by: Moment = "at"
    upto: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """One thing found: its moment and row, the response's row where it is an Observation, and its part."""

    at: str
    row_id: int
    owner_row: int
    part: str


@dataclass(frozen=True, slots=True)
class _View:
    """One kind of thing: its rows, those of them that are shown, and the columns to ask for.

    ``versions`` is the table whose rows are versions; ``columns`` has both moments, ``at`` and ``updated``.
    """

    rows: FromClause
    versions: Table
    shown: ColumnElement[bool]
    clinic: ColumnElement[str]
    row_id: ColumnElement[int]
    owner_row: ColumnElement[int]
    part: ColumnElement[str]
    columns: Mapping[str, ColumnElement[Any]]


_OBSERVATION_STATUS = case(
    (responses.c.status == IN_ERROR, IN_ERROR),
    ((responses.c.version > 1) | (responses.c.status == "amended"), "amended"),
    else_="final",
)
_VIEWS: Mapping[Kind, _View] = {
    "response": _View(
        rows=responses,
        versions=responses,
        shown=true(),
        clinic=responses.c.clinic,
        row_id=responses.c.row_id,
        owner_row=responses.c.row_id,
        part=responses.c.instrument,
        columns={
            "at": responses.c.authored_at,
            "updated": responses.c.believed_from,
            "id": responses.c.id,
            "patient": responses.c.alias_row,
            "status": responses.c.status,
            "source": responses.c.source,
            "author": responses.c.author,
            "encounter": responses.c.encounter,
            "instrument": responses.c.instrument,
            "instrument_version": responses.c.instrument_version,
            "identifier_system": responses.c.identifier_system,
            "identifier_value": responses.c.identifier_value,
        },
    ),
    "observation": _View(
        rows=responses.join(scores, scores.c.response_row == responses.c.row_id),
        versions=responses,
        shown=scores.c.observed,
        clinic=responses.c.clinic,
        row_id=scores.c.row_id,
        owner_row=responses.c.row_id,
        part=scores.c.part,
        columns={
            "at": responses.c.authored_at,
            "updated": responses.c.believed_from,
            "response": responses.c.id,
            "part": scores.c.part,
            "patient": responses.c.alias_row,
            "source": responses.c.source,
            "encounter": responses.c.encounter,
            "code": scores.c.code,
            "value": scores.c.value,
            "status": _OBSERVATION_STATUS,
        },
    ),
    "alert": _View(
        rows=alerts,
        versions=alerts,
        shown=true(),
        clinic=alerts.c.clinic,
        row_id=alerts.c.row_id,
        owner_row=alerts.c.row_id,
        part=alerts.c.series,
        columns={
            "at": alerts.c.raised_at,
            "updated": alerts.c.believed_from,
            "id": alerts.c.id,
            "patient": alerts.c.alias_row,
            "row": alerts.c.row_id,
        },
    ),
}


def find_places(tx: Tx, clinic: str, kind: Kind, conditions: Sequence[Condition], page: Page) -> list[Place]:
    """Return the places of one page, ordered by moment, then row; at most ``limit``."""
    view = _VIEWS[kind]
    moment = view.columns[page.by]
    query = select(moment, view.row_id, view.owner_row, view.part).select_from(view.rows)
    query = query.where(*_where(tx, clinic, view, conditions, page.upto))
    if page.after is not None:
        query = query.where(_beyond(view, page, page.after))
    order = (moment.desc(), view.row_id.desc()) if page.newest_first else (moment, view.row_id)
    return [Place(*row) for row in tx.execute(query.order_by(*order).limit(page.limit))]


def count_places(
    tx: Tx, clinic: str, kind: Kind, conditions: Sequence[Condition], upto: int | None = None
) -> int:
    """Return how many things fit the conditions, or did when row ``upto`` was the newest."""
    view = _VIEWS[kind]
    where = _where(tx, clinic, view, conditions, upto)
    return tx.execute(select(func.count()).select_from(view.rows).where(*where)).scalar_one()


def newest_row(tx: Tx, kind: Kind) -> int:
    """Return the newest version's row, 0 where there is none."""
    return tx.execute(select(func.max(_VIEWS[kind].versions.c.row_id))).scalar() or 0


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


def _where(
    tx: Tx, clinic: str, view: _View, conditions: Sequence[Condition], upto: int | None
) -> list[ColumnElement[bool]]:
    current = view.versions.c.believed_until.is_(None) if upto is None else _known_at(view.versions, upto)
    asked = [clause(tx, clinic, view.columns, condition) for condition in conditions]
    return [view.clinic == clinic, view.shown, current, *asked]


def _known_at(versions: Table, upto: int) -> ColumnElement[bool]:
    """Return what was current when this row was the newest: so a row that comes later moves no page."""
    later = versions.alias()
    ended_later = exists(
        select(later.c.row_id).where(
            later.c.clinic == versions.c.clinic,
            later.c.id == versions.c.id,
            later.c.version == versions.c.version + 1,
            later.c.row_id > upto,
        )
    )
    return and_(versions.c.row_id <= upto, or_(versions.c.believed_until.is_(None), ended_later))


def _beyond(view: _View, page: Page, after: tuple[str, int]) -> ColumnElement[bool]:
    # Spelled out, with the moment alone in front: a comparison of row values keeps SQLite off the index.
    moment, (at, row_id) = view.columns[page.by], after
    if page.newest_first:
        return and_(moment <= at, or_(moment < at, view.row_id < row_id))
    return and_(moment >= at, or_(moment > at, view.row_id > row_id))
