"""What comes along with the resources of a page: those that they refer to, and those that refer to them.

Only what is ours can come along; a reference to something of the EHR's stays a reference.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from service.api.fhir.answers import Shown
from service.api.fhir.definition_search import ElementIs
from service.api.fhir.offered import OFFERED
from service.api.fhir.search_request import SearchRequest
from service.api.fhir.sources import Source
from service.api.fhir.values import MOST_ALTERNATIVES, Context
from service.errors import NotFound
from service.store.search import Page


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where what comes along is found: the sources by type, and what values mean here.

    CAUTION: the sources are those that the caller may see; a type that it may not see is not among them.
    """

    sources: Mapping[str, Source]
    context: Context


Find = Callable[[Sequence[Shown], Shelf], list[Shown]]
# More than refer to a page of the largest count.
_MOST = 1000


def find_included(names: Sequence[str], page: Sequence[Shown], shelf: Shelf) -> list[Shown]:
    """Return what comes along with a page by these names, each once, nothing of the page itself."""
    seen = {_reference(one) for one in page}
    found: list[Shown] = []
    for name in names:
        for one in INCLUDES[name](page, shelf):
            if _reference(one) not in seen:
                seen.add(_reference(one))
                found.append(one)
    return found


def _reference(shown: Shown) -> str:
    return f"{shown.resource['resourceType']}/{shown.resource['id']}"


def _referred(element: str, kind: str) -> Find:
    """Return how to find the resources of ours, of one type, that an element refers to."""

    def find(page: Sequence[Shown], shelf: Shelf) -> list[Shown]:
        there = {_reference(one) for one in page}
        named = dict.fromkeys(one for shown in page for one in _references(shown.resource, element))
        prefix = f"{kind}/"
        wanted = [one.removeprefix(prefix) for one in named if one.startswith(prefix) and one not in there]
        return list(_read_all(kind, wanted, shelf))

    return find


def _referring(kind: str, parameter: str) -> Find:
    """Return how to find the resources of a type that refer to those of a page by a search parameter."""

    def find(page: Sequence[Shown], shelf: Shelf) -> list[Shown]:
        found: list[Shown] = []
        for some in _portions([_reference(one) for one in page] if kind in shelf.sources else []):
            found.extend(_search(kind, parameter, ",".join(some), shelf))
        return found

    return find


def _forms(page: Sequence[Shown], shelf: Shelf) -> list[Shown]:
    """Return the forms that responses name, by canonical URL, with or without version."""
    if "Questionnaire" not in shelf.sources:
        return []
    named = {str(one.resource["questionnaire"]) for one in page if "questionnaire" in one.resource}
    urls = tuple(sorted({one.partition("|")[0] for one in named}))
    asked = SearchRequest((ElementIs("url", urls),), Page(_MOST), shelf.context.places, counted=False)
    found = shelf.sources["Questionnaire"].search(asked).items
    return [
        one
        for one in found
        if {one.resource["url"], f"{one.resource['url']}|{one.resource['version']}"} & named
    ]


# Name of the include -> how it is found; what each type offers of them stands in offered.py.
INCLUDES: Mapping[str, Find] = MappingProxyType(
    {
        "QuestionnaireResponse:questionnaire": _forms,
        "Observation:derived-from": _referred("derivedFrom", "QuestionnaireResponse"),
        "Observation:has-member": _referred("hasMember", "Observation"),
        "DetectedIssue:implicated": _referred("implicated", "Observation"),
        "Provenance:target": _referring("Provenance", "target"),
    }
)


def _references(resource: Mapping[str, Any], element: str) -> Iterator[str]:
    listed = resource.get(element, [])
    for one in listed if isinstance(listed, list) else [listed]:
        if isinstance(one, dict) and isinstance(one.get("reference"), str):
            yield one["reference"]


def _read_all(kind: str, wanted: Sequence[str], shelf: Shelf) -> Iterator[Shown]:
    """Yield those of these resources that exist; one that a correction took away is read singly."""
    if kind not in shelf.sources:
        return
    found: dict[str, Shown] = {}
    for some in _portions(wanted):
        found |= {one.resource["id"]: one for one in _search(kind, "_id", ",".join(some), shelf)}
    for one in wanted:
        try:
            yield found[one] if one in found else shelf.sources[kind].read(one)
        except NotFound:
            continue


def _search(kind: str, parameter: str, value: str, shelf: Shelf) -> Sequence[Shown]:
    offered = next(one for one in OFFERED if one.type == kind)
    condition = offered.by_name[parameter].read(value, shelf.context)
    asked = SearchRequest((condition,), Page(_MOST), shelf.context.places, counted=False)
    return shelf.sources[kind].search(asked).items


def _portions(values: Sequence[str]) -> Iterable[Sequence[str]]:
    return (values[start : start + MOST_ALTERNATIVES] for start in range(0, len(values), MOST_ALTERNATIVES))
