"""The operation ``$populate``: an empty response linked to its form, its patient and its encounter.

Nothing is filled in: no earlier answer belongs into a rating of this session.
Source: hl7.org/fhir/uv/sdc/OperationDefinition-Questionnaire-populate.html.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from fhir_mappings.codes import Names
from fhir_mappings.elements import Json, labels, reference
from fhir_mappings.errors import Fault, ResourceRefused
from fhir_mappings.instrument import Instrument
from fhir_mappings.questionnaire import versioned_id
from fhir_mappings.response import form_reference, session_extensions
from fhir_mappings.response_head import (
    PEOPLE,
    Placed,
    read_reference,
    read_session_date,
    read_session_number,
    read_therapist,
)

_FORM = "questionnaire"
# SDC's own name now, and the two of its earlier editions.
_FORM_NAMES = (_FORM, "canonical", "questionnaireRef")
_AT = "Parameters.parameter"


@dataclass(frozen=True, slots=True)
class PopulateRequest:
    """For which form, patient and session an empty response is asked, and who will record it.

    ``wording`` is the version of the clinic's own wording that is asked for, None for our own descriptors.
    """

    instrument: Instrument
    patient: str
    encounter: str | None
    author: str | None
    wording: str | None = None
    therapist: str | None = None
    session_date: str | None = None
    session_number: int | None = None


def read_populate(
    parameters: Json,
    instruments: Mapping[str, Instrument],
    names: Names,
    *,
    instrument: Instrument | None = None,
) -> PopulateRequest:
    """Return what a Parameters resource asks for; ``instrument`` where the URL of the call names the form.

    The form comes as canonical, as reference to our Questionnaire, or as the Questionnaire itself. Of the
    contexts ``encounter`` and ``user`` are used, and ours: ``therapist``, ``session-date`` (valueDate) and
    ``session-number`` (valuePositiveInt); others are left alone, as ``local`` is. Our forms have no
    ``identifier``. Raises ``ResourceRefused`` with all faults: an unknown form, no subject, a reference to
    something else.
    """
    faults: list[Fault] = []
    listed = parameters.get("parameter", [])
    given = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    form, wording = (instrument, None) if instrument else _form(given, instruments, names, faults)
    subject = _named(given, "subject")
    patient = read_reference(
        subject.get("valueReference"), f"{_AT}.where(name='subject')", {"Patient"}, faults
    )
    encounter = _context(given, "encounter", {"Encounter"}, faults)
    author = _context(given, "user", PEOPLE, faults)
    therapist = read_therapist(_therapist(given), faults)
    session_date = read_session_date(_content(given, "session-date"), faults)
    session_number = read_session_number(_content(given, "session-number"), faults)
    if faults or form is None or patient is None:
        raise ResourceRefused(faults)
    return PopulateRequest(form, patient, encounter, author, wording, therapist, session_date, session_number)


def to_populated(request: PopulateRequest, names: Names, authored: str) -> Json:
    """Return Parameters with the empty response, in progress; ``authored`` is the moment of asking.

    It has no items yet: a form filler puts answers in and sends it as completed.
    """
    response = {
        "resourceType": "QuestionnaireResponse",
        "meta": {"security": labels(names)},
        **session_extensions(
            names,
            session_date=request.session_date,
            session_number=request.session_number,
            therapist=request.therapist,
        ),
        **form_reference(request.instrument, names, request.wording),
        "status": "in-progress",
        "subject": reference(request.patient),
        **({"encounter": reference(request.encounter)} if request.encounter else {}),
        "authored": authored,
        **({"author": reference(request.author)} if request.author else {}),
    }
    return {"resourceType": "Parameters", "parameter": [{"name": "response", "resource": response}]}


def _named(given: list[Json], *wanted: str) -> Json:
    """Return the first parameter of one of these names, an empty object where there is none."""
    return next((one for one in given if one.get("name") in wanted), {})


def _form(
    given: list[Json], instruments: Mapping[str, Instrument], names: Names, faults: list[Fault]
) -> tuple[Instrument | None, str | None]:
    """Return the instrument, and the version of the clinic's own wording where that is asked for."""
    asked = _named(given, *_FORM_NAMES)
    at = f"{_AT}.where(name='{_FORM}')"
    if not asked:
        faults.append(Fault(at, "required", "must name the form"))
        return None, None
    wanted = _spellings_of(asked)
    for one in instruments.values():
        if wanted & _addresses(one.id, one.version, names):
            return one, None
        for form in reversed(one.clinic_forms):
            if wanted & _addresses(form.id, form.version, names):
                return one, form.version
    faults.append(Fault(at, "unknown-instrument", "no such form is known here"))
    return None, None


def _spellings_of(asked: Json) -> set[str]:
    """Return how the form is named: a canonical, the last two parts of a reference, or its own url."""
    resource, link = asked.get("resource"), asked.get("valueReference")
    texts = [asked.get("valueCanonical"), asked.get("valueUri")]
    if isinstance(link, dict) and isinstance(link.get("reference"), str):
        texts.append("/".join(link["reference"].split("/")[-2:]))
    if isinstance(resource, dict):
        version = resource.get("version")
        texts.append(f"{resource.get('url')}|{version}" if version else resource.get("url"))
    return {text for text in texts if isinstance(text, str)}


def _addresses(form_id: str, version: str, names: Names) -> set[str]:
    url = names.questionnaire(form_id)
    return {url, f"{url}|{version}", f"Questionnaire/{versioned_id(form_id, version)}"}


def _context(
    given: list[Json], name: str, types: set[str] | frozenset[str], faults: list[Fault]
) -> str | None:
    """Return the reference of one context; None where it is not given."""
    found = _content(given, name)
    return read_reference(_as_reference(found.content), found.at, types, faults) if found else None


def _content(given: list[Json], name: str) -> Placed | None:
    """Return the content of one context; None where it is not given."""
    for one in given:
        parts = one.get("part") if one.get("name") == "context" else None
        inside = [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
        named = _named(inside, "name")
        # SDC's own type has changed from string to code.
        if name in {named.get("valueString"), named.get("valueCode")}:
            at = f"{_AT}.where(name='context').part.where(name='content')"
            return Placed(at, _named(inside, "content"))
    return None


def _therapist(given: list[Json]) -> Placed | None:
    found = _content(given, "therapist")
    return Placed(found.at, {"valueReference": _as_reference(found.content)}) if found else None


def _as_reference(content: Json) -> object:
    """Return the content of a context as Reference, also where the resource itself was sent."""
    resource = content.get("resource")
    if isinstance(resource, dict):
        return {"reference": f"{resource.get('resourceType')}/{resource.get('id')}"}
    return content.get("valueReference")
