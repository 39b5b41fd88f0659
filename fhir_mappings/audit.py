"""One access, search, change, refusal or disclosure -> AuditEvent, after IHE's Basic Audit Log Patterns.

Source: profiles.ihe.net/ITI/BALP (1.1.3): Create, Read, Update, Delete, Query, each also with a patient, and
PrivacyDisclosure.Source. Where we differ: a query entity holds the names of the parameters, never a value; an
address that is not known is left out; a failure has the same shape, with its outcome.
"""

import re
from base64 import b64encode
from dataclasses import dataclass

from fhir_mappings.codes import (
    AUDIT_ENTITY,
    AUDIT_EVENT,
    AUDIT_OBJECT_ROLE,
    AUDIT_SOURCE,
    BALP_ENTITY,
    DICOM,
    LIFECYCLE,
    PARTICIPATION_TYPE,
    PROVENANCE_PARTICIPANT,
    REST_INTERACTION,
    Names,
)
from fhir_mappings.elements import Json, coding, concept, labels, narrative, reference, service_reference

DISCLOSE = "disclose"
# What FHIR calls an interaction with a server; anything else was done at the command line or by the worker.
REST = "rest"
_SEARCHES = ("search-type",)
_READS = ("read", "vread", "history-instance")
_FIRST_REFUSAL, _FIRST_FAILURE = 400, 500
_ACTIVITY = coding(DICOM, "110100", "Application Activity")
_EXPORT = coding(DICOM, "110106", "Export")
_SOURCE, _DESTINATION = (
    coding(DICOM, "110153", "Source Role ID"),
    coding(DICOM, "110152", "Destination Role ID"),
)
_APPLICATION = coding(DICOM, "110150", "Application")
_USER = coding(PARTICIPATION_TYPE, "IRCP", "information recipient")
_REFERENCE = re.compile(r"(https?://\S+/)?(Practitioner|PractitionerRole)/[A-Za-z0-9\-.]{1,64}")
_CUSTODIAN = coding(PROVENANCE_PARTICIPANT, "custodian", "Custodian")


@dataclass(frozen=True, slots=True)
class AuditFacts:
    """One row of the audit. What is not known is ''.

    ``recorded`` is an instant; ``interaction`` FHIR's word, or ``disclose``; ``action`` one of C R U D E.
    ``status`` is that of HTTP. ``route`` is a route's template, or a word for what is none; ``query`` the
    names of search parameters, ``count`` how many alike it stands for. ``patient`` is a reference, None where
    the event is about nobody; '' for a patient who was erased since. ``server`` is our own address.
    ``person`` is who was behind the caller: a reference, or what their identity provider calls them.
    ``reason``: why it was refused, in a word.
    """

    id: str
    clinic: str
    recorded: str
    interaction: str
    action: str
    status: int
    caller: str
    address: str
    server: str
    route: str
    query: str
    resource: str
    subject: str
    patient: str | None
    request_id: str
    count: int = 1
    person: str = ""
    reason: str = ""


def outcome_of(status: int) -> str:
    """Return AuditEvent.outcome of an HTTP status: 0 success, 4 refused, 8 failed.

    Source: hl7.org/fhir/R4/valueset-audit-event-outcome.html.
    """
    if status < _FIRST_REFUSAL:
        return "0"
    return "4" if status < _FIRST_FAILURE else "8"


def to_audit_event(facts: AuditFacts, names: Names) -> Json:
    """Return the AuditEvent of one row. It has one version, for nothing about it changes."""
    security = {"security": labels(names)} if facts.patient is not None else {}
    many = f", {facts.count} times in a minute" if facts.count > 1 else ""
    return {
        "resourceType": "AuditEvent",
        "id": facts.id,
        "meta": {"versionId": "1", "lastUpdated": facts.recorded} | security,
        "text": narrative(f"{facts.interaction} by {facts.caller}: status {facts.status}{many}"),
        "type": event_type(facts.interaction, facts.route),
        "subtype": [event_subtype(facts.interaction)],
        "action": facts.action,
        "recorded": facts.recorded,
        "outcome": outcome_of(facts.status),
        "outcomeDesc": f"HTTP {facts.status}{many}{f': {facts.reason}' if facts.reason else ''}",
        "agent": _agents(facts, names),
        "source": {
            "site": facts.clinic,
            "observer": service_reference(),
            "type": [coding(AUDIT_SOURCE, "4", "Application Server")],
        },
        "entity": _entities(facts, names),
    }


def event_type(interaction: str, route: str) -> Json:
    """Return AuditEvent.type: a RESTful operation, an export, or what was done beside the doors."""
    if interaction == DISCLOSE:
        return dict(_EXPORT)
    return coding(AUDIT_EVENT, REST, "RESTful Operation") if route.startswith("/") else dict(_ACTIVITY)


def event_subtype(interaction: str) -> Json:
    """Return AuditEvent.subtype: FHIR's interaction, or a disclosure."""
    if interaction == DISCLOSE:
        return coding(LIFECYCLE, DISCLOSE, "Disclose Record Lifecycle Event")
    return coding(REST_INTERACTION, interaction, interaction)


def _agents(facts: AuditFacts, names: Names) -> list[Json]:
    """Return who asked and who answered; the roles of BALP: whence the record goes, and where to."""
    goes_out = facts.interaction in (*_READS, DISCLOSE)
    other, ours = (_DESTINATION, _SOURCE) if goes_out else (_SOURCE, _DESTINATION)
    if facts.interaction == "delete":
        other, ours = _APPLICATION, _CUSTODIAN
    asked = facts.interaction != DISCLOSE
    caller = {
        "type": concept(dict(other)),
        "who": {"identifier": {"system": names.identifier("caller"), "value": facts.caller}},
        "altId": facts.caller,
        "requestor": asked and not facts.person,
    }
    if facts.address:
        caller["network"] = {"address": facts.address, "type": "2"}
    return [
        caller,
        *([_person(facts.person, names)] if facts.person else ()),
        {
            "type": concept(dict(ours)),
            "who": service_reference(),
            "requestor": not asked,
            "network": {"address": facts.server, "type": "5"},
        },
    ]


def _person(person: str, names: Names) -> Json:
    """Return the agent that BALP calls *user*: who asked by way of the caller."""
    known = _REFERENCE.fullmatch(person)
    named = {"identifier": {"system": names.identifier("person"), "value": person}}
    return {
        "type": concept(dict(_USER)),
        "who": reference(person) if known else named,
        "requestor": True,
    }


def _entities(facts: AuditFacts, names: Names) -> list[Json]:
    found = [_transaction(facts)]
    if facts.patient is not None:
        found.append(_entity("1", "Person", "1", "Patient") | {"what": _patient(facts.patient)})
    if facts.resource and facts.subject:
        what = reference(f"{facts.resource}/{facts.subject}")
        found.append(_entity("2", "System Object", "4", "Domain Resource") | {"what": what})
    elif facts.subject and not facts.subject.startswith("patient/"):
        found.append(_entity("2", "System Object", "20", "Job") | {"what": _ours(facts.subject, names)})
    if facts.interaction in _SEARCHES:
        asked = f"{facts.route}?{facts.query}" if facts.query else facts.route
        query = {"query": b64encode(asked.encode()).decode(), "description": asked}
        found.append(_entity("2", "System Object", "24", "Query") | query)
    return found


def _transaction(facts: AuditFacts) -> Json:
    return {
        "what": {"identifier": {"value": facts.request_id}},
        "type": coding(BALP_ENTITY, "XrequestId"),
    }


def _patient(patient: str) -> Json:
    return reference(patient) if patient else {"type": "Patient", "display": "A patient erased since"}


def _ours(subject: str, names: Names) -> Json:
    return {"identifier": {"system": names.identifier("audited"), "value": subject}}


def _entity(kind: str, kind_words: str, role: str, role_words: str) -> Json:
    return {
        "type": coding(AUDIT_ENTITY, kind, kind_words),
        "role": coding(AUDIT_OBJECT_ROLE, role, role_words),
    }
