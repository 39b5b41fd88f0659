"""Searches among definitions: forms and codes, held in memory and the same for every caller."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from service.api.fhir.spans import spans
from service.api.fhir.values import Context, alternatives, plain, tokens, truth
from service.store.conditions import Span

Fit = Literal["is", "begins", "contains"]


@dataclass(frozen=True, slots=True)
class ElementIs:
    """An element is, begins with or contains one of these texts (the last two in any case).

    ``outside``: it is none of them.
    """

    element: str
    values: tuple[str, ...]
    fit: Fit = "is"
    outside: bool = False


@dataclass(frozen=True, slots=True)
class ElementWithin:
    """An element, a date or instant, lies in one of these spans."""

    element: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class ElementMissing:
    """An element is missing, or (``missing`` False) is there."""

    element: str
    missing: bool


DefinitionCondition = ElementIs | ElementWithin | ElementMissing


def fits(resource: Mapping[str, Any], condition: DefinitionCondition) -> bool:
    """Tell whether a definition fits a condition."""
    match condition:
        case ElementIs(element, values, fit, outside):
            return _is_one(str(element_of(resource, element) or ""), values, fit) is not outside
        case ElementWithin(element, wanted):
            return _is_within(element_of(resource, element), wanted)
        case ElementMissing(element, missing):
            return (element_of(resource, element) is None) is missing


def element_of(resource: Mapping[str, Any], element: str) -> Any:  # noqa: ANN401 - any element
    """Return an element of a definition by name, or None; ``lastUpdated`` is the one in meta."""
    if element == "lastUpdated":
        return resource.get("meta", {}).get("lastUpdated")
    return resource.get(element)


def read_texts(element: str, fit: Fit) -> Callable[[str, Context], ElementIs]:
    """Return the reader of a string parameter."""
    return lambda value, _: ElementIs(element, tuple(map(plain, alternatives(value))), fit)


def read_codes(
    element: str, system: str = "", *, outside: bool = False
) -> Callable[[str, Context], ElementIs | ElementMissing]:
    """Return the reader of a token of this system, '' where the element has none."""

    def read(value: str, _: Context) -> ElementIs | ElementMissing:
        pairs = tokens(value)
        if system and (system, None) in pairs:
            return ElementMissing(element, outside)
        codes = [code for of, code in pairs if of in {None, system} and code is not None]
        return ElementIs(element, tuple(codes), outside=outside)

    return read


def read_dates(element: str) -> Callable[[str, Context], ElementWithin]:
    """Return the reader of a date parameter."""
    return lambda value, context: ElementWithin(element, spans(value, context))


def read_missing(element: str) -> Callable[[str, Context], ElementMissing]:
    """Return the reader of ``:missing``."""
    return lambda value, _: ElementMissing(element, truth(value))


def read_identifiers(value: str, _: Context) -> ElementIs:
    """Return the condition of ``identifier``, which nothing fits: url and version identify a definition."""
    tokens(value)
    return ElementIs("identifier", ())


def _is_one(text: str, values: Sequence[str], fit: Fit) -> bool:
    if fit == "is":
        return text in values
    lower = text.lower()
    asked = [value.lower() for value in values]
    return any(lower.startswith(one) if fit == "begins" else one in lower for one in asked)


def _is_within(value: str | None, wanted: Sequence[Span]) -> bool:
    if value is None:
        return False
    at = value if "T" in value else f"{value}T00:00:00.000000Z"
    return any(_holds(at, span) is not span.outside for span in wanted)


def _holds(at: str, span: Span) -> bool:
    return (span.low is None or at >= span.low) and (span.high is None or at < span.high)
