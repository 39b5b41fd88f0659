"""The sealed cursor with which the next page of a search is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass

from service.flows.list_places import ListPlaces

CURSOR = "_cursor"
# These change how a page looks, and not what is on which.
_LOOKS = frozenset({"_count", "_elements", "_format", "_pretty", "_summary", "_total"})

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Cursor:
    """The place after which a page begins (moment, row), and the newest row when the first was read."""

    at: str
    row_id: int
    upto: int


def write_cursor(places: ListPlaces, cursor: Cursor, others: Pairs) -> str:
    """Return the text of a cursor; it belongs to the search that these other parameters make."""
    return places.seal([cursor.at, cursor.row_id, cursor.upto], _search(others))


def read_cursor(places: ListPlaces, text: str, others: Pairs) -> Cursor | None:
    """Return the cursor that ``write_cursor`` wrote for the same search, or None for anything else."""
    parts = places.open(text, _search(others))
    if parts is None:
        return None
    at, row, upto = parts
    return Cursor(str(at), int(row), int(upto))


def _search(others: Pairs) -> list[str]:
    return [text for pair in sorted(others) if pair[0] not in _LOOKS for text in pair]
