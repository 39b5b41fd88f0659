"""Whom a form out of the EHR is about, and which session: what the form leaves to the EHR is looked up there.

Nothing is guessed: what the Encounter does not say clearly stays unknown.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from fhir_mappings.bundle import replace_references
from fhir_mappings.elements import Json, extension, reference
from fhir_mappings.errors import Fault
from fhir_mappings.filled import Identifier
from service.ehr.places import parse_location
from service.errors import EhrUnreadable, FaultsInRequest, NotFound
from service.flows.find_patient import patient_faults, patients_with, read_patient
from service.flows.intake import FORM, Intake
from service.flows.merge_patients import merge_patients
from service.flows.patient_references import relative_to
from service.store.inbound import Replaced, keep_replacement

_THERAPISTS = ("Practitioner", "PractitionerRole")
_PEOPLE = ("subject", "source", "author", "encounter")
# What an answer with this status says of one record alone; all else is the whole EHR's trouble.
_OF_ONE_RECORD = ("status-403", "status-422", "not-the-resource", "patients-in-a-circle")


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
    _merge(intake, chain)
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
    found = patients_with(intake.client, identifier)
    if len(found) != 1:
        raise patient_faults(found)
    return found[0]


def _known(intake: Intake, patient_id: str) -> tuple[str, ...]:
    if patient_id not in intake.patients:
        try:
            intake.patients[patient_id] = read_patient(intake.client, patient_id)
        except EhrUnreadable as error:
            if error.code not in _OF_ONE_RECORD:
                raise
            raise _unknown("patient-not-shown", "The EHR does not show this patient's record.") from error
    if not intake.patients[patient_id]:
        raise _unknown("patient-unknown", "The EHR does not know this patient.")
    return intake.patients[patient_id]


def _unknown(reason: str, message: str) -> FaultsInRequest:
    return FaultsInRequest([Fault(f"{FORM}.subject", reason, message)])


def _merge(intake: Intake, chain: tuple[str, ...]) -> None:
    """Let all whom the EHR replaced count for the one who stays, and name that one to the EHR from now on."""
    deployment, base = intake.deployment, intake.client.base_url
    for left in chain[:-1]:
        names = f"Patient/{left}", f"Patient/{chain[-1]}"
        with suppress(NotFound):  # nothing of theirs is here
            merge_patients(deployment, *names, f"EHR {intake.ehr}", intake.access("U"))
        with deployment.database.write() as tx:
            for known_as in (names[0], f"{base}/{names[0]}"):
                replaced = Replaced(known_as, names[1])
                keep_replacement(tx, intake.clinic, intake.ehr, replaced, intake.now())


def _with_session(intake: Intake, resource: Json) -> Json:
    """Return the form with the date and therapist of its Encounter, where it says neither itself."""
    names = intake.deployment.names
    urls = {"date": names.extension("session-date"), "therapist": names.extension("therapist")}
    given = resource.get("extension", [])
    told = {one.get("url") for one in given if isinstance(one, dict)} if isinstance(given, list) else set()
    place = parse_location(_target(resource.get("encounter")))
    if place is None or told & set(urls.values()):
        return resource
    encounter = _encounter(intake, place.id)
    day, therapist = _day_of(encounter), _therapist_of(encounter, intake.client.base_url)
    more = []
    if day and day <= str(resource.get("authored", ""))[:10]:
        more.append(extension(urls["date"], valueDate=day))
    if therapist:
        more.append(extension(urls["therapist"], valueReference=reference(therapist)))
    return resource | {"extension": [*given, *more]} if more else resource


def _encounter(intake: Intake, encounter_id: str) -> Mapping[str, Any]:
    try:
        found = intake.client.read("Encounter", encounter_id)
    except EhrUnreadable:
        return {}
    return found.resource if found else {}


def _day_of(encounter: Mapping[str, Any]) -> str:
    """Return the date on which the session began, in its own zone; '' where the Encounter does not say."""
    period = encounter.get("period")
    start = period.get("start") if isinstance(period, dict) else None
    return start[:10] if isinstance(start, str) and len(start) >= len("2026-03-02") else ""


def _therapist_of(encounter: Mapping[str, Any], base: str) -> str:
    """Return the one therapist who took part; '' where there is none, or more than one."""
    participants = encounter.get("participant")
    targets = {
        relative_to(base, _target(one.get("individual"))).partition("/_history/")[0]
        for one in (participants if isinstance(participants, list) else [])
        if isinstance(one, dict)
    }
    therapists = [one for one in targets if one.partition("/")[0] in _THERAPISTS]
    return therapists[0] if len(therapists) == 1 else ""


def _target(value: object) -> str:
    target = value.get("reference") if isinstance(value, dict) else None
    return target if isinstance(target, str) else ""
