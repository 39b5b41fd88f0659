"""One search parameter: its name and type, and how its value is read, also with a modifier or chain."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from service.api.fhir.definition_search import DefinitionCondition
from service.api.fhir.values import Context, truth
from service.flows.search_chart import Implicated, Traced
from service.store.conditions import Always, Condition, Missing, Not

ParameterType = Literal["token", "reference", "date", "uri", "string", "quantity"]
Asked = Condition | Implicated | Traced | DefinitionCondition
Reader = Callable[[str, Context], Asked]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One search parameter. ``variants``: how a value is read after ``:modifier`` or ``.chain``, by these.

    Example: ``{":not": …, ".identifier": …}``. Anything else after the name is refused.
    """

    name: str
    type: ParameterType
    meaning: str
    read: Reader
    variants: Mapping[str, Reader] = field(default_factory=dict)


def negated(read: Callable[[str, Context], Condition]) -> Mapping[str, Reader]:
    """Return the variant ``:not`` of a token."""
    return {":not": lambda value, context: Not(read(value, context))}


def may_miss(column: str) -> Mapping[str, Reader]:
    """Return the variant ``:missing`` of what a column may lack."""
    return {":missing": lambda value, _: Missing(column, truth(value))}


def never_misses() -> Mapping[str, Reader]:
    """Return the variant ``:missing`` of what every resource of the type has."""
    return {":missing": lambda value, _: Always(not truth(value))}
