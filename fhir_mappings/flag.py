"""A rupture alert as Flag: an optional banner in the chart, for as long as the alert wants attention."""

from fhir_mappings.alert import AlertFacts
from fhir_mappings.alert_states import STATES
from fhir_mappings.codes import EXTENSION, FLAG_CATEGORY, Names
from fhir_mappings.elements import (
    Json,
    coding,
    concept,
    extension,
    labels,
    narrative,
    reference,
    service_reference,
)
from fhir_mappings.task import period_of
from fhir_mappings.terminology import POSSIBLE_STRAIN, POSSIBLE_STRAIN_DISPLAY


def to_flag(alert: AlertFacts, names: Names) -> Json:
    """Return the Flag of one version of an alert, in FHIR R4 JSON; its id is the alert's.

    The category is clinical: a behavioral flag warns of how a patient acts. It points at the DetectedIssue by
    HL7's ``flag-detail``. A historical alert is no news: do not make a Flag of it.
    Source: hl7.org/fhir/R4/flag.html.
    """
    status = STATES[alert.status].flag
    return {
        "resourceType": "Flag",
        "id": alert.id,
        "meta": {"versionId": str(alert.version), "security": labels(names)},
        "text": narrative(alert.text),
        "extension": [
            extension(f"{EXTENSION}/flag-detail", valueReference=reference(f"DetectedIssue/{alert.id}"))
        ],
        "identifier": [{"system": names.identifier("alert"), "value": alert.id}],
        "status": status,
        "category": [concept(coding(FLAG_CATEGORY, "clinical", "Clinical"))],
        "code": concept(coding(names.measures, POSSIBLE_STRAIN, POSSIBLE_STRAIN_DISPLAY)),
        "subject": reference(alert.patient),
        "period": period_of(alert, ended=status != "active"),
        "author": service_reference(),
    }
