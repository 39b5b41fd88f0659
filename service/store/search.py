"""Searches of the FHIR door: conditions on one kind of thing, one page of what fits, and how many fit.

A search narrowed to a patient reads that patient's rows only, however many others the clinic has
(``tests/service/store/test_search.py`` looks at the plan). One that names neither a patient nor a thing
leaves out patients who are not to be shared.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, Table, and_, exists, false, func, or_, select, true

from service.store.alerts import AlertRow
from service.store.conditions import Columns, Condition, clause, is_narrow
from service.store.database import Tx
from service.store.disclosures import unshared_aliases
from service.store.responses import IN_ERROR, ResponseVersion
from service.store.sight import Sight
from service.store.tables import alerts, responses, scores
from service.store.views import VIEWS, Kind, View, earlier_versions

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


def find_places(tx: Tx, clinic: str, kind: Kind, conditions: Sequence[Condition], page: Page) -> list[Place]:
    """Return the places of one page, ordered by moment, then row; at most ``limit``."""
    view = VIEWS[kind]
    columns = _columns(view, conditions)
    moment = columns[page.by]
    query = select(moment, view.row_id, view.owner_row, view.part).select_from(view.rows)
    query = query.where(*_where(tx, clinic, view, conditions, page.upto))
    if page.after is not None:
        query = query.where(_beyond(moment, view.row_id, page))
    order = (moment.desc(), view.row_id.desc()) if page.newest_first else (moment, view.row_id)
    return [Place(*row) for row in tx.execute(query.order_by(*order).limit(page.limit))]


def last_of_each_code(tx: Tx, clinic: str, conditions: Sequence[Condition], per_code: int) -> list[Place]:
    """Return the places of the newest Observations of each code, newest first; none entered in error."""
    view = VIEWS["observation"]
    at = view.columns["at"]
    newest = (at.desc(), view.row_id.desc())
    rank = func.row_number().over(partition_by=view.columns["code"], order_by=newest).label("rank")
    ranked = (
        select(at.label("at"), view.row_id.label("row_id"), view.owner_row.label("owner"), view.part, rank)
        .select_from(view.rows)
        .where(*_where(tx, clinic, view, conditions, None), responses.c.status != IN_ERROR)
        .subquery()
    )
    query = select(ranked.c.at, ranked.c.row_id, ranked.c.owner, ranked.c.part).where(
        ranked.c.rank <= per_code
    )
    return [Place(*row) for row in tx.execute(query.order_by(ranked.c.at.desc(), ranked.c.row_id.desc()))]


def count_places(
    tx: Tx, clinic: str, kind: Kind, conditions: Sequence[Condition], upto: int | None = None
) -> int:
    """Return how many things fit the conditions, or did when row ``upto`` was the newest."""
    view = VIEWS[kind]
    where = _where(tx, clinic, view, conditions, upto)
    return tx.execute(select(func.count()).select_from(view.rows).where(*where)).scalar_one()


def is_in_sight(  # noqa: PLR0917 - as every query: where, whose, what
    tx: Tx, clinic: str, kind: Kind, sight: Sight, row: int | None, part: str = ""
) -> bool:
    """Tell whether one version, by its row, is in sight; ``part`` names the Observation that is meant."""
    if sight.is_whole:
        return True
    view = VIEWS[kind]
    asked = [clause(tx, clinic, view.columns, one) for one in sight.conditions_on(kind)]
    named = [view.part == part] if part else []
    found = select(view.row_id).select_from(view.rows)
    found = found.where(view.clinic == clinic, view.versions.c.row_id == row, *named, *asked)
    return tx.execute(found.limit(1)).first() is not None


def newest_row(tx: Tx, clinic: str, kind: Kind) -> int:
    """Return the clinic's newest version's row, 0 where there is none: another clinic's would tell of it."""
    rows = VIEWS[kind].versions.c
    # Not by an index of clinics, which would bring all its rows to be sorted: the newest are looked at first.
    query = select(rows.row_id).where(rows.clinic + "" == clinic).order_by(rows.row_id.desc()).limit(1)
    return tx.execute(query).scalar() or 0


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
    wanted = (
        and_(earlier_versions.c.id == response, scores.c.part == part) for response, part in observations
    )
    found = tx.execute(
        select(responses.c.row_id)
        .join(
            earlier_versions,
            and_(
                earlier_versions.c.clinic == responses.c.clinic,
                earlier_versions.c.id == responses.c.id,
                earlier_versions.c.version.between(responses.c.version - 1, responses.c.version),
            ),
        )
        .join(scores, scores.c.response_row == earlier_versions.c.row_id)
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


def _where(
    tx: Tx, clinic: str, view: View, conditions: Sequence[Condition], upto: int | None
) -> list[ColumnElement[bool]]:
    columns = _columns(view, conditions)
    asked = [clause(tx, clinic, columns, condition) for condition in conditions]
    if view.is_of_patients and not _is_narrow(view, conditions):
        asked.append(view.columns["patient"].not_in(unshared_aliases(clinic)))
    return [view.clinic == clinic, view.shown, _current(view, upto), *asked]


def _is_narrow(view: View, conditions: Sequence[Condition]) -> bool:
    return any(is_narrow(condition, view.naming) for condition in conditions)


def _columns(view: View, conditions: Sequence[Condition]) -> Columns:
    """Return the columns to ask for; of few things, the moments in a form that no index has.

    Without it SQLite, which keeps no statistics here, would walk the whole clinic in the order asked for
    rather than read those few things and sort them.
    """
    if not _is_narrow(view, conditions):
        return view.columns
    moments = {name: view.columns[name].concat("") for name in ("at", "updated")}
    return {**view.columns, **moments}


def _current(view: View, upto: int | None) -> ColumnElement[bool]:
    if view.every_version:
        return true() if upto is None else view.versions.c.row_id <= upto
    return view.versions.c.believed_until.is_(None) if upto is None else _known_at(view.versions, upto)


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


def _beyond(moment: ColumnElement[str], row: ColumnElement[int], page: Page) -> ColumnElement[bool]:
    # Spelled out, with the moment alone in front: a comparison of row values keeps SQLite off the index.
    at, row_id = page.after or ("", 0)
    if page.newest_first:
        return and_(moment <= at, or_(moment < at, row < row_id))
    return and_(moment >= at, or_(moment > at, row > row_id))
