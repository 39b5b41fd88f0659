"""Which cells of an answer are hidden: for each figure and its labels, over all groups."""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial

from service.reporting.figures import BETWEEN, PAIRS, QUARTILES, WITHIN, Figure, mean_name
from service.reporting.nesting import Nesting
from service.reporting.queries import By, patients_query
from service.reporting.question import Cell, Question, hidden_cell
from service.reporting.reading import Reader
from service.reporting.suppression import Group, hidden_cells

# A figure and its labels; and how many patients each key of the first and of the second dimension has.
MarginOf = tuple[str, tuple[str, ...]]
Margin = Sequence[Mapping[Group, int]]
_MOST = 2


def read_margins(reader: Reader, question: Question, figures: Sequence[Figure]) -> dict[MarginOf, Margin]:
    """Return the margins of figures of one source that two dimensions are asked for, else nothing.

    Who asks for one dimension alone is told the margins, so a margin that is hidden there must not be the sum
    of cells that are shown here.
    """
    if len(question.group_by) < _MOST:
        return {}
    source = figures[0].source
    wholes = list(dict.fromkeys(one.m for one in figures))
    found: dict[MarginOf, list[dict[Group, int]]] = {}
    for n, name in enumerate(question.group_by):
        by = By(replace(question, group_by=(name,)), source)
        reader.show(by.parts)
        for labels, rows in by.by_labels(reader.rows(patients_query(by, wholes))).items():
            for figure in figures:
                name_of_count = f"patients{wholes.index(figure.m)}"
                counts = {group: row[name_of_count] for group, row in rows}
                for told in _names(figure):
                    found.setdefault((told, labels), [{}, {}])[n] = counts
    return dict(found)


def suppress(
    found: Mapping[MarginOf, Sequence[Cell]],
    question: Question,
    margins: Mapping[MarginOf, Margin],
    nesting: Nesting,
) -> Iterator[Cell]:
    """Give the cells of each figure and its labels, those that must not be shown without their numbers."""
    hidden_of = _hiding(question, nesting)
    for of, cells in found.items():
        hidden = hidden_of({cell.group: cell.patients for cell in cells}, margins.get(of, ()))
        for cell in cells:
            if cell.group in hidden and not cell.suppressed:
                yield hidden_cell(cell.group, cell.figure, cell.labels, cell.patients)
            else:
                yield cell


def _hiding(
    question: Question, nesting: Nesting
) -> Callable[[Mapping[Group, int], Margin], frozenset[Group]]:
    """Return what tells the hidden groups; figures of the same values have the same, found once."""
    known: dict[Hashable, frozenset[Group]] = {}
    lines = _lines(question, nesting)

    def hidden_of(patients: Mapping[Group, int], margins: Margin) -> frozenset[Group]:
        key = (tuple(patients.items()), *(tuple(one.items()) for one in margins))
        if key not in known:
            open_lines = _open_lines(question, margins, nesting)
            known[key] = hidden_cells(patients, question.minimum_cell, lines, open_lines)
        return known[key]

    return hidden_of


def _names(figure: Figure) -> list[str]:
    """Return all names that a figure is told by, correlations with their gap."""
    correlations = (WITHIN, BETWEEN) if figure.source is PAIRS else ()
    quartiles = [f"{figure.name}_{name}" for name, _ in QUARTILES] if figure.each else []
    return [mean_name(figure), *quartiles, *correlations]


def _open_lines(question: Question, margins: Margin, nesting: Nesting) -> set[tuple[object, ...]]:
    """Return the lines of cells whose sum is hidden from who asks for one dimension alone."""
    found: set[tuple[object, ...]] = set()
    for n, patients in enumerate(margins):
        alone = replace(question, group_by=(question.group_by[n],))
        counted = {group: count for group, count in patients.items() if count}
        for (key,) in hidden_cells(counted, question.minimum_cell, _lines(alone, nesting)):
            line: list[object] = [key, key]
            line[1 - n] = "all"
            found.add((1 - n, *line))
    return found


def _lines(question: Question, nesting: Nesting) -> Callable[[Group], tuple[tuple[object, ...], ...]]:
    """Return what tells the lines of a cell: in each dimension its coarser keys, the others as they are.

    Coarser is also what a key lies within by another dimension, whose sums whoever asks for that is told.
    """

    def holders(n: int, key: object) -> list[object]:
        coarser = question.dimensions[n].coarser(key)
        return [*coarser, *nesting.lines_of(question.group_by[n], key)]

    held = [cache(partial(holders, n)) for n in range(len(question.group_by))]

    def lines_of(group: Group) -> tuple[tuple[object, ...], ...]:
        return tuple(
            [
                (n, *group[:n], holder, *group[n + 1 :])
                for n, key in enumerate(group)
                for holder in held[n](key)
            ]
        )

    return lines_of
