"""Whether sums and differences of what is shown tell what is hidden: exactly, by elimination.

Every cell is a sum of atoms, the smallest groups that any question tells apart. One comes out where its
vector lies in the span of those that are shown. Lines alone do not see that: where each team has a site and
an approach, two hidden in every line may still be told by four lines together. Reckoned modulo a prime, so
big that sums of a few thousand ones never meet it.
"""

from collections.abc import Collection, Hashable
from dataclasses import dataclass, field
from typing import TypeVar

from service.reporting.coarser import Table
from service.reporting.suppression import Group

_PRIME = (1 << 61) - 1
Key = TypeVar("Key", bound=Hashable)
# A table, and a group of it.
Shown = tuple[Table, Group]


@dataclass(frozen=True, slots=True)
class _Row:
    """A sum of atoms, and the shown cells that it is made of, each so many times."""

    atoms: dict[int, int]
    cells: dict[Shown, int]

    def take_off(self, other: "_Row", times: int) -> None:
        _take_off(self.atoms, other.atoms, times)
        _take_off(self.cells, other.cells, times)


@dataclass(frozen=True, slots=True)
class Span:
    """All sums and differences of the cells that are shown."""

    _rows: dict[int, _Row] = field(default_factory=dict)

    def add(self, cell: Shown, atoms: Collection[int]) -> None:
        """Take in a cell that is shown."""
        row = self._reduced(_Row(dict.fromkeys(atoms, 1), {cell: 1}))
        if row.atoms:
            first = min(row.atoms)
            by = pow(row.atoms[first], -1, _PRIME)
            self._rows[first] = _Row(_scaled(row.atoms, by), _scaled(row.cells, by))

    def cells_that_tell(self, atoms: Collection[int]) -> list[Shown]:
        """Return the shown cells that add up to these atoms, none where they do not come out."""
        row = self._reduced(_Row(dict.fromkeys(atoms, 1), {}))
        return [] if row.atoms else list(row.cells)

    def _reduced(self, row: _Row) -> _Row:
        while row.atoms:
            first = min(row.atoms)
            if first not in self._rows:
                break
            row.take_off(self._rows[first], row.atoms[first])
        return row


def _take_off(own: dict[Key, int], other: dict[Key, int], times: int) -> None:
    for key, number in other.items():
        left = (own.get(key, 0) - times * number) % _PRIME
        if left:
            own[key] = left
        else:
            own.pop(key, None)


def _scaled(own: dict[Key, int], by: int) -> dict[Key, int]:
    return {key: number * by % _PRIME for key, number in own.items()}
