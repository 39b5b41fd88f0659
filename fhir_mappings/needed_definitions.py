"""Which of our definitions an EHR should hold before it is sent something."""

from collections.abc import Iterator, Mapping, Sequence

from fhir_mappings.codes import Names
from fhir_mappings.elements import Json
from fhir_mappings.repair import STEPS
from fhir_mappings.vocabulary import ALERT_STATUS_TERMS, ALERT_TASK_TERMS, DISMISSAL_REASON_TERMS

_LISTS_OF_ALERTS = (ALERT_STATUS_TERMS.id, ALERT_TASK_TERMS.id, STEPS, DISMISSAL_REASON_TERMS.id)


def canonicals_of_alerts(names: Names) -> tuple[str, ...]:
    """Return the CodeSystems that an alert's resources name, now or after whatever people do about it.

    Example: the measures, ``alert-statuses``, ``alert-tasks``, ``repair-steps``, ``alert-dismissal-reasons``.
    """
    return (names.measures, *(names.vocabulary(one) for one in _LISTS_OF_ALERTS))


def needed_definitions(canonicals: Sequence[str], known: Sequence[Json]) -> list[Json]:
    """Return the definitions with these canonical URLs, and all that they name, in the order of ``known``.

    A Questionnaire names the codes of its items, the ValueSets of its answers, the form that it is derived
    from; a ValueSet its CodeSystem, and the other way round. ``known`` is what ``definitions`` gave; names of
    what is not among it are left alone. Without a version the last of a URL is meant.

    Example: the URL of the Questionnaire ``srs-3`` -> the measures, and that Questionnaire.
    """
    by_canonical: Mapping[str, Json] = {one["url"]: one for one in known} | {
        _canonical(one): one for one in known
    }
    found: set[str] = set()
    left = [name for name in canonicals if name in by_canonical]
    while left:
        resource = by_canonical[left.pop()]
        if _canonical(resource) not in found:
            found.add(_canonical(resource))
            left += [name for name in _texts(resource) if name in by_canonical and name != resource["url"]]
    return [one for one in known if _canonical(one) in found]


def _canonical(resource: Json) -> str:
    return f"{resource['url']}|{resource['version']}"


def _texts(node: object) -> Iterator[str]:
    """Yield every text of a resource."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for value in node.values():
            yield from _texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from _texts(value)
