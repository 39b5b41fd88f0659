"""Where the door's resources come from: definitions from the instruments, the rest from the chart."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from fhir_mappings import json_text
from fhir_mappings.alert import to_detected_issue
from fhir_mappings.observation import observation_id, to_observations, to_withdrawn
from fhir_mappings.response import to_response
from fhir_mappings.terminology import served_definitions
from service.api.fhir.answers import Shown, ShownPage
from service.api.fhir.history import ShownHistory, ShownVersion
from service.api.fhir.offered import ElementIs
from service.api.fhir.parameters import observation_pair
from service.api.fhir.search_request import SearchRequest
from service.api.security import CLINIC
from service.errors import NotFound
from service.flows.deployment import Deployment
from service.flows.load import alert_facts, filled_from
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
    NO_SUCH,
    ChartSearch,
    FoundPage,
    Item,
    ObservedPart,
    find_alert_row,
    find_observation,
    find_response,
    search_alerts,
    search_observations,
    search_responses,
)
from service.store.alerts import AlertRow
from service.store.responses import ResponseVersion

# Definitions never change under one id.
ONLY_VERSION = "1"
_DIGITS_OVER_32_BITS = 10


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
    """Return the source of every type that the door offers."""
    made = served_definitions(deployment.instruments, deployment.names)
    return {
        **{
            kind: Definitions([one for one in made if one["resourceType"] == kind])
            for kind in ("Questionnaire", "CodeSystem", "ValueSet", "StructureDefinition")
        },
        "QuestionnaireResponse": Responses(deployment),
        "Observation": Observations(deployment),
        "DetectedIssue": DetectedIssues(deployment),
    }


class Definitions:
    """Forms and codes; they are the same for every caller, and have one version only under one id."""

    def __init__(self, resources: list[dict[str, Any]]) -> None:
        self._shown = {one["id"]: Shown(_with_version(one), ONLY_VERSION) for one in resources}

    def read(self, resource_id: str) -> Shown:
        """Return the definition with this id; raises ``NotFound``."""
        if resource_id not in self._shown:
            raise NotFound(NO_SUCH)
        return self._shown[resource_id]

    def read_version(self, resource_id: str, version: str) -> Shown:
        """Return the one version of a definition; raises ``NotFound``."""
        if version != ONLY_VERSION:
            raise NotFound(NO_SUCH)
        return self.read(resource_id)

    def search(self, asked: SearchRequest) -> ShownPage:
        """Return one page of the definitions that fit, in the order in which an EHR would take them."""
        wanted = [one for one in asked.asked if isinstance(one, ElementIs)]
        found = [
            one for one in self._shown.values() if all(_fits(one.resource, element) for element in wanted)
        ]
        start = asked.page.after[1] if asked.page.after else 0
        end = start + asked.page.limit
        after = ("", end) if start < end < len(found) else None
        return ShownPage(found[start:end], len(found) if asked.counted else None, after)


def _with_version(resource: dict[str, Any]) -> dict[str, Any]:
    return resource | {"meta": resource.get("meta", {}) | {"versionId": ONLY_VERSION}}


def _fits(resource: Mapping[str, Any], wanted: ElementIs) -> bool:
    value = str(resource.get(wanted.element, ""))
    if wanted.begins:
        return any(value.lower().startswith(one.lower()) for one in wanted.values)
    return value in wanted.values


def content_tag(resource: object) -> str:
    """Return a tag that changes when a resource does."""
    return hashlib.sha256(json_text.dumps(resource)).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Responses:
    """QuestionnaireResponses: what the caller sent, or what we make of a response that came as plain JSON."""

    deployment: Deployment

    def read(self, resource_id: str) -> Shown:
        """Return the current version; raises ``NotFound``."""
        return show_response(find_response(self.deployment, CLINIC, resource_id), self.deployment)

    def read_version(self, resource_id: str, version: str) -> Shown:
        """Return one version; raises ``NotFound``."""
        found = find_response(self.deployment, CLINIC, resource_id, _number(version))
        return show_response(found, self.deployment)

    def history(self, resource_id: str, query: HistoryQuery) -> ShownHistory:
        """Return one page of a response's versions; raises ``NotFound``."""
        page = response_history(self.deployment, CLINIC, resource_id, query)
        return _shown_history(page, lambda one: show_response(one, self.deployment))

    def search(self, asked: SearchRequest) -> ShownPage:
        """Return one page of current responses."""
        found = search_responses(self.deployment, CLINIC, _chart_search(asked))
        return _shown_page(found, lambda one: show_response(one, self.deployment))


@dataclass(frozen=True, slots=True)
class Observations:
    """Observations, made of the stored responses when they are asked for."""

    deployment: Deployment

    def read(self, resource_id: str) -> Shown:
        """Return one Observation; one that a correction took away is in error. Raises ``NotFound``."""
        response_id, part = observation_pair(resource_id)
        return self._show(find_observation(self.deployment, CLINIC, response_id, part))

    def read_version(self, resource_id: str, version: str) -> Shown:
        """Return one version of an Observation: it has its response's number. Raises ``NotFound``."""
        response_id, part = observation_pair(resource_id)
        number = _number(version)
        return self._show(find_observation_version(self.deployment, CLINIC, response_id, part, number))

    def history(self, resource_id: str, query: HistoryQuery) -> ShownHistory:
        """Return one page of an Observation's versions; raises ``NotFound``."""
        response_id, part = observation_pair(resource_id)
        page = observation_history(self.deployment, CLINIC, response_id, part, query)
        return _shown_history(page, self._show)

    def search(self, asked: SearchRequest) -> ShownPage:
        """Return one page of current Observations."""
        found = search_observations(self.deployment, CLINIC, _chart_search(asked))
        return _shown_page(found, self._show)

    def _show(self, observed: ObservedPart) -> Shown:
        filled = observed.filled
        wanted = observation_id(filled.id, observed.part)
        codings = self.deployment.extra_codings
        made = to_observations(filled, self.deployment.names, extra_codings=codings)
        resource = next(one for one in made if one["id"] == wanted)
        if observed.withdrawn_at is None:
            return Shown(resource, str(filled.version), filled.last_updated)
        # It has the version that took it away: the one before is still in callers' caches.
        tag = str(filled.version + 1)
        resource["meta"] |= {"versionId": tag, "lastUpdated": observed.withdrawn_at}
        return Shown(to_withdrawn(resource), tag, observed.withdrawn_at)


@dataclass(frozen=True, slots=True)
class DetectedIssues:
    """Rupture alerts as DetectedIssues."""

    deployment: Deployment

    def read(self, resource_id: str) -> Shown:
        """Return the current version; raises ``NotFound``."""
        return self._show(find_alert_row(self.deployment, CLINIC, resource_id))

    def read_version(self, resource_id: str, version: str) -> Shown:
        """Return one version of an alert, as what it saw then; raises ``NotFound``."""
        return self._show(find_alert_version(self.deployment, CLINIC, resource_id, _number(version)))

    def history(self, resource_id: str, query: HistoryQuery) -> ShownHistory:
        """Return one page of an alert's versions; raises ``NotFound``."""
        return _shown_history(alert_history(self.deployment, CLINIC, resource_id, query), self._show)

    def search(self, asked: SearchRequest) -> ShownPage:
        """Return one page of current alerts, historical ones too: this is the record, not a notice."""
        return _shown_page(search_alerts(self.deployment, CLINIC, _chart_search(asked)), self._show)

    def _show(self, row: AlertRow) -> Shown:
        resource = to_detected_issue(alert_facts(row), self.deployment.names)
        resource["meta"]["lastUpdated"] = row.believed_from
        return Shown(resource, str(row.version), row.believed_from)


def show_response(version: ResponseVersion, deployment: Deployment) -> Shown:
    """Return one version as it is served: as sent, with our id, version, moment and status.

    The text of its numbers is the sender's. A response that came as plain JSON is written anew.
    """
    sent = _sent_resource(version)
    if sent is None:
        resource = to_response(filled_from(version, deployment.known), deployment.names)
    else:
        ours = {"versionId": str(version.version), "lastUpdated": version.believed_from}
        meta = sent.get("meta", {}) | ours
        head = {"resourceType": sent["resourceType"], "id": version.id, "meta": meta}
        resource = head | {key: value for key, value in sent.items() if key not in head}
        resource["status"] = version.status
    return Shown(resource, str(version.version), version.believed_from)


def _sent_resource(version: ResponseVersion) -> dict[str, Any] | None:
    # Whichever door a response came to first, a correction may have come to the other.
    sent = json_text.loads(version.body)
    is_fhir = isinstance(sent, dict) and sent.get("resourceType") == "QuestionnaireResponse"
    return sent if is_fhir else None


def _number(version: str) -> int:
    """Return the number of a version, 0 (which none has) for any other text."""
    is_ours = version.isascii() and version.isdecimal() and len(version) < _DIGITS_OVER_32_BITS
    return int(version) if is_ours else 0


def _shown_history(page: HistoryPage[Item], show: Callable[[Item], Shown]) -> ShownHistory:
    versions = [ShownVersion(show(one.item), one.is_first) for one in page.items]
    return ShownHistory(versions, page.total, page.next_below)


def _chart_search(asked: SearchRequest) -> ChartSearch:
    conditions = tuple(one for one in asked.asked if not isinstance(one, ElementIs))
    return ChartSearch(conditions, asked.page, asked.counted)


def _shown_page(found: FoundPage[Item], show: Callable[[Item], Shown]) -> ShownPage:
    return ShownPage([show(item) for item in found.items], found.total, found.next_after)
