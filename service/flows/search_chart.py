"""Search and read what the FHIR door shows: responses, their scores, alerts. The door adds audit rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Generic, Literal, TypeVar

from fhir_mappings.filled import Filled
from service.errors import NotFound
from service.flows.deployment import Deployment
from service.flows.load import alert_facts, filled_from
from service.store.alerts import AlertRow, find_alert
from service.store.conditions import Condition, OfIdentified, OneOf, PairOneOf
from service.store.database import Tx
from service.store.patients import patients_identified
from service.store.responses import ResponseVersion, find_current, find_version
from service.store.search import (
    Page,
    Place,
    alerts_beside,
    alerts_by_row,
    count_places,
    find_places,
    is_in_sight,
    last_of_each_code,
    newest_row,
    newest_version_with,
    rows_giving,
    versions_by_row,
)
from service.store.sight import WHOLE_SIGHT, Sight
from service.store.views import Kind

Item = TypeVar("Item")
Identified = Literal["one", "nobody", "several"]
NO_SUCH = "There is no such resource."


@dataclass(frozen=True, slots=True)
class Implicated:
    """The alert rests on one of these Observations: (response id, part)."""

    observations: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Traced:
    """A version of a response that gave one of these Observations or took it away: (response id, part)."""

    observations: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ChartSearch:
    """One search: every condition must hold, of what is in sight. ``counted``: say how many fit in all."""

    conditions: tuple[Condition | Implicated | Traced, ...]
    page: Page
    counted: bool = True
    sight: Sight = WHOLE_SIGHT


@dataclass(frozen=True, slots=True)
class FoundPage(Generic[Item]):
    """One page of a search; ``next_after`` is the place to go on from, None at the end.

    ``upto`` is the newest row when the first page was read. ``identified``: whom an identifier that was asked
    for names; nothing is found of nobody, nor of several.
    """

    items: tuple[Item, ...]
    total: int | None
    next_after: tuple[str, int] | None
    upto: int
    identified: Identified = "one"


@dataclass(frozen=True, slots=True)
class ObservedPart:
    """One Observation: the filled instrument that gives it, its part, and when a correction took it away."""

    filled: Filled
    part: str
    withdrawn_at: str | None = None


def search_responses(deployment: Deployment, clinic: str, search: ChartSearch) -> FoundPage[ResponseVersion]:
    """Return current responses, by the moment they were authored."""

    def load(tx: Tx, places: Sequence[Place]) -> list[ResponseVersion]:
        versions = versions_by_row(tx, [place.owner_row for place in places])
        return [_newest(tx, versions[place.owner_row], search.sight) for place in places]

    return search_kind(deployment, clinic, "response", search, load)


def search_observations(deployment: Deployment, clinic: str, search: ChartSearch) -> FoundPage[ObservedPart]:
    """Return current Observations, by the moment their response was authored."""
    load = partial(_load_observations, deployment, search.sight)
    return search_kind(deployment, clinic, "observation", search, load)


def search_last_observations(
    deployment: Deployment, clinic: str, search: ChartSearch, per_code: int
) -> FoundPage[ObservedPart]:
    """Return the newest Observations of each code, newest first, on one page; none entered in error."""
    with deployment.database.read() as tx:
        conditions = _all_of(tx, clinic, "observation", search)
        places = last_of_each_code(tx, clinic, conditions, per_code)
        found = tuple(_load_observations(deployment, search.sight, tx, places))
        identified = _identified(tx, clinic, search)
    return FoundPage(found, len(places), None, upto=0, identified=identified)


def _load_observations(
    deployment: Deployment, sight: Sight, tx: Tx, places: Sequence[Place]
) -> list[ObservedPart]:
    rows = {place.owner_row for place in places}
    versions = versions_by_row(tx, sorted(rows))
    observed = [(versions[place.owner_row], place.part) for place in places]
    newest = [(_newest_with(tx, version, part, sight), part) for version, part in observed]
    filled = {one.row_id: filled_from(one, deployment.known) for one, _ in newest}
    return [ObservedPart(filled[one.row_id], part, one.believed_until) for one, part in newest]


def search_alerts(
    deployment: Deployment, clinic: str, search: ChartSearch, *, kind: Literal["alert", "work"] = "alert"
) -> FoundPage[AlertRow]:
    """Return current alerts by the moment they were raised; of kind ``work`` without historical ones."""

    def load(tx: Tx, places: Sequence[Place]) -> list[AlertRow]:
        rows = alerts_by_row(tx, [place.row_id for place in places])
        found = [rows[place.row_id] for place in places]
        return [_newest_alert(tx, clinic, one, search.sight) for one in found]

    return search_kind(deployment, clinic, kind, search, load)


def find_response(
    deployment: Deployment,
    clinic: str,
    response_id: str,
    version: int | None = None,
    sight: Sight = WHOLE_SIGHT,
) -> ResponseVersion:
    """Return the current version of a response, or the one asked for; raises ``NotFound``."""
    with deployment.database.read() as tx:
        if version is None:
            found = find_current(tx, clinic, response_id)
        else:
            found = find_version(tx, clinic, response_id, version)
        if found is None or not is_in_sight(tx, clinic, "response", sight, found.row_id):
            raise NotFound(NO_SUCH)
    return found


def find_observation(
    deployment: Deployment, clinic: str, response_id: str, part: str, sight: Sight = WHOLE_SIGHT
) -> ObservedPart:
    """Return one Observation; one that a correction took away comes as withdrawn. Raises ``NotFound``."""
    with deployment.database.read() as tx:
        found = newest_version_with(tx, clinic, response_id, part)
        if found is None or not is_in_sight(tx, clinic, "observation", sight, found.row_id, part):
            raise NotFound(NO_SUCH)
    filled = filled_from(found, deployment.known)
    return ObservedPart(filled, part, found.believed_until)


def find_alert_row(
    deployment: Deployment,
    clinic: str,
    alert_id: str,
    version: int | None = None,
    sight: Sight = WHOLE_SIGHT,
) -> AlertRow:
    """Return the current version of an alert, or the one asked for; raises ``NotFound``."""
    with deployment.database.read() as tx:
        found = find_alert(tx, clinic, alert_id, version)
        if found is None or not is_in_sight(tx, clinic, "alert", sight, found.row_id):
            raise NotFound(NO_SUCH)
    return found


def find_identified(
    deployment: Deployment,
    clinic: str,
    identifiers: tuple[tuple[str | None, str | None], ...],
    limit: int,
    sight: Sight = WHOLE_SIGHT,
) -> list[ResponseVersion]:
    """Return at most ``limit`` current responses that carry one of these identifiers (system, value)."""
    condition = PairOneOf(("identifier_system", "identifier_value"), identifiers)
    search = ChartSearch((condition,), Page(limit), counted=False, sight=sight)
    return list(search_responses(deployment, clinic, search).items)


def search_kind(
    deployment: Deployment,
    clinic: str,
    kind: Kind,
    search: ChartSearch,
    load: Callable[[Tx, Sequence[Place]], list[Item]],
) -> FoundPage[Item]:
    """Return one page of one kind of thing; ``load`` reads what stands at its places."""
    page, limit = search.page, search.page.limit
    with deployment.database.read() as tx:
        conditions = _all_of(tx, clinic, kind, search)
        places = find_places(tx, clinic, kind, conditions, replace(page, limit=limit + 1))
        total = count_places(tx, clinic, kind, conditions, page.upto) if search.counted else None
        items = load(tx, places[:limit])
        upto = newest_row(tx, clinic, kind) if page.upto is None else page.upto
        identified = _identified(tx, clinic, search)
    last = places[limit - 1] if 0 < limit < len(places) else None
    after = (last.at, last.row_id) if last else None
    return FoundPage(tuple(items), total, after, upto, identified=identified)


def _all_of(tx: Tx, clinic: str, kind: Kind, search: ChartSearch) -> list[Condition]:
    """Return what is asked for, and what is in sight of it: so counts and pages know nothing else."""
    return [
        *(_stored(tx, clinic, condition) for condition in search.conditions),
        *search.sight.conditions_on(kind),
    ]


def _newest(tx: Tx, version: ResponseVersion, sight: Sight) -> ResponseVersion:
    """Return the current version of one that a later page still has in its place: none is shown outdated.

    CAUTION: one that left the sight since then is not shown as it is now.
    """
    if version.believed_until is None:
        return version
    found = find_current(tx, version.clinic, version.id)
    is_seen = found and is_in_sight(tx, version.clinic, "response", sight, found.row_id)
    return found if found and is_seen else version


def _newest_with(tx: Tx, version: ResponseVersion, part: str, sight: Sight) -> ResponseVersion:
    """Return the newest version that gives an Observation; an ended one was the last to give it."""
    if version.believed_until is None:
        return version
    found = newest_version_with(tx, version.clinic, version.id, part)
    is_seen = found and is_in_sight(tx, version.clinic, "observation", sight, found.row_id, part)
    return found if found and is_seen else version


def _newest_alert(tx: Tx, clinic: str, row: AlertRow, sight: Sight) -> AlertRow:
    if row.believed_until is None:
        return row
    found = find_alert(tx, clinic, row.id)
    is_seen = found and is_in_sight(tx, clinic, "alert", sight, found.row_id)
    return found if found and is_seen else row


def _identified(tx: Tx, clinic: str, search: ChartSearch) -> Identified:
    """Return whom the identifiers name that were asked for: the answer about the most doubtful of them.

    Who does not see everybody is not told that there are others.
    """
    found: Identified = "one"
    for condition in search.conditions if search.sight.is_whole else ():
        if not isinstance(condition, OfIdentified):
            continue
        named = [len(patients_identified(tx, clinic, *one)) for one in condition.identifiers]
        if max(named) > 1:
            return "several"
        found = found if any(named) else "nobody"
    return found


def _stored(tx: Tx, clinic: str, condition: Condition | Implicated | Traced) -> Condition:
    """Return a condition that the store can answer: it keeps evidence as text, so alerts are read."""
    if isinstance(condition, Traced):
        return OneOf("row", tuple(rows_giving(tx, clinic, condition.observations)))
    if not isinstance(condition, Implicated):
        return condition
    wanted = set(condition.observations)
    beside = alerts_beside(tx, clinic, sorted({response_id for response_id, _ in wanted}))
    rows = [row.row_id for row in beside if wanted & _evidence(row)]
    return OneOf("row", tuple(row for row in rows if row is not None))


def _evidence(row: AlertRow) -> set[tuple[str, str]]:
    seen = alert_facts(row).evidence
    return {(one.response_id, one.part) for one in seen if one.part is not None}
