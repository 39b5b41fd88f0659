"""Our own extensions of a QuestionnaireResponse, described as StructureDefinitions.

Without them a validator only warns that an extension is unknown; with them it checks type and place.
Source: hl7.org/fhir/R4/defining-extensions.html.
"""

from dataclasses import dataclass

from fhir_mappings.codes import EXTENSION, ExtensionKind, Names
from fhir_mappings.elements import PUBLISHER, Json, narrative

# CAUTION: a published pair of url and version never changes.
EXTENSIONS_VERSION = "1.0.0"
_DATE = "2026-11-25"
_VALUE = "Extension.value[x]"


@dataclass(frozen=True, slots=True)
class _Described:
    """One extension: the type of its value, and for a Reference what it may refer to."""

    kind: ExtensionKind
    title: str
    meaning: str
    value_type: str
    targets: tuple[str, ...] = ()


_EXTENSIONS = (
    _Described("session-date", "Session date", "The day of the therapy session that was rated", "date"),
    _Described(
        "session-number",
        "Session number",
        "Which session of this therapy was rated, counted from 1",
        "positiveInt",
    ),
    _Described(
        "therapist",
        "Therapist",
        "The therapist of the session that was rated, who need not be who recorded it",
        "Reference",
        ("Practitioner", "PractitionerRole"),
    ),
    _Described(
        "ehr-reference",
        "Reference in the EHR",
        "Where the EHR holds this response already: only scores and alerts are then written there",
        "Reference",
        ("QuestionnaireResponse",),
    ),
)


def to_extension_definitions(names: Names) -> list[Json]:
    """Return the StructureDefinition of each extension of ours, in FHIR R4 JSON."""
    return [_definition(described, names) for described in _EXTENSIONS]


def _definition(described: _Described, names: Names) -> Json:
    url = names.extension(described.kind)
    return {
        "resourceType": "StructureDefinition",
        "id": f"{described.kind}-{EXTENSIONS_VERSION}",
        "text": narrative(f"{described.title}: {described.meaning}."),
        "url": url,
        "version": EXTENSIONS_VERSION,
        "name": "".join(word.capitalize() for word in described.kind.split("-")),
        "title": described.title,
        "status": "active",
        "experimental": False,
        "date": _DATE,
        "publisher": PUBLISHER,
        "description": f"{described.meaning}.",
        "fhirVersion": "4.0.1",
        "kind": "complex-type",
        "abstract": False,
        "context": [{"type": "element", "expression": "QuestionnaireResponse"}],
        "type": "Extension",
        "baseDefinition": f"{EXTENSION}/Extension",
        "derivation": "constraint",
        "snapshot": {"element": _snapshot(described, url)},
        "differential": {"element": _differential(described, url)},
    }


def _differential(described: _Described, url: str) -> list[Json]:
    """Return what sets this extension apart from any other."""
    return [
        {"id": "Extension", "path": "Extension", **_root(described)},
        {"id": "Extension.extension", "path": "Extension.extension", "max": "0"},
        {"id": "Extension.url", "path": "Extension.url", "fixedUri": url},
        {"id": _VALUE, "path": _VALUE, "min": 1, "type": [_value_type(described)]},
    ]


def _snapshot(described: _Described, url: str) -> list[Json]:
    """Return every element of this extension, for readers that cannot work it out.

    Source: hl7.org/fhir/R4/extension.profile.json.
    """
    ext_1 = {
        "key": "ext-1",
        "severity": "error",
        "human": "Must have either extensions or value[x], not both",
        "expression": "extension.exists() != value.exists()",
        "source": f"{EXTENSION}/Extension",
    }
    return [
        _element("Extension", "*", _root(described) | {"constraint": [ext_1]}),
        _element("Extension.id", "1", {"min": 0, "max": "1", "type": [_text_type("string")]}, "Element.id"),
        _element("Extension.extension", "*", {"min": 0, "max": "0", "type": [{"code": "Extension"}]}),
        _element("Extension.url", "1", {"min": 1, "max": "1", "type": [_text_type("uri")], "fixedUri": url}),
        _element(_VALUE, "1", {"min": 1, "max": "1", "type": [_value_type(described)]}),
    ]


def _element(path: str, base_max: str, facts: Json, base_path: str | None = None) -> Json:
    # Of all elements of Extension only its url must be there.
    base_min = 1 if path == "Extension.url" else 0
    base = {"path": base_path or path, "min": base_min, "max": base_max}
    return {"id": path, "path": path, "definition": path, **facts, "base": base}


def _text_type(fhir_type: str) -> Json:
    """Return the type of an element that FHIR defines by FHIRPath's String."""
    told = {"url": f"{EXTENSION}/structuredefinition-fhir-type", "valueUrl": fhir_type}
    return {"extension": [told], "code": "http://hl7.org/fhirpath/System.String"}


def _root(described: _Described) -> Json:
    return {
        "short": described.title,
        "definition": f"{described.meaning}.",
        "min": 0,
        "max": "1",
    }


def _value_type(described: _Described) -> Json:
    profiles = [f"{EXTENSION}/{target}" for target in described.targets]
    return {"code": described.value_type} | ({"targetProfile": profiles} if profiles else {})
