"""References inside a resource: found, rewritten within a bundle, refused where they hang in the air."""

from collections.abc import Callable, Iterator
from typing import Any


def references_in(value: Any) -> Iterator[str]:  # noqa: ANN401 - JSON may hold anything
    """Yield the text of every ``reference`` element, at any depth."""
    if isinstance(value, dict):
        for key, kept in value.items():
            if key == "reference" and isinstance(kept, str):
                yield kept
            else:
                yield from references_in(kept)
    elif isinstance(value, list):
        for kept in value:
            yield from references_in(kept)


def with_references(value: Any, rewrite: Callable[[str], str]) -> Any:  # noqa: ANN401 - JSON may hold anything
    """Return a copy in which every ``reference`` element's text went through ``rewrite``."""
    if isinstance(value, list):
        return [with_references(kept, rewrite) for kept in value]
    if not isinstance(value, dict):
        return value
    return {
        key: rewrite(kept) if key == "reference" and isinstance(kept, str) else with_references(kept, rewrite)
        for key, kept in value.items()
    }


def find_empties(value: Any) -> bool:  # noqa: ANN401 - JSON may hold anything
    """Return whether a property is null, an empty text, list or object, which FHIR's JSON does not allow.

    Null inside a list is allowed: it lines a primitive up with its extensions (hl7.org/fhir/R4/json.html).
    """
    if isinstance(value, dict):
        return any(kept is None or kept in ("", [], {}) or find_empties(kept) for kept in value.values())
    return isinstance(value, list) and any(kept in ("", [], {}) or find_empties(kept) for kept in value)
