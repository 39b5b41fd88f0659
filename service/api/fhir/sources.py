"""Where the door's resources come from: definitions from the instruments, the rest from the chart."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any, Protocol, runtime_checkable

from fastapi import Request

from fhir_mappings.flag import to_flag
from fhir_mappings.observation import observation_id
from fhir_mappings.task import to_task
from fhir_mappings.terminology import served_definitions
from service.api.fhir.answers import Shown, ShownPage
from service.api.fhir.audit_source import AuditEvents
from service.api.fhir.definitions import Definitions
from service.api.fhir.history import ShownHistory, ShownVersion
from service.api.fhir.search_request import SearchRequest
from service.api.fhir.subscription_source import Subscriptions
from service.api.fhir.values import observation_pair
from service.api.fhir.work_sources import AlertWork, Provenances, chart_search, shown_page, version_number
from service.api.security import sight_for
from service.flows.deployment import Deployment
from service.flows.read_history import (
    HistoryPage,
    HistoryQuery,
    alert_history,
    find_alert_version,
    find_observation_version,
    observation_history,
    response_history,
)
from service.flows.search_chart import (
    Item,
    ObservedPart,
    find_alert_row,
    find_observation,
    find_response,
    search_alerts,
    search_last_observations,
    search_observations,
    search_responses,
)
from service.flows.show_resources import (
    alert_as_served,
    observations_as_served,
    response_as_served,
    withdrawn_as_served,
)
from service.store.alerts import AlertRow
from service.store.responses import ResponseVersion
from service.store.sight import WHOLE_SIGHT, Sight


class Source(Protocol):
    """The resources of one type."""

    def read(self, resource_id: str) -> Shown:
        """Return one resource; raises ``NotFound``."""

    def read_version(self, resource_id: str, version: str) -> Shown:
        """Return one version of a resource; raises ``NotFound``."""

    def search(self, asked: SearchRequest) -> ShownPage:
        """Return one page of those that fit."""


@runtime_checkable
class Chart(Source, Protocol):
    """The resources of one type that change, and keep what they were before."""

    def history(self, resource_id: str, query: HistoryQuery) -> ShownHistory:
        """Return one page of a resource's versions; raises ``NotFound``."""


def sources(deployment: Deployment) -> Mapping[str, Source]:
    """Return the source of every type that the door offers, with everything in sight."""

    @cache
    def definitions() -> list[dict[str, Any]]:
        return served_definitions(deployment.instruments, deployment.names)

    def of_kind(kind: str) -> list[dict[str, Any]]:
        return [one for one in definitions() if one["resourceType"] == kind]

    return {
        **{
            kind: Definitions(partial(of_kind, kind))
            for kind in ("Questionnaire", "CodeSystem", "ValueSet", "StructureDefinition")
        },
        "QuestionnaireResponse": Responses(deployment),
        "Observation": Observations(deployment),
        "DetectedIssue": DetectedIssues(deployment),
        "Task": AlertWork(deployment, to_task),
        "Flag": AlertWork(deployment, to_flag),
        "Provenance": Provenances(deployment),
        "AuditEvent": AuditEvents(deployment),
        "Subscription": Subscriptions(deployment),
    }


def seen_by(source: Source, sight: Sight) -> Source:
    """Return a source with only this in sight; definitions are about nobody and stay as they are."""
    return source if isinstance(source, Definitions) else replace(source, sight=sight)  # type: ignore[type-var] # all of them are such classes


def chart_seen_by(source: Chart, sight: Sight) -> Chart:
    """Return a source of what changes with only this in sight."""
    return replace(source, sight=sight)  # type: ignore[type-var] # all of them are such classes


def shelf_of(request: Request, by_type: Mapping[str, Source]) -> Mapping[str, Source]:
    """Return the sources of the types that the caller of a request may search, as far as it may see them."""
    seen = {kind: sight_for(request, kind) for kind in by_type}
    return {kind: seen_by(source, seen[kind]) for kind, source in by_type.items() if seen[kind].parts}


@dataclass(frozen=True, slots=True)
class Responses:
    """QuestionnaireResponses: what the caller sent, or what we make of a response that came as plain JSON."""

    deployment: Deployment
    sight: Sight = WHOLE_SIGHT

    def read(self, resource_id: str) -> Shown:
        """Return the current version; raises ``NotFound``."""
        return show_response(
            find_response(self.deployment, self.deployment.clinic, resource_id, sight=self.sight),
            self.deployment,
        )

    def read_version(self, resource_id: str, version: str) -> Shown:
        """Return one version; raises ``NotFound``."""
        number = version_number(version)
        found = find_response(self.deployment, self.deployment.clinic, resource_id, number, self.sight)
        return show_response(found, self.deployment)

    def history(self, resource_id: str, query: HistoryQuery) -> ShownHistory:
        """Return one page of a response's versions; raises ``NotFound``."""
        page = response_history(self.deployment, self.deployment.clinic, resource_id, query, self.sight)
        return _shown_history(page, lambda one: show_response(one, self.deployment))

    def search(self, asked: SearchRequest) -> ShownPage:
        """Return one page of current responses."""
        found = search_responses(self.deployment, self.deployment.clinic, chart_search(asked, self.sight))
        return shown_page(found, lambda one: show_response(one, self.deployment))


@dataclass(frozen=True, slots=True)
class Observations:
    """Observations, made of the stored responses when they are asked for."""

    deployment: Deployment
    sight: Sight = WHOLE_SIGHT

    def read(self, resource_id: str) -> Shown:
        """Return one Observation; one that a correction took away is in error. Raises ``NotFound``."""
        response_id, part = observation_pair(resource_id)
        found = find_observation(self.deployment, self.deployment.clinic, response_id, part, self.sight)
        return self._show(found)

    def read_version(self, resource_id: str, version: str) -> Shown:
        """Return one version of an Observation: it has its response's number. Raises ``NotFound``."""
        response_id, part = observation_pair(resource_id)
        number = version_number(version)
        return self._show(
            find_observation_version(
                self.deployment, self.deployment.clinic, response_id, part, number, self.sight
            )
        )

    def history(self, resource_id: str, query: HistoryQuery) -> ShownHistory:
        """Return one page of an Observation's versions; raises ``NotFound``."""
        response_id, part = observation_pair(resource_id)
        page = observation_history(
            self.deployment, self.deployment.clinic, response_id, part, query, self.sight
        )
        return _shown_history(page, self._show)

    def search(self, asked: SearchRequest) -> ShownPage:
        """Return one page of current Observations."""
        search = chart_search(asked, self.sight)
        found = search_observations(self.deployment, self.deployment.clinic, search)
        return shown_page(found, self._show)

    def last_of_each_code(self, asked: SearchRequest, per_code: int) -> ShownPage:
        """Return the newest Observations of each code that fit, newest first."""
        search = chart_search(asked, self.sight)
        found = search_last_observations(self.deployment, self.deployment.clinic, search, per_code)
        return shown_page(found, self._show)

    def _show(self, observed: ObservedPart) -> Shown:
        filled = observed.filled
        wanted = observation_id(filled.id, observed.part)
        made = observations_as_served(filled, self.deployment)
        resource = next(one for one in made if one["id"] == wanted)
        if observed.withdrawn_at is not None:
            resource = withdrawn_as_served(resource, filled, observed.withdrawn_at)
        meta = resource["meta"]
        return Shown(resource, meta["versionId"], meta["lastUpdated"], filled.patient)


@dataclass(frozen=True, slots=True)
class DetectedIssues:
    """Rupture alerts as DetectedIssues."""

    deployment: Deployment
    sight: Sight = WHOLE_SIGHT

    def read(self, resource_id: str) -> Shown:
        """Return the current version; raises ``NotFound``."""
        found = find_alert_row(self.deployment, self.deployment.clinic, resource_id, sight=self.sight)
        return self._show(found)

    def read_version(self, resource_id: str, version: str) -> Shown:
        """Return one version of an alert, as what it saw then; raises ``NotFound``."""
        return self._show(
            find_alert_version(
                self.deployment, self.deployment.clinic, resource_id, version_number(version), self.sight
            )
        )

    def history(self, resource_id: str, query: HistoryQuery) -> ShownHistory:
        """Return one page of an alert's versions; raises ``NotFound``."""
        return _shown_history(
            alert_history(self.deployment, self.deployment.clinic, resource_id, query, self.sight),
            self._show,
        )

    def search(self, asked: SearchRequest) -> ShownPage:
        """Return one page of current alerts, historical ones too: this is the record, not a notice."""
        search = chart_search(asked, self.sight)
        return shown_page(search_alerts(self.deployment, self.deployment.clinic, search), self._show)

    def _show(self, row: AlertRow) -> Shown:
        resource = alert_as_served(row, self.deployment)
        return Shown(resource, str(row.version), row.believed_from, row.patient)


def show_response(version: ResponseVersion, deployment: Deployment) -> Shown:
    """Return one version of a response as it is answered."""
    resource = response_as_served(version, deployment)
    return Shown(resource, str(version.version), version.believed_from, version.patient)


def _shown_history(page: HistoryPage[Item], show: Callable[[Item], Shown]) -> ShownHistory:
    versions = [ShownVersion(show(one.item), one.is_first) for one in page.items]
    return ShownHistory(versions, page.total, page.next_below)
