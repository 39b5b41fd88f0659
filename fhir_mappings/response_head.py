"""All of a received QuestionnaireResponse but its items: form, status, people, times, our own extensions."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from fhir_mappings.codes import ExtensionKind, Names
from fhir_mappings.elements import Json
from fhir_mappings.errors import Fault
from fhir_mappings.filled import Identifier
from fhir_mappings.form_names import find_form
from fhir_mappings.instrument import Instrument

ROOT = "QuestionnaireResponse"
_ID = r"[A-Za-z0-9\-.]{1,64}"
_REFERENCE = re.compile(rf"(?:https?://\S+/)?(?P<type>[A-Z][A-Za-z]{{1,40}})/{_ID}(?:/_history/{_ID})?")
# hl7.org/fhir/R4/datatypes.html#dateTime; seconds may not be left out, nor the zone once there is a time.
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(?P<zone>Z|[+-]\d\d:\d\d)?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
# At most 35 characters: what RFC 5646, 4.4.1, asks everybody to make room for.
LANGUAGE_TAG = re.compile(r"(?=.{2,35}\Z)[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")

PEOPLE = frozenset({"Patient", "Practitioner", "PractitionerRole", "RelatedPerson"})
_AUTHORS = PEOPLE | {"Device", "Organization"}
_THERAPISTS = frozenset({"Practitioner", "PractitionerRole"})


@dataclass(frozen=True, slots=True)
class Head:
    """What stands beside the items. Texts that must be there are empty, and a fault, where they are not.

    ``wording`` is the version of the clinic's own wording that was filled, None for our own descriptors.
    ``patient_identifier`` is what stands beside the reference to the patient, where it has system and value.
    """

    instrument: Instrument | None
    wording: str | None
    status: str
    patient: str
    source: str | None
    author: str | None
    therapist: str | None
    encounter: str | None
    authored: str
    identifier: Identifier | None
    session_date: str | None
    session_number: int | None
    language: str | None
    ehr_reference: str | None
    patient_identifier: Identifier | None


def read_head(
    resource: Json,
    instruments: Mapping[str, Instrument],
    names: Names,
    statuses: Collection[str],
    faults: list[Fault],
) -> Head:
    """Return all but the items, adding what is wrong with it to ``faults``."""
    faults += _modifiers(resource)
    ours = _our_extensions(resource, names, faults)
    instrument, wording = _form(resource, instruments, names, faults)
    return Head(
        instrument=instrument,
        wording=wording,
        status=_status(resource, statuses, faults),
        patient=_reference(resource, "subject", {"Patient"}, faults, required=True) or "",
        encounter=_reference(resource, "encounter", {"Encounter"}, faults),
        authored=_authored(resource, faults),
        author=_reference(resource, "author", _AUTHORS, faults),
        source=_reference(resource, "source", PEOPLE, faults),
        identifier=_identifier(resource, faults),
        language=_matching(resource.get("language"), f"{ROOT}.language", LANGUAGE_TAG, faults),
        therapist=read_therapist(ours.get("therapist"), faults),
        session_date=read_session_date(ours.get("session-date"), faults),
        session_number=read_session_number(ours.get("session-number"), faults),
        ehr_reference=_ehr_reference(ours.get("ehr-reference"), faults),
        patient_identifier=_patient_identifier(resource),
    )


@dataclass(frozen=True, slots=True)
class Placed:
    """A piece of what was sent that holds one value, and where it stands."""

    at: str
    content: Json


def _modifiers(resource: Json) -> list[Fault]:
    # FHIR forbids acting on a resource whose modifiers one does not know (extensibility.html).
    return [
        Fault(f"{ROOT}.{key}", "unknown-modifier", "is not understood, and may change the meaning")
        for key in ("implicitRules", "modifierExtension")
        if key in resource
    ]


def _form(
    resource: Json, instruments: Mapping[str, Instrument], names: Names, faults: list[Fault]
) -> tuple[Instrument | None, str | None]:
    """Return the instrument, and the version of the clinic's own wording where that is what was filled."""
    at = f"{ROOT}.questionnaire"
    canonical = resource.get("questionnaire")
    if not isinstance(canonical, str):
        faults.append(Fault(at, "required", "must name the form by its canonical URL"))
        return None, None
    found = find_form(canonical, instruments, names)
    if found is None:
        faults.append(Fault(at, "unknown-instrument", "no such form is known here"))
        return None, None
    if found.versions:
        known = " or ".join(found.versions)
        faults.append(Fault(at, "unknown-version", f"the version known here is {known}"))
        return None, None
    return found.instrument, found.wording


def _status(resource: Json, statuses: Collection[str], faults: list[Fault]) -> str:
    status = resource.get("status")
    if isinstance(status, str) and status in statuses:
        return status
    reason = "required" if status is None else "status-not-accepted"
    faults.append(Fault(f"{ROOT}.status", reason, f"must be {' or '.join(statuses)}"))
    return ""


def _reference(
    parent: Json, key: str, types: Collection[str], faults: list[Fault], *, required: bool = False
) -> str | None:
    """Return the reference below ``key`` as sent, relative or absolute."""
    at = f"{ROOT}.{key}"
    if key in parent:
        return read_reference(parent[key], at, types, faults)
    if required:
        faults.append(Fault(at, "required", f"must refer to a {' or '.join(sorted(types))}"))
    return None


def read_reference(value: object, at: str, types: Collection[str], faults: list[Fault]) -> str | None:
    """Return what a Reference refers to, as sent; None, and a fault, where that is none of the types."""
    target = value.get("reference") if isinstance(value, dict) else None
    matched = _REFERENCE.fullmatch(target) if isinstance(target, str) else None
    if matched and matched["type"] in types:
        return matched[0]
    words = f"must refer to a {' or '.join(sorted(types))}"
    faults.append(Fault(f"{at}.reference", "wrong-reference" if target else "required", words))
    return None


def _authored(resource: Json, faults: list[Fault]) -> str:
    at = f"{ROOT}.authored"
    authored = resource.get("authored")
    if authored is None:
        faults.append(Fault(at, "required", "must say when the form was filled in"))
        return ""
    matched = _DATE_TIME.fullmatch(authored) if isinstance(authored, str) else None
    if matched and _is_real(matched[0]):
        if matched["zone"]:
            return matched[0]
        faults.append(Fault(at, "no-time-zone", "must have an offset, such as +01:00"))
    elif isinstance(authored, str) and _DATE.fullmatch(authored) and _is_real(authored):
        faults.append(Fault(at, "no-time-zone", "must have a time and an offset, such as +01:00"))
    else:
        faults.append(Fault(at, "not-a-time", "must be a date and time with an offset"))
    return ""


def _is_real(when: str) -> bool:
    try:
        datetime.fromisoformat(when)
    except ValueError:
        return False
    return True


def _identifier(resource: Json, faults: list[Fault]) -> Identifier | None:
    if "identifier" not in resource:
        return None
    given = resource["identifier"]
    parts = {key: given.get(key) if isinstance(given, dict) else None for key in ("system", "value")}
    for key, part in parts.items():
        if not isinstance(part, str) or not part.strip():
            faults.append(Fault(f"{ROOT}.identifier.{key}", "required", "an identifier has system and value"))
    return Identifier(str(parts["system"]), str(parts["value"]))


def _patient_identifier(resource: Json) -> Identifier | None:
    """Return the identifier in ``subject``; None where it has no system or no value: that names nobody."""
    subject = resource.get("subject")
    given = subject.get("identifier") if isinstance(subject, dict) else None
    system, value = (given.get(key) if isinstance(given, dict) else None for key in ("system", "value"))
    if not (isinstance(system, str) and system.strip() and isinstance(value, str) and value.strip()):
        return None
    return Identifier(system, value)


def _matching(value: object, at: str, pattern: re.Pattern[str], faults: list[Fault]) -> str | None:
    if value is None or (isinstance(value, str) and pattern.fullmatch(value)):
        return value
    faults.append(Fault(at, "wrong-type", "is not in the form that FHIR gives it"))
    return None


def _our_extensions(resource: Json, names: Names, faults: list[Fault]) -> dict[ExtensionKind, Placed]:
    """Return our own extensions at the root by kind; anybody else's are left alone."""
    kinds: dict[str, ExtensionKind] = {
        names.extension("session-date"): "session-date",
        names.extension("session-number"): "session-number",
        names.extension("therapist"): "therapist",
        names.extension("ehr-reference"): "ehr-reference",
    }
    given = resource.get("extension", [])
    found: dict[ExtensionKind, Placed] = {}
    for index, one in enumerate(given if isinstance(given, list) else []):
        kind = kinds.get(str(one.get("url"))) if isinstance(one, dict) else None
        at = f"{ROOT}.extension[{index}]"
        if kind in found:
            faults.append(Fault(at, "doubled-extension", "the extension is there twice"))
        elif kind:
            found[kind] = Placed(at, one)
    return found


def read_therapist(given: Placed | None, faults: list[Fault]) -> str | None:
    """Return the reference to the therapist; None where there is none, or a fault."""
    if given is None:
        return None
    return read_reference(given.content.get("valueReference"), f"{given.at}.value", _THERAPISTS, faults)


def _ehr_reference(given: Placed | None, faults: list[Fault]) -> str | None:
    if given is None:
        return None
    return read_reference(given.content.get("valueReference"), f"{given.at}.value", {ROOT}, faults)


def read_session_date(given: Placed | None, faults: list[Fault]) -> str | None:
    """Return the session's date (ISO 8601); None where there is none, or a fault."""
    if given is None:
        return None
    day = given.content.get("valueDate")
    if isinstance(day, str) and _DATE.fullmatch(day) and _is_real(day):
        return date.fromisoformat(day).isoformat()
    faults.append(Fault(f"{given.at}.value", "not-a-date", "must be a whole date"))
    return None


def read_session_number(given: Placed | None, faults: list[Fault]) -> int | None:
    """Return the session's number, at least 1; None where there is none, or a fault."""
    if given is None:
        return None
    number = given.content.get("valuePositiveInt")
    if isinstance(number, int) and not isinstance(number, bool) and 1 <= number < 2**31:
        return number
    faults.append(Fault(f"{given.at}.value", "not-a-session-number", "must be a whole number from 1"))
    return None
