"""Which search parameters exist for which type, and which values a resource has for them.

Names and paths: hl7.org/fhir/R4/searchparameter-registry.html.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from service.sandbox.dates import span

Kind = Literal["token", "reference", "uri", "canonical", "date"]

_PARAMETERS: dict[str, dict[str, tuple[Kind, str]]] = {
    "Patient": {"birthdate": ("date", "birthDate")},
    "Practitioner": {},
    "Appointment": {"date": ("date", "start")},
    "Encounter": {"patient": ("reference", "subject"), "date": ("date", "period")},
    "EpisodeOfCare": {"patient": ("reference", "patient"), "date": ("date", "period")},
    "Questionnaire": {"url": ("uri", "url"), "version": ("token", "version"), "name": ("token", "name")},
    "CodeSystem": {"url": ("uri", "url"), "version": ("token", "version")},
    "ValueSet": {"url": ("uri", "url"), "version": ("token", "version")},
    "Device": {"patient": ("reference", "patient")},
    "QuestionnaireResponse": {
        "patient": ("reference", "subject"),
        "subject": ("reference", "subject"),
        "questionnaire": ("canonical", "questionnaire"),
        "authored": ("date", "authored"),
        "author": ("reference", "author"),
        "source": ("reference", "source"),
        "encounter": ("reference", "encounter"),
    },
    "Observation": {
        "patient": ("reference", "subject"),
        "subject": ("reference", "subject"),
        "code": ("token", "code"),
        "category": ("token", "category"),
        "date": ("date", "effectiveDateTime"),
        "derived-from": ("reference", "derivedFrom"),
        "has-member": ("reference", "hasMember"),
        "encounter": ("reference", "encounter"),
    },
    "DetectedIssue": {
        "patient": ("reference", "patient"),
        "code": ("token", "code"),
        "identified": ("date", "identifiedDateTime"),
        "implicated": ("reference", "implicated"),
        "author": ("reference", "author"),
    },
    "Task": {
        "patient": ("reference", "for"),
        "subject": ("reference", "for"),
        "focus": ("reference", "focus"),
        "owner": ("reference", "owner"),
        "code": ("token", "code"),
        "authored-on": ("date", "authoredOn"),
    },
    "Flag": {
        "patient": ("reference", "subject"),
        "subject": ("reference", "subject"),
        "date": ("date", "period"),
    },
    "Provenance": {"target": ("reference", "target"), "recorded": ("date", "recorded")},
    "DocumentReference": {
        "patient": ("reference", "subject"),
        "subject": ("reference", "subject"),
        "type": ("token", "type"),
        "date": ("date", "date"),
    },
    "Communication": {
        "patient": ("reference", "subject"),
        "subject": ("reference", "subject"),
        "sent": ("date", "sent"),
    },
}
# R4 gives DetectedIssue and Flag no search by status, and Provenance no identifier.
_WITHOUT_STATUS = {"Patient", "Practitioner", "DetectedIssue", "Flag", "Provenance"}
KNOWN_TYPES = tuple(_PARAMETERS)


@dataclass(frozen=True, slots=True)
class Term:
    """One searchable value: a token's system and code, a reference's type and id, a date's low and high."""

    parameter: str
    scope: str
    value: str


def parameters_of(resource_type: str) -> dict[str, tuple[Kind, str]]:
    """Return each search parameter of a type by name, with its kind and the element that it looks at."""
    found = dict(_PARAMETERS[resource_type])
    if resource_type != "Provenance":
        found["identifier"] = ("token", "identifier")
    if resource_type not in _WITHOUT_STATUS:
        found["status"] = ("token", "status")
    return found


def terms_of(resource: dict[str, Any]) -> list[Term]:
    """Return every searchable value of a resource of a known type.

    Raises ``ValueError`` where a date is none.
    """
    return [
        Term(name, scope, value)
        for name, (kind, element) in parameters_of(resource["resourceType"]).items()
        for scope, value in _values(kind, resource.get(element))
    ]


def split_reference(reference: str) -> tuple[str, str]:
    """Return type and id of a relative reference, or an empty type and the whole text of another.

    Example: ``Patient/anna`` -> (Patient, anna); ``Patient/anna/_history/2`` -> the same.
    """
    parts = reference.split("/")
    relative = len(parts) == 2 or (len(parts) == 4 and parts[2] == "_history")  # noqa: PLR2004 - parts of a path
    return (parts[0], parts[1]) if relative and parts[0].isalpha() else ("", reference)


def _values(kind: Kind, element: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - JSON may hold anything
    for one in element if isinstance(element, list) else [element]:
        if kind == "token":
            yield from _tokens(one)
        elif kind == "reference" and isinstance(one, dict) and "reference" in one:
            yield split_reference(str(one["reference"]))
        elif kind == "date" and one is not None:
            yield _dates(one)
        elif kind == "canonical" and isinstance(one, str):
            url, _, version = one.partition("|")
            yield version, url
        elif kind == "uri" and isinstance(one, str):
            yield "", one


def _tokens(one: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - JSON may hold anything
    if isinstance(one, str):
        yield "", one
    elif isinstance(one, dict) and isinstance(one.get("coding"), list):
        for coding in one["coding"]:
            yield from _tokens(coding)
    elif isinstance(one, dict):
        yield str(one.get("system", "")), str(one.get("code", one.get("value", "")))


def _dates(one: Any) -> tuple[str, str]:  # noqa: ANN401 - a dateTime or a Period
    if not isinstance(one, dict):
        found = span(str(one))
        return found.low, found.high
    low = span(str(one["start"])).low if "start" in one else ""
    return low, span(str(one["end"])).high if "end" in one else "9999"
