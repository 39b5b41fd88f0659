"""A rupture alert as DetectedIssue: the record of a strain, possible or reported; no finding."""

from dataclasses import dataclass
from typing import Literal

from fhir_mappings.alert_states import AMENDED, STATES, AlertStatus
from fhir_mappings.codes import Names
from fhir_mappings.elements import Json, coding, concept, labels, narrative, reference, service_reference
from fhir_mappings.observation import observation_id
from fhir_mappings.repair import Mitigation, to_mitigation
from fhir_mappings.terminology import POSSIBLE_STRAIN, POSSIBLE_STRAIN_DISPLAY

Severity = Literal["possible", "marked"]

_SEVERITIES: dict[Severity, str] = {"possible": "moderate", "marked": "high"}


@dataclass(frozen=True, slots=True)
class EvidenceFacts:
    """One score or report that an alert rests on; ``part`` None: it gave no Observation.

    ``score_code`` is the code of the score (``srs-3.total``), ``part`` its Observation's part (``total``);
    ``display`` the words of the code, as ``display_of`` gives them, where the caller has them.
    """

    instrument_id: str
    response_id: str
    score_code: str
    part: str | None
    display: str | None = None


@dataclass(frozen=True, slots=True)
class AlertFacts:
    """One version of an alert. ``text`` is what a clinician reads.

    ``raised_at`` and ``updated_at`` (when this version began) have an offset; the first is never the later.
    ``therapist`` is the dyad's, None where unknown; ``owner`` who took the work, None where nobody did.
    ``mitigations`` is what people did about it so far, and ``dismissal`` the code of why it was dismissed.
    ``amended``: the strain deepened while it was in repair. ``ended_at`` is when nothing was left to do, with
    offset, None for the moment of this version. ``news`` is what this version tells anew: opened, raised,
    again or closed, '' where it tells nothing.
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
    owner: str | None = None
    mitigations: tuple[Mitigation, ...] = ()
    dismissal: str | None = None
    amended: bool = False
    ended_at: str | None = None
    news: str = ""


def to_detected_issue(alert: AlertFacts, names: Names) -> Json:
    """Return the DetectedIssue of one version of an alert, in FHIR R4 JSON.

    ``possible`` is moderate, ``marked`` high. The rule, its method and its norms stand in the narrative too,
    since R4 has no element for the last two. Source: hl7.org/fhir/R4/detectedissue.html.
    """
    observations = [reference(one) for one in map(_observation, alert.evidence) if one]
    code = concept(coding(names.measures, POSSIBLE_STRAIN, POSSIBLE_STRAIN_DISPLAY))
    return {
        "resourceType": "DetectedIssue",
        "id": alert.id,
        "meta": {"versionId": str(alert.version), "security": labels(names)},
        "text": narrative(f"{alert.text} Rule {alert.rule}, method {alert.method}, norms {alert.norms}."),
        "identifier": [{"system": names.identifier("alert"), "value": alert.id}],
        "status": _status(alert),
        "code": code,
        "severity": _SEVERITIES[alert.severity],
        "patient": reference(alert.patient),
        "identifiedDateTime": alert.raised_at,
        "author": service_reference(),
        **({"implicated": observations} if observations else {}),
        **({"evidence": [_evidence(one, names) for one in alert.evidence]} if alert.evidence else {}),
        "detail": alert.text,
        "reference": names.rule(alert.rule),
        **({"mitigation": _mitigations(alert, names)} if alert.mitigations else {}),
    }


def _status(alert: AlertFacts) -> str:
    return AMENDED if alert.amended and alert.status == "in-repair" else STATES[alert.status].detected_issue


def _mitigations(alert: AlertFacts, names: Names) -> list[Json]:
    return [to_mitigation(one, names) for one in alert.mitigations]


def _evidence(one: EvidenceFacts, names: Names) -> Json:
    details = (_observation(one), f"QuestionnaireResponse/{one.response_id}")
    return {
        "code": [concept(coding(names.measures, one.score_code, one.display), text=one.display)],
        "detail": [reference(detail) for detail in details if detail],
    }


def _observation(one: EvidenceFacts) -> str | None:
    return None if one.part is None else f"Observation/{observation_id(one.response_id, one.part)}"
