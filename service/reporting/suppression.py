"""Which cells of a figure are not shown: those of few patients, and others that would give them away."""

from collections.abc import Callable, Hashable, Mapping

Group = tuple[object, ...]
# The lines whose sum is known elsewhere (a row, a column, a quarter, the whole) that hold a cell.
LinesOf = Callable[[Group], tuple[Hashable, ...]]
_FEWEST_HIDDEN = 2


def hidden_cells(patients: Mapping[Group, int], minimum: int, lines_of: LinesOf) -> frozenset[Group]:
    """Return the groups that must not be shown; ``patients`` says how many each figure rests on.

    Primary: fewer patients than the minimum. Complementary: in every line with a hidden cell at least two are
    hidden, of at least the minimum of patients together; the smallest of the others follow, again and again.
    """
    hidden = {group for group, count in patients.items() if count < minimum}
    lines: dict[Hashable, list[Group]] = {}
    for group in patients:
        for line in lines_of(group):
            lines.setdefault(line, []).append(group)
    is_done = not hidden
    while not is_done:
        more = {_next(groups, hidden, patients, minimum) for groups in lines.values()} - {None}
        hidden |= {group for group in more if group is not None}
        is_done = not more
    return frozenset(hidden)


def _next(line: list[Group], hidden: set[Group], patients: Mapping[Group, int], minimum: int) -> Group | None:
    """Return the cell that this line needs hidden too, None where it needs none or has none left."""
    gone = [group for group in line if group in hidden]
    if not gone or (len(gone) >= _FEWEST_HIDDEN and sum(patients[group] for group in gone) >= minimum):
        return None
    rest = [group for group in line if group not in hidden]
    return min(rest, key=lambda group: (patients[group], str(group)), default=None)
