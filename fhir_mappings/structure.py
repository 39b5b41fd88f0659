"""Is a resource built as FHIR says: known elements, types, cardinalities? Not: codes and meaning.

The models are R4B: there are none for R4, and for the types here the two read alike. They take
milliseconds, but shorten decimals (7.10 becomes 7.1), so they judge a resource and never write one.
"""

import re
from functools import cache
from typing import Any

from fhir_mappings.elements import Json
from fhir_mappings.errors import Fault

CHECKED_TYPES = frozenset(
    {
        "AuditEvent",
        "Bundle",
        "CapabilityStatement",
        "CodeSystem",
        "Communication",
        "DetectedIssue",
        "Device",
        "DocumentReference",
        "Flag",
        "Observation",
        "OperationOutcome",
        "Parameters",
        "Provenance",
        "Questionnaire",
        "QuestionnaireResponse",
        "Subscription",
        "Task",
        "ValueSet",
    }
)
# What the models raise, in place of a fault, for a contained or bundled resource of a type they do not know.
_UNKNOWN_INSIDE = (KeyError, TypeError, AttributeError)
_ELEMENT = re.compile(r"_?[A-Za-z][A-Za-z0-9]{0,63}")
# A text has tabs and ends of lines; no other character below the blank (datatypes.html of R4, string).
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_MESSAGES = {
    "missing": "is required",
    "extra_forbidden": "is not an element of this type",
    "fhir-validation-wrong-resource-type": "is another type than the place takes",
}


def check_structure(resource: Json) -> list[Fault]:
    """Return every structural fault, an empty list where there is none.

    ``at`` is like FHIRPath: ``QuestionnaireResponse.item[0].answer``. Neither it nor the message repeats a
    value; of an unknown element it repeats the name only where that looks like one. The first call for a type
    is slow (its models are built).
    """
    kind = resource.get("resourceType")
    if not isinstance(kind, str) or kind not in CHECKED_TYPES:
        return [Fault("resourceType", "structure", "is not a type that is taken here")]
    faults = _shape_faults(resource, kind)
    return faults or _model_faults(resource, kind)


def _shape_faults(node: object, at: str) -> list[Fault]:
    """Return what the models let pass: null, empty lists, objects and texts; control characters."""
    if node is None or node in ({}, [], ""):
        return [Fault(at, "structure", "must not be empty")]
    if isinstance(node, str) and _CONTROL.search(node):
        return [Fault(at, "structure", "holds a control character")]
    if isinstance(node, list):
        return [fault for i, one in enumerate(node) for fault in _shape_faults(one, f"{at}[{i}]")]
    if not isinstance(node, dict):
        return []
    return [fault for key, one in node.items() for fault in _shape_faults(one, _below(at, key))]


def _model_faults(resource: Json, kind: str) -> list[Fault]:
    model, refused = _model(kind)
    try:
        model.model_validate(resource)
    except refused as error:
        errors = error.errors(include_url=False, include_context=False, include_input=False)
        return [_fault(kind, one["loc"], one["type"]) for one in errors]
    except _UNKNOWN_INSIDE:
        return [Fault(kind, "structure", "holds a resource of an unknown type")]
    return []


@cache
def _model(kind: str) -> tuple[Any, type[Any]]:
    """Return the model of a type and the error it raises. Imported here, since that alone takes a second."""
    from fhir.resources.R4B import get_fhir_model_class  # noqa: PLC0415 - see above
    from pydantic import ValidationError  # noqa: PLC0415 - comes with the models

    return get_fhir_model_class(kind), ValidationError


def _fault(kind: str, place: tuple[int | str, ...], error: str) -> Fault:
    at = kind
    for step in place:
        at = f"{at}[{step}]" if isinstance(step, int) else _below(at, step)
    return Fault(at, "structure", _MESSAGES.get(error, "has the wrong shape"))


def _below(at: str, key: str) -> str:
    return f"{at}.{key}" if _ELEMENT.fullmatch(key) else at
