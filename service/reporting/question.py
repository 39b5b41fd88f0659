"""What is asked of a snapshot, and the cells that an answer is made of."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from service.reporting.counted_by import CountedBy
from service.reporting.dimensions import shown_key
from service.reporting.suppression import Group


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: ``families`` of figures, grouped by at most two dimensions of the fixed list.

    ``by`` are the numbers that the snapshot was counted by. ``minimum_cell`` is in patients.
    """

    clinic: str
    families: tuple[str, ...]
    group_by: tuple[str, ...]
    minimum_cell: int
    by: CountedBy

    @property
    def shows(self) -> list[Callable[[object], str]]:
        """Return how the keys of each dimension that it is grouped by are shown."""
        return [shown_key(name, self.clinic, self.by.session_bands) for name in self.group_by]


class Cell(NamedTuple):
    """One figure of one group; a tuple, since an answer may have tens of thousands.

    ``labels`` part it further (instrument, perspective, score, measure). All numbers are None where it is
    suppressed. ``patients`` is how many it rests on: never shown.
    """

    group: Group
    figure: str
    labels: tuple[str, ...]
    value: float | None
    low: float | None
    high: float | None
    n: int | None
    patients: int
    suppressed: bool = False


def hidden_cell(group: Group, figure: str, labels: tuple[str, ...], patients: int) -> Cell:
    """Return a cell that is not shown."""
    return Cell(group, figure, labels, None, None, None, None, patients, suppressed=True)
