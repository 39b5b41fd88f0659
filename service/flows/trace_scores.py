"""Which version of a response gave which Observations, or took them away: what a Provenance tells."""

from collections.abc import Sequence
from dataclasses import dataclass

from fhir_mappings.filled import Filled
from fhir_mappings.observation import observation_id, observation_parts
from service.errors import NotFound
from service.flows.deployment import Deployment
from service.flows.load import filled_from
from service.flows.search_chart import NO_SUCH, ChartSearch, FoundPage, search_kind
from service.store.database import Tx
from service.store.responses import ResponseVersion, find_version
from service.store.search import Place, is_in_sight, versions_by_row
from service.store.sight import WHOLE_SIGHT, Sight


@dataclass(frozen=True, slots=True)
class TracedVersion:
    """One version and the ids of its Observations: those that it gave, then those that it took away."""

    filled: Filled
    observations: tuple[str, ...]


def search_traces(deployment: Deployment, clinic: str, search: ChartSearch) -> FoundPage[TracedVersion]:
    """Return the versions that gave or took away Observations, by the moment they were recorded."""

    def load(tx: Tx, places: Sequence[Place]) -> list[TracedVersion]:
        versions = versions_by_row(tx, [place.owner_row for place in places])
        return [trace_version(tx, versions[place.owner_row], deployment) for place in places]

    return search_kind(deployment, clinic, "trace", search, load)


def find_trace(
    deployment: Deployment, clinic: str, response_id: str, version: int, sight: Sight = WHOLE_SIGHT
) -> TracedVersion:
    """Return one version; raises ``NotFound``, also where it neither gave nor took away an Observation."""
    with deployment.database.read() as tx:
        stored = find_version(tx, clinic, response_id, version)
        is_seen = stored and is_in_sight(tx, clinic, "trace", sight, stored.row_id)
        found = trace_version(tx, stored, deployment) if stored and is_seen else None
    if found is None or not found.observations:
        raise NotFound(NO_SUCH)
    return found


def trace_version(tx: Tx, stored: ResponseVersion, deployment: Deployment) -> TracedVersion:
    """Return what one version gave and took away, maybe nothing."""
    filled = filled_from(stored, deployment.known)
    given = observation_parts(filled)
    before = find_version(tx, stored.clinic, stored.id, stored.version - 1)
    earlier = observation_parts(filled_from(before, deployment.known)) if before else ()
    parts = [*given, *(part for part in earlier if part not in given)]
    return TracedVersion(filled, tuple(observation_id(filled.id, part) for part in parts))
