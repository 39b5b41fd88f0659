"""What an alert asks for, as Task and Flag, and how scores came about, as Provenance."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from fhir_mappings.alert import AlertFacts
from fhir_mappings.codes import Names
from service.api.fhir.answers import Shown, ShownPage
from service.api.fhir.definition_search import DefinitionCondition
from service.api.fhir.search_request import SearchRequest
from service.api.fhir.trace_parameters import provenance_pair
from service.errors import NotFound
from service.flows.deployment import Deployment
from service.flows.search_chart import NO_SUCH, ChartSearch, FoundPage, Item, find_alert_row, search_alerts
from service.flows.show_resources import alert_as_served, provenance_as_served
from service.flows.trace_scores import TracedVersion, find_trace, search_traces
from service.store.alerts import AlertRow
from service.store.sight import WHOLE_SIGHT, Sight

DOUBTS: Mapping[str, str] = MappingProxyType(
    {
        "nobody": "No patient is known here by this identifier, so nothing could be looked for.",
        "several": "Several patients are said to have this identifier, so nothing of them is shown: name its "
        "system, ask for the patient, or merge those who are one.",
    }
)
# The database's own integers have 32 bits.
_LONGEST_VERSION = 9


@dataclass(frozen=True, slots=True)
class AlertWork:
    """Tasks or Flags of the rupture alerts; a historical alert makes none."""

    deployment: Deployment
    write: Callable[[AlertFacts, Names], dict[str, Any]]
    sight: Sight = WHOLE_SIGHT

    def read(self, resource_id: str) -> Shown:
        """Return the current version; raises ``NotFound``."""
        found = find_alert_row(self.deployment, self.deployment.clinic, resource_id, sight=self.sight)
        return self._show(found)

    def read_version(self, resource_id: str, version: str) -> Shown:
        """Return one version; raises ``NotFound``."""
        number = version_number(version)
        found = find_alert_row(self.deployment, self.deployment.clinic, resource_id, number, self.sight)
        return self._show(found)

    def search(self, asked: SearchRequest) -> ShownPage:
        """Return one page of current ones."""
        search = chart_search(asked, self.sight)
        found = search_alerts(self.deployment, self.deployment.clinic, search, kind="work")
        return shown_page(found, self._show)

    def _show(self, row: AlertRow) -> Shown:
        if row.historical:
            raise NotFound(NO_SUCH)
        resource = alert_as_served(row, self.deployment, self.write)
        return Shown(resource, str(row.version), row.believed_from, row.patient)


@dataclass(frozen=True, slots=True)
class Provenances:
    """Who computed the scores of each version of a response, and from what: what EHRs receive as well."""

    deployment: Deployment
    sight: Sight = WHOLE_SIGHT

    def read(self, resource_id: str) -> Shown:
        """Return the Provenance of one version; raises ``NotFound``."""
        response_id, version = provenance_pair(resource_id)
        number = version_number(version)
        found = find_trace(self.deployment, self.deployment.clinic, response_id, number, self.sight)
        return self._show(found)

    def read_version(self, resource_id: str, version: str) -> Shown:
        """Return the one version that a Provenance has; raises ``NotFound``."""
        if version != "1":
            raise NotFound(NO_SUCH)
        return self.read(resource_id)

    def search(self, asked: SearchRequest) -> ShownPage:
        """Return one page, by the moment of recording."""
        search = chart_search(asked, self.sight)
        found = search_traces(self.deployment, self.deployment.clinic, search)
        return shown_page(found, self._show)

    def _show(self, traced: TracedVersion) -> Shown:
        resource = provenance_as_served(traced.filled, traced.observations, self.deployment)
        return Shown(resource, "1", traced.filled.last_updated, traced.filled.patient)


def version_number(text: str) -> int:
    """Return the number of a version as it stands in an address; 0, which none has, for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _LONGEST_VERSION else 0


def chart_search(asked: SearchRequest, sight: Sight) -> ChartSearch:
    """Return a search of what is in sight as the chart takes it."""
    conditions = tuple(one for one in asked.asked if not isinstance(one, DefinitionCondition))
    return ChartSearch(conditions, asked.page, asked.counted, sight)


def shown_page(found: FoundPage[Item], show: Callable[[Item], Shown]) -> ShownPage:
    """Return a page of the chart as it is shown."""
    items = [show(item) for item in found.items]
    notes = (DOUBTS[found.identified],) if found.identified in DOUBTS else ()
    return ShownPage(items, found.total, found.next_after, found.upto, notes)
