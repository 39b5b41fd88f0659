"""Every URL and code that we emit or look for, in one place.

Ours hang below one *canonical base* (``https://alliance.example/fhir``), which a clinic sets once.
Others' are written out with the page that defines them.
"""

from dataclasses import dataclass
from typing import Literal

DEFAULT_BASE = "https://alliance.example/fhir"
# Of elements.LABELS: restricted, mental health.
DEFAULT_LABELS = ("R", "MH")

# hl7.org/fhir/R4/valueset-observation-category.html
OBSERVATION_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
DATA_ABSENT_REASON = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
UCUM = "http://unitsofmeasure.org"
SCORE_UNIT = "{score}"
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
DATA_OPERATION = "http://terminology.hl7.org/CodeSystem/v3-DataOperation"
PROVENANCE_PARTICIPANT = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
FLAG_CATEGORY = "http://terminology.hl7.org/CodeSystem/flag-category"
# AuditEvent: hl7.org/fhir/R4/auditevent.html, and profiles.ihe.net/ITI/BALP
AUDIT_EVENT = "http://terminology.hl7.org/CodeSystem/audit-event-type"
AUDIT_ENTITY = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
AUDIT_OBJECT_ROLE = "http://terminology.hl7.org/CodeSystem/object-role"
PARTICIPATION_TYPE = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
AUDIT_SOURCE = "http://terminology.hl7.org/CodeSystem/security-source-type"
AUDIT_OUTCOME = "http://hl7.org/fhir/audit-event-outcome"
AUDIT_ACTION = "http://hl7.org/fhir/audit-event-action"
REST_INTERACTION = "http://hl7.org/fhir/restful-interaction"
LIFECYCLE = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle"
DICOM = "http://dicom.nema.org/resources/ontology/DCM"
BALP_ENTITY = "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType"
ITEM_CONTROL = "http://hl7.org/fhir/questionnaire-item-control"
VERSION_ALGORITHM = "http://hl7.org/fhir/version-algorithm"
USAGE_CONTEXT = "http://terminology.hl7.org/CodeSystem/usage-context-type"
PUBLICATION_STATUS = "http://hl7.org/fhir/publication-status"
RESPONSE_STATUS = "http://hl7.org/fhir/questionnaire-answers-status"
OBSERVATION_STATUS = "http://hl7.org/fhir/observation-status"
OBSERVATION_VALUE = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"
# hl7.org/fhir/us/core, "DocumentReference Category Codes"
NOTE_CATEGORY = "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category"
SNOMED = "http://snomed.info/sct"
EXTENSION = "http://hl7.org/fhir/StructureDefinition"
SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition"
BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition"
# SDC's 4.0.0 ballot knows only the first spelling, its current source only the second.
VERSION_ALGORITHM_EXTENSIONS = (
    "http://hl7.org/fhir/5.0/StructureDefinition/extension-Questionnaire.versionAlgorithm[x]",
    f"{EXTENSION}/artifact-versionAlgorithm",
)

IdentifierKind = Literal[
    "response",
    "score",
    "alert",
    "device",
    "definition",
    "note",
    "visit",
    "caller",
    "person",
    "audited",
    "form-link",
]
ExtensionKind = Literal["session-date", "session-number", "therapist", "ehr-reference"]


@dataclass(frozen=True, slots=True)
class Names:
    """Our own URLs below one canonical base, and the codes of the security labels that the clinic chose.

    Example: ``Names("https://a.example/fhir").questionnaire("srs-3")`` is
    ``https://a.example/fhir/Questionnaire/srs-3``.
    """

    base: str = DEFAULT_BASE
    labels: tuple[str, ...] = DEFAULT_LABELS

    @property
    def measures(self) -> str:
        """The CodeSystem of instruments, items, scores and alerts."""
        return f"{self.base}/CodeSystem/alliance-measures"

    def questionnaire(self, instrument_id: str) -> str:
        """Return the canonical URL of an instrument's Questionnaire, without version."""
        return f"{self.base}/Questionnaire/{instrument_id}"

    def answer_codes(self, list_id: str) -> str:
        """Return the CodeSystem URL of an answer scale or option list such as ``wai-frequency-5``."""
        return self.vocabulary(list_id)

    def answer_values(self, list_id: str) -> str:
        """Return the ValueSet URL of an answer scale or option list."""
        return self.value_set(list_id)

    def vocabulary(self, list_id: str) -> str:
        """Return the CodeSystem URL of one of our own lists of words, such as ``alliance-perspectives``."""
        return f"{self.base}/CodeSystem/{list_id}"

    def value_set(self, list_id: str) -> str:
        """Return the URL of one of our own ValueSets."""
        return f"{self.base}/ValueSet/{list_id}"

    def identifier(self, kind: IdentifierKind) -> str:
        """Return the system of the identifiers that we give to resources of this kind."""
        return f"{self.base}/identifier/{kind}"

    def extension(self, kind: ExtensionKind) -> str:
        """Return the URL of one of our own extensions."""
        return f"{self.base}/StructureDefinition/{kind}"

    def topic(self, topic_id: str) -> str:
        """Return the canonical URL of a topic that others may subscribe to."""
        return f"{self.base}/SubscriptionTopic/{topic_id}"

    def rule(self, rule_id: str) -> str:
        """Return the URL that names an alert rule."""
        return f"{self.base}/PlanDefinition/{rule_id}"
