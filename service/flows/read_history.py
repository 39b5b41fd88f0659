"""Read what a response, a score or an alert was before: one version, or all of them, the newest first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from service.errors import NotFound
from service.flows.deployment import Deployment
from service.flows.load import load_filled
from service.flows.search_chart import NO_SUCH, ObservedPart
from service.store.alerts import AlertRow, find_alert
from service.store.database import Tx
from service.store.history import PastVersion, alert_versions, response_versions, versions_with
from service.store.responses import ResponseVersion, find_version
from service.store.search import is_in_sight
from service.store.sight import WHOLE_SIGHT, Sight

Item = TypeVar("Item")
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class HistoryQuery:
    """Which versions: those that began at or after ``since``, below a version, at most so many."""

    limit: int
    since: str | None = None
    below: int | None = None


@dataclass(frozen=True, slots=True)
class Past(Generic[Item]):
    """One version of something; ``is_first``: it had none before."""

    item: Item
    is_first: bool


@dataclass(frozen=True, slots=True)
class HistoryPage(Generic[Item]):
    """One page of versions; ``total`` counts all that fit, ``next_below`` is None at the end."""

    items: tuple[Past[Item], ...]
    total: int
    next_below: int | None


def response_history(
    deployment: Deployment, clinic: str, response_id: str, query: HistoryQuery, sight: Sight = WHOLE_SIGHT
) -> HistoryPage[ResponseVersion]:
    """Return one page of a response's versions; raises ``NotFound``."""
    with deployment.database.read() as tx:
        versions = response_versions(tx, clinic, response_id, sight)
        return _page(versions, query, lambda one: _there(find_version(tx, clinic, response_id, one.version)))


def alert_history(
    deployment: Deployment, clinic: str, alert_id: str, query: HistoryQuery, sight: Sight = WHOLE_SIGHT
) -> HistoryPage[AlertRow]:
    """Return one page of an alert's versions; raises ``NotFound``."""
    with deployment.database.read() as tx:
        versions = alert_versions(tx, clinic, alert_id, sight)
        return _page(versions, query, lambda one: _there(find_alert(tx, clinic, alert_id, one.version)))


def observation_history(  # noqa: PLR0917 - an Observation is named by two
    deployment: Deployment,
    clinic: str,
    response_id: str,
    part: str,
    query: HistoryQuery,
    sight: Sight = WHOLE_SIGHT,
) -> HistoryPage[ObservedPart]:
    """Return one page of an Observation's versions; raises ``NotFound``."""
    with deployment.database.read() as tx:
        versions = _observed(tx, clinic, response_id, part, sight)
        return _page(
            list(versions), query, lambda one: _load(tx, deployment, clinic, response_id, versions[one])
        )


def find_alert_version(
    deployment: Deployment, clinic: str, alert_id: str, version: int, sight: Sight = WHOLE_SIGHT
) -> AlertRow:
    """Return one version of an alert; raises ``NotFound``."""
    with deployment.database.read() as tx:
        found = _there(find_alert(tx, clinic, alert_id, version))
        if not is_in_sight(tx, clinic, "alert", sight, found.row_id):
            raise NotFound(NO_SUCH)
    return found


def find_observation_version(  # noqa: PLR0917 - an Observation is named by two
    deployment: Deployment,
    clinic: str,
    response_id: str,
    part: str,
    version: int,
    sight: Sight = WHOLE_SIGHT,
) -> ObservedPart:
    """Return one version of an Observation; raises ``NotFound``."""
    with deployment.database.read() as tx:
        for past, shown in _observed(tx, clinic, response_id, part, sight).items():
            if past.version == version:
                return _load(tx, deployment, clinic, response_id, shown)
    raise NotFound(NO_SUCH)


@dataclass(frozen=True, slots=True)
class _Shown:
    """From which version of the response an Observation is made, and when one took it away."""

    part: str
    version: int
    withdrawn_at: str | None


def _observed(tx: Tx, clinic: str, response_id: str, part: str, sight: Sight) -> dict[PastVersion, _Shown]:
    """Return an Observation's versions, the oldest first: those that gave it and those that took it away.

    Whoever may see that it was given may see that it was taken away.
    """
    gave = versions_with(tx, clinic, response_id, part, sight)
    found = {}
    for past in response_versions(tx, clinic, response_id):
        if past.version in gave:
            found[past] = _Shown(part, past.version, None)
        elif past.version - 1 in gave:
            found[past] = _Shown(part, past.version - 1, past.at)
    return found


def _load(tx: Tx, deployment: Deployment, clinic: str, response_id: str, shown: _Shown) -> ObservedPart:
    filled = load_filled(tx, clinic, response_id, shown.version, deployment.known)
    return ObservedPart(filled, shown.part, shown.withdrawn_at)


def _page(
    versions: Sequence[PastVersion], query: HistoryQuery, load: Callable[[PastVersion], Item]
) -> HistoryPage[Item]:
    if not versions:
        raise NotFound(NO_SUCH)
    wanted = [one for one in reversed(versions) if query.since is None or one.at >= query.since]
    rest = [one for one in wanted if query.below is None or one.version < query.below]
    shown = rest[: query.limit]
    items = tuple(Past(load(one), one == versions[0]) for one in shown)
    next_below = shown[-1].version if 0 < len(shown) < len(rest) else None
    return HistoryPage(items, len(wanted), next_below)


def _there(found: Found | None) -> Found:
    if found is None:
        raise NotFound(NO_SUCH)
    return found
