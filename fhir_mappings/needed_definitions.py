"""Which of our definitions an EHR should hold before it is sent something."""

from collections.abc import Iterator, Mapping, Sequence

from fhir_mappings.elements import Json


def needed_definitions(urls: Sequence[str], known: Sequence[Json]) -> list[Json]:
    """Return the definitions with these canonical URLs, and all that they name, in the order of ``known``.

    A Questionnaire names the codes of its items, the ValueSets of its answers, the form that it is derived
    from; a ValueSet its CodeSystem, and the other way round. ``known`` is what ``definitions`` gave; names of
    what is not among it are left alone.

    Example: the URL of the Questionnaire ``srs-3`` -> the measures, and that Questionnaire.
    """
    by_url: Mapping[str, Json] = {one["url"]: one for one in known}
    found: set[str] = set()
    open_urls = [url for url in urls if url in by_url]
    while open_urls:
        url = open_urls.pop()
        if url not in found:
            found.add(url)
            open_urls += [name for name in _texts(by_url[url]) if name in by_url]
    return [one for one in known if one["url"] in found]


def _texts(node: object) -> Iterator[str]:
    """Yield every text of a resource; of a canonical with a version the URL alone."""
    if isinstance(node, str):
        yield node.partition("|")[0]
    elif isinstance(node, dict):
        for value in node.values():
            yield from _texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from _texts(value)
