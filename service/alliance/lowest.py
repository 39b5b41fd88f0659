"""The item that stays lowest: where a client's marks are low for their own form, whatever the total does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.alliance.parameters import Parameters


@dataclass(frozen=True, slots=True)
class LowestItem:
    """One item (its link id) that was lowest in ``ratings`` of the last ``of``."""

    item: str
    ratings: int
    of: int


def find_lowest_item(marks: Sequence[Mapping[str, float]], parameters: Parameters) -> LowestItem | None:
    """Return the item that was below every other one by ``lowest_by`` points often enough, or None.

    ``marks`` are those of each rating in therapy order, by link id, reversed items turned, so that low means
    little. Only the last ``lowest_of`` ratings count; a rating with fewer than two marks says nothing.
    """
    recent = marks[-parameters.lowest_of :]
    lowest = [_lowest(one, parameters.lowest_by) for one in recent]
    for item in {found for found in lowest if found is not None}:
        if lowest.count(item) >= parameters.lowest_in:
            return LowestItem(item, lowest.count(item), len(recent))
    return None


def lowest_items(marks: Mapping[str, float]) -> tuple[str, ...]:
    """Return the items with the least mark of one rating, in item order; none where all marks are alike."""
    least = min(marks.values(), default=None)
    found = tuple(item for item, mark in marks.items() if mark == least)
    return found if len(found) < len(marks) else ()


def _lowest(marks: Mapping[str, float], by: float) -> str | None:
    pair = 2
    if len(marks) < pair:
        return None
    item, next_item = sorted(marks, key=marks.__getitem__)[:pair]
    # In floats 9.0 - 8.0 is exact, 8.7 - 7.7 is not: half a unit of the third place is no difference.
    return item if marks[next_item] - marks[item] >= by - 0.0005 else None
