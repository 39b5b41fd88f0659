"""How much of a resource is answered: ``_summary`` and ``_elements``.

What was left out is said by the tag SUBSETTED. Source: hl7.org/fhir/R4/search.html#summary.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, get_args

from fhir_mappings.codes import OBSERVATION_VALUE
from fhir_mappings.elements import coding
from fhir_mappings.summary_elements import CHOICES, MANDATORY, SUMMARY

Summary = Literal["false", "true", "text", "data", "count"]
_SUMMARIES: Mapping[str, Summary] = MappingProxyType({one: one for one in get_args(Summary)})
_ELEMENT = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}")
_ALWAYS = frozenset({"resourceType", "id", "meta", "implicitRules"})


@dataclass(frozen=True, slots=True)
class Shape:
    """What is asked for: a summary, or these elements; none: whole resources."""

    summary: Summary = "false"
    elements: tuple[str, ...] = ()


WHOLE = Shape()


def read_shape(pairs: Sequence[tuple[str, str]], refuse: Callable[[str, str], None]) -> Shape:
    """Return the shape that these parameters ask for; calls ``refuse`` for each that cannot be had."""
    given = dict(pairs).get("_summary", "false")
    summary = _SUMMARIES.get(given)
    if summary is None:
        refuse("_summary", "This parameter takes true, text, data, count or false.")
    listed = [one for name, value in pairs if name == "_elements" for one in value.split(",")]
    if not all(_ELEMENT.fullmatch(one) for one in listed):
        refuse("_elements", "This parameter takes names of elements at the root, between commas.")
    if listed and summary != "false":
        refuse("_elements", "This parameter and _summary exclude each other.")
    return Shape(summary or "false", tuple(listed))


def shaped(resource: dict[str, Any], shape: Shape) -> dict[str, Any]:
    """Return a resource in this shape; a whole one as it is."""
    kept = _kept(resource["resourceType"], shape)
    if shape.summary == "data":
        found = {key: value for key, value in resource.items() if key != "text"}
    elif kept is not None:
        # The extensions of an element stand in its sibling, and what may have several types is named by each.
        found = {key: value for key, value in resource.items() if _is_kept(key.removeprefix("_"), kept)}
    else:
        return resource
    return found | {"meta": _subsetted(resource.get("meta", {}))}


def _kept(kind: str, shape: Shape) -> frozenset[str] | None:
    """Return the elements that stay, None where no list says so."""
    mandatory = _ALWAYS | MANDATORY.get(kind, frozenset())
    if shape.summary == "true":
        return mandatory | SUMMARY[kind] if kind in SUMMARY else None
    if shape.summary == "text":
        return mandatory | {"text"}
    return mandatory | set(shape.elements) if shape.elements else None


def _is_kept(key: str, kept: frozenset[str]) -> bool:
    return key in kept or any(re.fullmatch(rf"{re.escape(one)}[A-Z]\w*", key) for one in kept & CHOICES)


def _subsetted(meta: dict[str, Any]) -> dict[str, Any]:
    tag = coding(OBSERVATION_VALUE, "SUBSETTED", "subsetted")
    others = [one for one in meta.get("tag", []) if one.get("code") != "SUBSETTED"]
    return meta | {"tag": [*others, tag]}
