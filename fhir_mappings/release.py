"""The differences between FHIR releases. All mappers write R4; this page alone knows R4B and R5.

R4B reads like R4 for everything that we emit. R5 is given for Questionnaire, QuestionnaireResponse and
Observation; of these the Observation reads alike. Sources: hl7.org/fhir/R4B/diff.html and /R5/diff.html.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from fhir_mappings.codes import EXTENSION, VERSION_ALGORITHM_EXTENSIONS
from fhir_mappings.elements import Json
from fhir_mappings.errors import ReleaseNotSupported

R4B_VERSION = "4.3.0"
# R5 renamed what R4 calls choice; open-choice we never write.
_R5_ITEM_TYPES = MappingProxyType({"choice": "coding"})
# Retired before R5: there only itemWeight is read.
_ORDINAL_VALUE = f"{EXTENSION}/ordinalValue"


def to_release(resource: Json, fhir_version: str) -> Json:
    """Return a resource of ours in the release that an EHR speaks; R4 resources are returned as they are.

    ``fhir_version`` is what a CapabilityStatement says: ``4.0.1``, ``4.3.0``, ``5.0.0``, with or without the
    last number. Raises ``ReleaseNotSupported`` for other releases, and for R5 of a type not mapped to it.
    """
    release = ".".join(fhir_version.split(".")[:2])
    kind = str(resource.get("resourceType"))
    if release == "4.0":
        return resource
    if release == "4.3":
        return _R4B.get(kind, _same)(resource)
    if release == "5.0" and kind in _R5:
        return _R5[kind](resource)
    raise ReleaseNotSupported(fhir_version, kind)


def _same(resource: Json) -> Json:
    return resource


def _r4b_structure_definition(resource: Json) -> Json:
    return resource | {"fhirVersion": R4B_VERSION}


def _r5_questionnaire(resource: Json) -> Json:
    """Return the form: the version's algorithm is an element now, choices are codings, profiles are R4's."""
    kept = [one for one in resource["extension"] if one["url"] not in VERSION_ALGORITHM_EXTENSIONS]
    algorithm = next(one for one in resource["extension"] if one["url"] in VERSION_ALGORITHM_EXTENSIONS)
    return _without_profiles(resource) | {
        "extension": kept,
        "versionAlgorithmCoding": algorithm["valueCoding"],
        "item": [_r5_item(item) for item in resource["item"]],
    }


def _r5_item(item: Json) -> Json:
    changed = item | {"type": _R5_ITEM_TYPES.get(item["type"], item["type"])}
    if "answerOption" in item:
        changed["answerOption"] = [_r5_weights(option) for option in item["answerOption"]]
    if "item" in item:
        changed["item"] = [_r5_item(child) for child in item["item"]]
    return changed


def _r5_response(resource: Json) -> Json:
    changed = _without_profiles(resource)
    if "identifier" in resource:
        changed["identifier"] = [resource["identifier"]]
    if "item" in resource:
        changed["item"] = [_r5_response_item(item) for item in resource["item"]]
    return changed


def _r5_response_item(item: Json) -> Json:
    changed = dict(item)
    if "answer" in item:
        changed["answer"] = [_r5_answer(answer) for answer in item["answer"]]
    if "item" in item:
        changed["item"] = [_r5_response_item(child) for child in item["item"]]
    return changed


def _r5_answer(answer: Json) -> Json:
    return answer | {"valueCoding": _r5_weights(answer["valueCoding"])} if "valueCoding" in answer else answer


def _r5_weights(element: Json) -> Json:
    kept = [one for one in element.get("extension", []) if one["url"] != _ORDINAL_VALUE]
    rest = {key: value for key, value in element.items() if key != "extension"}
    return ({"extension": kept} if kept else {}) | rest


def _without_profiles(resource: Json) -> Json:
    """Leave out profiles: those that we claim are defined for R4 only."""
    meta = {key: value for key, value in resource.get("meta", {}).items() if key != "profile"}
    rest = {key: value for key, value in resource.items() if key != "meta"}
    head = {"resourceType": rest.pop("resourceType"), **({"id": rest.pop("id")} if "id" in rest else {})}
    return head | ({"meta": meta} if meta else {}) | rest


_Change = Callable[[Json], Json]
_R4B: Mapping[str, _Change] = MappingProxyType({"StructureDefinition": _r4b_structure_definition})
_R5: Mapping[str, _Change] = MappingProxyType(
    {"Questionnaire": _r5_questionnaire, "QuestionnaireResponse": _r5_response, "Observation": _same}
)
