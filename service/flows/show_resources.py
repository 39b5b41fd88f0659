"""Stored rows as the FHIR door serves them: each resource with our id, version and moment."""

from collections.abc import Callable
from typing import Any

from fhir_mappings import json_text
from fhir_mappings.alert import AlertFacts, to_detected_issue
from fhir_mappings.codes import Names
from fhir_mappings.elements import Json, extension, reference, with_labels
from fhir_mappings.filled import Filled
from fhir_mappings.foreign_markup import without_harmful_markup
from fhir_mappings.observation import to_observations, to_withdrawn
from fhir_mappings.provenance import to_provenance
from fhir_mappings.response import to_response
from service.flows.deployment import Deployment
from service.flows.load import alert_facts, filled_from
from service.store.alerts import AlertRow
from service.store.responses import ResponseVersion


def response_as_served(version: ResponseVersion, deployment: Deployment) -> Json:
    """Return one version as it is served: as sent, with our id, version, moment and status.

    With the clinic's security labels beside the sender's. The text of its numbers is the sender's. Markup of
    the sender's that could act or lead elsewhere is left out. One that came as plain JSON is written anew.
    """

    def written_anew() -> Json:
        return to_response(filled_from(version, deployment.known), deployment.names)

    sent = _sent_resource(version)
    if sent is None:
        return written_anew()
    ours = {"versionId": str(version.version), "lastUpdated": version.believed_from}
    meta = sent.get("meta", {}) | ours
    meta["security"] = with_labels(meta.get("security", []), deployment.names)
    head = {"resourceType": sent["resourceType"], "id": version.id, "meta": meta}
    resource = head | {key: value for key, value in sent.items() if key not in head}
    resource["status"] = version.status
    resource |= _learnt_session(resource, version, deployment)
    return without_harmful_markup(resource, lambda: written_anew()["text"])


def observations_as_served(filled: Filled, deployment: Deployment) -> list[Json]:
    """Return the Observations of a version, members first, the panel last; maybe none."""
    return to_observations(filled, deployment.names, extra_codings=deployment.extra_codings)


def withdrawn_as_served(observation: Json, filled: Filled, withdrawn_at: str) -> Json:
    """Return an Observation that a later version than ``filled`` took away, as entered in error.

    It has the version that took it away: the one before is still in callers' caches.
    """
    meta = {"versionId": str(filled.version + 1), "lastUpdated": withdrawn_at}
    return to_withdrawn(observation | {"meta": observation["meta"] | meta})


def provenance_as_served(filled: Filled, observations: tuple[str, ...], deployment: Deployment) -> Json:
    """Return the Provenance of the Observations, by their ids, that a version gave or took away."""
    recorded = filled.last_updated
    targets = [f"Observation/{one}" for one in observations]
    resource = to_provenance(filled, targets, recorded, deployment.names)
    # Nothing about a version changes any more once it was recorded.
    return resource | {"meta": {"versionId": "1", "lastUpdated": recorded} | resource["meta"]}


def alert_as_served(
    row: AlertRow, deployment: Deployment, write: Callable[[AlertFacts, Names], Json] = to_detected_issue
) -> Json:
    """Return one version of an alert as DetectedIssue, or as what ``write`` makes of it: Task, Flag."""
    resource = write(alert_facts(row), deployment.names)
    resource["meta"]["lastUpdated"] = row.believed_from
    return resource


def _learnt_session(resource: Json, version: ResponseVersion, deployment: Deployment) -> Json:
    """Return the extensions with what its Encounter said of the session, where it says nothing itself."""
    names, given = deployment.names, resource.get("extension", [])
    said = {one.get("url") for one in given}
    therapist, day = names.extension("therapist"), names.extension("session-date")
    more = []
    if version.therapist and therapist not in said:
        more.append(extension(therapist, valueReference=reference(version.therapist)))
    if day not in said and version.session_date != version.authored[: len(version.session_date)]:
        more.append(extension(day, valueDate=version.session_date))
    return {"extension": [*given, *more]} if more else {}


def _sent_resource(version: ResponseVersion) -> dict[str, Any] | None:
    # Whichever door a response came to first, a correction may have come to the other.
    sent = json_text.loads(version.body)
    is_fhir = isinstance(sent, dict) and sent.get("resourceType") == "QuestionnaireResponse"
    return sent if is_fhir else None
