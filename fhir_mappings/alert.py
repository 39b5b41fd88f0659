"""A rupture alert as DetectedIssue: the record of a possible strain, never a finding of a rupture."""

from dataclasses import dataclass
from typing import Literal

from fhir_mappings.codes import Names
from fhir_mappings.elements import Json, coding, concept, labels, narrative, reference, service_reference
from fhir_mappings.observation import observation_id
from fhir_mappings.terminology import POSSIBLE_STRAIN, POSSIBLE_STRAIN_DISPLAY

AlertStatus = Literal[
    "open",
    "acknowledged",
    "in-repair",
    "repaired",
    "unresolved",
    "dismissed",
    "closed-by-scores",
    "withdrawn",
    "entered-in-error",
]
Severity = Literal["possible", "marked"]

# README.md, "Alerts": what people did -> what an R4 DetectedIssue can say.
_STATUSES: dict[AlertStatus, str] = {
    "open": "preliminary",
    "acknowledged": "preliminary",
    "in-repair": "final",
    "repaired": "final",
    "unresolved": "final",
    "closed-by-scores": "final",
    "dismissed": "cancelled",
    "withdrawn": "cancelled",
    "entered-in-error": "entered-in-error",
}
_SEVERITIES: dict[Severity, str] = {"possible": "moderate", "marked": "high"}


@dataclass(frozen=True, slots=True)
class EvidenceFacts:
    """One score that an alert rests on.

    ``score_code`` is the code of the score (``srs-3.total``), ``part`` its Observation's part (``total``);
    ``display`` the words of the code, as ``display_of`` gives them, where the caller has them.
    """

    instrument_id: str
    response_id: str
    score_code: str
    part: str
    display: str | None = None


@dataclass(frozen=True, slots=True)
class AlertFacts:
    """One version of an alert. ``text`` is what a clinician reads.

    ``raised_at`` and ``updated_at`` (when this version began) have an offset; the first is never the later.
    ``therapist`` is the dyad's, None where unknown.
    """

    id: str
    version: int
    status: AlertStatus
    severity: Severity
    patient: str
    therapist: str | None
    raised_at: str
    updated_at: str
    text: str
    rule: str
    method: str
    norms: str
    evidence: tuple[EvidenceFacts, ...]


def to_detected_issue(alert: AlertFacts, names: Names) -> Json:
    """Return the DetectedIssue of one version of an alert, in FHIR R4 JSON.

    ``possible`` is moderate, ``marked`` high. The rule, its method and its norms stand in the narrative too,
    since R4 has no element for the last two. Source: hl7.org/fhir/R4/detectedissue.html.
    """
    observations = [
        reference(f"Observation/{observation_id(one.response_id, one.part)}") for one in alert.evidence
    ]
    code = concept(coding(names.measures, POSSIBLE_STRAIN, POSSIBLE_STRAIN_DISPLAY))
    return {
        "resourceType": "DetectedIssue",
        "id": alert.id,
        "meta": {"versionId": str(alert.version), "security": labels()},
        "text": narrative(f"{alert.text} Rule {alert.rule}, method {alert.method}, norms {alert.norms}."),
        "identifier": [{"system": names.identifier("alert"), "value": alert.id}],
        "status": _STATUSES[alert.status],
        "code": code,
        "severity": _SEVERITIES[alert.severity],
        "patient": reference(alert.patient),
        "identifiedDateTime": alert.raised_at,
        "author": service_reference(),
        **({"implicated": observations} if observations else {}),
        **({"evidence": [_evidence(one, names) for one in alert.evidence]} if alert.evidence else {}),
        "detail": alert.text,
        "reference": names.rule(alert.rule),
    }


def _evidence(one: EvidenceFacts, names: Names) -> Json:
    details = (
        f"Observation/{observation_id(one.response_id, one.part)}",
        f"QuestionnaireResponse/{one.response_id}",
    )
    return {
        "code": [concept(coding(names.measures, one.score_code, one.display), text=one.display)],
        "detail": [reference(detail) for detail in details],
    }
