"""A rupture alert as Task: the work that it asks of the therapist, and how far that has come."""

from datetime import datetime, timedelta

from fhir_mappings.alert import AlertFacts, Severity
from fhir_mappings.alert_states import STATES, UNDER_WAY
from fhir_mappings.codes import Names
from fhir_mappings.elements import Json, coding, concept, labels, narrative, reference, service_reference
from fhir_mappings.vocabulary import (
    ALERT_STATUS_TERMS,
    ALERT_TASK_TERMS,
    DISMISSAL_REASON_TERMS,
)

REVIEW = ALERT_TASK_TERMS.terms[0]
# Sessions are weekly as a rule: in time is before or in the next one.
DAYS_IN_TIME = 7
# ``asap`` and ``stat`` would say more than scores can (hl7.org/fhir/R4/valueset-request-priority.html).
PRIORITIES: dict[Severity, str] = {"possible": "routine", "marked": "urgent"}
_NEED_A_REASON = ("failed", "rejected", "cancelled")


def to_task(alert: AlertFacts, names: Names) -> Json:
    """Return the Task of one version of an alert, in FHIR R4 JSON; its id is the alert's.

    It is wanted within ``DAYS_IN_TIME`` days of being raised, and lies with the dyad's therapist where
    known, until somebody takes it. ``executionPeriod`` begins when the alert was raised and ends with it;
    ``businessStatus`` is the alert's own status. A historical alert asks for no work: make no Task of it.
    Source: hl7.org/fhir/R4/task.html.
    """
    status, owner = STATES[alert.status].task, alert.owner or alert.therapist
    display = ALERT_STATUS_TERMS.display_of(alert.status)
    word = concept(coding(names.vocabulary(ALERT_STATUS_TERMS.id), alert.status, display))
    return {
        "resourceType": "Task",
        "id": alert.id,
        "meta": {"versionId": str(alert.version), "security": labels(names)},
        "text": narrative(alert.text),
        "identifier": [{"system": names.identifier("alert"), "value": alert.id}],
        "status": status,
        **({"statusReason": _reason(alert, word, names)} if status in _NEED_A_REASON else {}),
        "businessStatus": word,
        "intent": "order",
        "priority": PRIORITIES[alert.severity],
        "code": concept(coding(names.vocabulary(ALERT_TASK_TERMS.id), REVIEW.code, REVIEW.display)),
        "description": alert.text,
        "focus": reference(f"DetectedIssue/{alert.id}"),
        "for": reference(alert.patient),
        "executionPeriod": period_of(alert, ended=alert.status not in UNDER_WAY),
        "authoredOn": alert.raised_at,
        "lastModified": alert.updated_at,
        "requester": service_reference(),
        **({"owner": reference(owner)} if owner else {}),
        "restriction": {"period": {"end": _due(alert.raised_at)}},
        **({"output": [_outcome(word)]} if status == "completed" else {}),
    }


def period_of(alert: AlertFacts, *, ended: bool) -> Json:
    """Return the Period from raising an alert to its end, open where none did."""
    return {"start": alert.raised_at} | ({"end": alert.ended_at or alert.updated_at} if ended else {})


def _due(raised_at: str) -> str:
    return (datetime.fromisoformat(raised_at) + timedelta(days=DAYS_IN_TIME)).isoformat()


def _reason(alert: AlertFacts, word: Json, names: Names) -> Json:
    """Return why the work was not done to its end: as the person said who dismissed it, else the status."""
    if alert.dismissal is None:
        return word
    display = DISMISSAL_REASON_TERMS.display_of(alert.dismissal)
    return concept(coding(names.vocabulary(DISMISSAL_REASON_TERMS.id), alert.dismissal, display))


def _outcome(word: Json) -> Json:
    return {"type": {"text": "What became of the strain"}, "valueCodeableConcept": word}
