"""Whom a form out of the EHR is about, and which session: what the form leaves to the EHR is looked up there.

Nothing is guessed: what the Encounter does not say clearly stays unknown.
"""

from fhir_mappings.bundle import replace_references
from fhir_mappings.elements import Json, extension, reference
from fhir_mappings.errors import Fault
from fhir_mappings.filled import Identifier
from fhir_mappings.visit import visit_of_encounter
from service.ehr.places import parse_location
from service.errors import EhrUnreadable, FaultsInRequest
from service.flows.find_patient import (
    NO_SEARCH_BY_IDENTIFIER,
    patient_faults,
    patients_with,
    read_patient,
)
from service.flows.intake import FORM, Intake
from service.flows.learn_patient import OF_ONE_RECORD, merge_replaced
from service.flows.patient_references import relative_to

_PEOPLE = ("subject", "source", "author", "encounter")


def resolve_people(intake: Intake, resource: Json) -> Json:
    """Return the form with its patient as the EHR knows them now, and the session's date and therapist.

    Patients whom the EHR replaced are merged here too. Raises ``FaultsInRequest`` where the EHR knows no such
    patient or several, what ``merge_patients`` does, and ``EhrError``.
    """
    plain = _with_plain_references(resource, intake.client.base_url)
    return _with_session(intake, _with_patient(intake, plain))


def _with_plain_references(resource: Json, base: str) -> Json:
    """Return the form with people and encounter as relative references without a version."""
    changed = dict(resource)
    for key in _PEOPLE:
        target = _target(resource.get(key))
        if target:
            changed[key] = {
                **resource[key],
                "reference": relative_to(base, target).partition("/_history/")[0],
            }
    return changed


def _with_patient(intake: Intake, resource: Json) -> Json:
    target = _target(resource.get("subject"))
    kind, _, patient_id = target.partition("/")
    identifier = subject_identifier(resource)
    if identifier is not None:
        return with_subject(resource, f"Patient/{_identified(intake, identifier)}")
    if kind != "Patient" or "/" in patient_id:
        return resource  # elsewhere, or no patient: the reader says which
    chain = _known(intake, patient_id)
    if len(chain) == 1:
        return resource
    merge_replaced(intake, chain)
    return replace_references(resource, {f"Patient/{one}": f"Patient/{chain[-1]}" for one in chain})


def subject_identifier(resource: Json) -> Identifier | None:
    """Return the identifier of a patient who is named by it alone, else None."""
    subject = resource.get("subject")
    given = subject.get("identifier") if isinstance(subject, dict) and not _target(subject) else None
    if not isinstance(given, dict) or not isinstance(given.get("value"), str):
        return None
    return Identifier(str(given.get("system", "")), given["value"])


def with_subject(resource: Json, patient: str) -> Json:
    """Return a form about this patient; who answered is the same where the same identifier named both."""
    told = resource | {"subject": reference(patient)}
    source = resource.get("source")
    is_named_alike = (
        isinstance(source, dict)
        and not _target(source)
        and source.get("identifier") == resource["subject"].get("identifier")
    )
    return told | {"source": told["subject"]} if is_named_alike else told


def _identified(intake: Intake, identifier: Identifier) -> str:
    try:
        found = patients_with(intake.client, identifier)
    except EhrUnreadable as error:
        if error.code != NO_SEARCH_BY_IDENTIFIER:
            raise
        message = "The EHR lets us look for no patient by an identifier."
        raise _unknown("patient-not-searchable", message) from error
    if len(found) != 1:
        raise patient_faults(found)
    return found[0]


def _known(intake: Intake, patient_id: str) -> tuple[str, ...]:
    if patient_id not in intake.patients:
        try:
            intake.patients[patient_id] = read_patient(intake.client, patient_id)
        except EhrUnreadable as error:
            if error.code not in OF_ONE_RECORD:
                raise
            raise _unknown("patient-not-shown", "The EHR does not show this patient's record.") from error
    if not intake.patients[patient_id]:
        raise _unknown("patient-unknown", "The EHR does not know this patient.")
    return intake.patients[patient_id]


def _unknown(reason: str, message: str) -> FaultsInRequest:
    return FaultsInRequest([Fault(f"{FORM}.subject", reason, message)])


def _with_session(intake: Intake, resource: Json) -> Json:
    """Return the form with the date and therapist of its Encounter, where it says neither itself."""
    names = intake.deployment.names
    urls = {"date": names.extension("session-date"), "therapist": names.extension("therapist")}
    given = resource.get("extension", [])
    told = {one.get("url") for one in given if isinstance(one, dict)} if isinstance(given, list) else set()
    place = parse_location(_target(resource.get("encounter")))
    if place is None or told & set(urls.values()):
        return resource
    visit = visit_of_encounter(_encounter(intake, place.id), intake.client.base_url)
    more = []
    if visit.day and visit.day <= str(resource.get("authored", ""))[:10]:
        more.append(extension(urls["date"], valueDate=visit.day))
    if visit.therapist:
        more.append(extension(urls["therapist"], valueReference=reference(visit.therapist)))
    return resource | {"extension": [*given, *more]} if more else resource


def _encounter(intake: Intake, encounter_id: str) -> Json:
    try:
        found = intake.client.read("Encounter", encounter_id)
    except EhrUnreadable:
        return {}
    return dict(found.resource) if found else {}


def _target(value: object) -> str:
    target = value.get("reference") if isinstance(value, dict) else None
    return target if isinstance(target, str) else ""
