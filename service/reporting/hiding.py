"""Which cells of an answer are hidden: for each figure and its labels, over all groups."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby, product

from service.reporting.figures import BETWEEN, PAIRS, QUARTILES, WITHIN, Figure, mean_name
from service.reporting.nesting import Nesting
from service.reporting.queries import By, patients_query
from service.reporting.question import Cell, Question
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
        for row in reader.rows(patients_query(by, wholes)):
            for figure in figures:
                for told in _names(figure):
                    margins = found.setdefault((told, by.labels_of(row)), [{}, {}])
                    margins[n][by.group_of(row)] = row[f"patients{wholes.index(figure.m)}"]
    return dict(found)


def suppress(
    cells: Iterable[Cell], question: Question, margins: Mapping[MarginOf, Margin], nesting: Nesting
) -> Iterator[Cell]:
    """Give the cells, those that must not be shown without their numbers; they come sorted by figure."""
    lines = _lines(question, nesting)
    known: dict[Hashable, frozenset[Group]] = {}  # figures of the same values have the same patients
    for (figure, labels), same in groupby(cells, key=lambda cell: (cell.figure, cell.labels)):
        of_figure = list(same)
        patients = {cell.group: cell.patients for cell in of_figure}
        open_lines = frozenset(_open_lines(question, margins.get((figure, labels), ()), nesting))
        key = (tuple(patients.items()), open_lines)
        if key not in known:
            known[key] = hidden_cells(patients, question.minimum_cell, lines, open_lines)
        hidden = known[key]
        for cell in of_figure:
            if cell.group in hidden:
                yield cell._replace(value=None, low=None, high=None, n=None, suppressed=True)
            else:
                yield cell


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
    dimensions = question.dimensions

    def lines_of(group: Group) -> tuple[tuple[object, ...], ...]:
        lines = []
        for n, one in enumerate(dimensions):
            others: list[tuple[object, ...]] = [(key,) for key in group]
            others[n] = (*one.coarser(group[n]), *nesting.lines_of(question.group_by[n], group[n]))
            lines += [(n, *line) for line in product(*others)]
        return tuple(lines)

    return lines_of
