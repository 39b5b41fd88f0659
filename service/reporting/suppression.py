"""Which cells of a figure are not shown: those of few patients, and others that would give them away."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from functools import cache

Group = tuple[object, ...]
# The lines whose sum is known elsewhere (a row, a column, a quarter, the whole) that hold a cell.
LinesOf = Callable[[Group], tuple[Hashable, ...]]
_FEWEST_HIDDEN = 2


@dataclass(frozen=True, slots=True)
class Told:
    """What coarser questions tell of a question's cells.

    ``open_lines``: sums that are hidden there, and must not come out here. ``known``: cells that are told
    there, so that hiding them helps nobody. ``forced``: cells that must be hidden, else one comes out there.
    """

    open_lines: frozenset[Hashable] = frozenset()
    known: frozenset[Group] = frozenset()
    forced: frozenset[Group] = frozenset()


NOTHING = Told()


def hidden_cells(
    patients: Mapping[Group, int], minimum: int, lines_of: LinesOf, told: Told = NOTHING
) -> frozenset[Group]:
    """Return the groups that must not be shown; ``patients`` says how many each figure rests on.

    Primary: fewer patients than the minimum. Complementary: in every line with a hidden cell at least two are
    hidden, of at least the minimum of patients together; the smallest of the others follow, again and again.
    """
    hidden = {group for group, count in patients.items() if count < minimum} | told.forced
    if not hidden and not told.open_lines:
        return frozenset()
    of = {group: lines_of(group) for group in patients}
    lines: dict[Hashable, list[Group]] = {}
    for group, own in of.items():
        for line in own:
            lines.setdefault(line, []).append(group)
    order = cache(lambda line: (len(lines[line]), str(line)))
    looked_at = {line for group in hidden for line in of[group]} | (lines.keys() & told.open_lines)
    while looked_at:
        more: set[Group] = set()
        # Short lines first: they have the least choice, and what they take may do for the long ones.
        for one in sorted(looked_at, key=order):
            unknown = [group for group in lines[one] if group not in told.known]
            taken = _next(unknown, hidden, patients, minimum, is_open=one in told.open_lines)
            if taken is not None:
                hidden.add(taken)
                more.add(taken)
        looked_at = {line for group in more for line in of[group]}
    return frozenset(hidden)


def _next(
    line: list[Group], hidden: set[Group], patients: Mapping[Group, int], minimum: int, *, is_open: bool
) -> Group | None:
    """Return the cell that this line needs hidden too, None where it needs none or has none left."""
    gone = [patients[group] for group in line if group in hidden]
    if not gone and not is_open:
        return None
    if len(gone) >= _FEWEST_HIDDEN and sum(gone) >= minimum:
        return None
    rest = [(patients[group], group) for group in line if group not in hidden]
    fewest = min((count for count, _ in rest), default=0)
    return min((group for count, group in rest if count == fewest), key=str, default=None)
