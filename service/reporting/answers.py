"""Answer a question about a snapshot: every figure asked for, by group, with n, interval and suppression."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from math import sqrt

from service.garbage import rarely_searched
from service.reporting.coarser import Counted, Tables
from service.reporting.figures import (
    BETWEEN,
    FIGURES,
    HUNDRED,
    PAIRS,
    QUARTILES,
    WITHIN,
    Figure,
    Kind,
    Source,
    mean_name,
    told_figures,
)
from service.reporting.hidden_counts import without_told_counts
from service.reporting.hiding import CellsOf, read_coarser, suppress
from service.reporting.intervals import Sums, correlation_interval, mean_interval, share_interval
from service.reporting.nesting import read_nesting
from service.reporting.parts import counted_name, quartiles_name
from service.reporting.queries import (
    By,
    Grouped,
    Products,
    Row,
    columns_of,
    correlations_query,
    kept_quartiles,
    quartiles_of_counted,
    quartiles_of_rows,
    sums_query,
)
from service.reporting.question import Cell, Question, hidden_cell
from service.reporting.reading import Reader
from service.reporting.suppression import Group
from service.reporting.tables import TABLES

_FEWEST_WITHIN, _FEWEST_BETWEEN = 2, 3
# What is left of a variance by rounding alone, of the sum of squares.
_TINY = 1e-10

Labels = tuple[str, ...]
# The cells of each figure and its labels, in the order of their groups.
Found = Mapping[CellsOf, list[Cell]]


@dataclass(frozen=True, slots=True)
class Answered:
    """The figures in the order of the docs, then by group; and those that cannot be grouped so."""

    cells: tuple[Cell, ...]
    not_grouped: tuple[str, ...]


# Tens of thousands of cells hold no rings of garbage; looking for those took a tenth of the time.
@rarely_searched()
def answer_question(reader: Reader, question: Question) -> Answered:
    """Return every figure of the families asked for; raises what ``Reader.rows`` raises."""
    asked = [figure for figure in FIGURES if figure.family in question.families]
    possible = [figure for figure in asked if _fits(figure.source, question)]
    found: dict[CellsOf, list[Cell]] = {}
    coarser: dict[CellsOf, Counted] = {}
    tables = Tables(read_nesting(reader, question.group_by))
    for _, same in groupby(sorted(possible, key=_source_name), key=_source_name):
        figures = list(same)
        by = By(question.group_by, figures[0].source)
        found |= _sums(reader, by, figures, question.minimum_cell)
        coarser |= read_coarser(reader, question, figures, tables)
        for figure in figures:
            found |= _quartiles(reader, by, figure, question, found) if figure.each else {}
    if "congruence" in question.families and _fits(PAIRS, question):
        found |= _correlations(reader, By(question.group_by, PAIRS))
    told = [one for one in told_figures() if one.family in question.families]
    place = {one.name: number for number, one in enumerate(told)}
    in_order = {of: found[of] for of in sorted(found, key=lambda of: (place[of[0]], of[1]))}
    left = tuple(one.name for one in told if not set(question.group_by) <= set(one.dimensions))
    shown = suppress(in_order, question, coarser, tables)
    return Answered(tuple(without_told_counts(reader, question, tables, shown)), left)


def _source_name(figure: Figure) -> str:
    return figure.source.name


def _fits(source: Source, question: Question) -> bool:
    return set(question.group_by) <= set(source.dimensions)


def _read(reader: Reader, by: By, query: str) -> Mapping[Labels, list[Grouped]]:
    """Return the rows of a query over parts by labels, in the order of their groups."""
    reader.show(by.parts)
    rows = by.by_labels(reader.rows(query))
    # A therapist's months are thousands of groups of few keys.
    sortable = cache(_sortable)
    for same in rows.values():
        same.sort(key=lambda one: [sortable(key) for key in one[0]])
    return rows


def _sortable(key: object) -> tuple[bool, int, str]:
    is_number = isinstance(key, int)
    return (not is_number, int(str(key)) if is_number else 0, str(key))


def _sums(reader: Reader, by: By, figures: Sequence[Figure], minimum: int) -> Found:
    """Return the counts, shares, means and rates of one source."""
    rows = _read(reader, by, sums_query(by, figures))
    found = {}
    for n, figure in enumerate(figures):
        for labels, same in rows.items():
            own = [(group, row[columns_of(n)]) for group, row in same]
            if cells := _cells_of(figure, labels, own, minimum):
                found[mean_name(figure), labels] = cells
    return found


def _cells_of(figure: Figure, labels: Labels, rows: Iterable[Grouped], minimum: int) -> list[Cell]:
    """Return a cell for each group in which there is something; what is of too few is not reckoned."""
    name, reckon = mean_name(figure), _RECKON[figure.kind]
    return [
        Cell(group, name, labels, *reckon(Sums(dyads, x, m, variance)), patients)
        if patients >= minimum
        else hidden_cell(group, name, labels, patients)
        for group, (patients, dyads, x, m, variance) in rows
        if m
    ]


# The value of a cell, both ends of its interval, and its n.
_Reckoned = tuple[float, float | None, float | None, int]


def _count(sums: Sums) -> _Reckoned:
    return int(sums.x), None, None, int(sums.x)


def _share(sums: Sums) -> _Reckoned:
    return sums.x / sums.m, *share_interval(sums), int(sums.m)


def _mean(sums: Sums) -> _Reckoned:
    return sums.x / sums.m, *(mean_interval(sums) or (None, None)), int(sums.m)


def _rate(sums: Sums) -> _Reckoned:
    rate, low, high, number = _mean(sums)
    # Where nothing was counted no variance is seen, and an interval from 0 to 0 would promise too much.
    if low is None or high is None or not sums.x:
        return rate * HUNDRED, None, None, number
    return rate * HUNDRED, max(0.0, low) * HUNDRED, high * HUNDRED, number


_RECKON: Mapping[Kind, Callable[[Sums], _Reckoned]] = {
    "count": _count,
    "share": _share,
    "mean": _mean,
    "rate": _rate,
}


def _quartiles(reader: Reader, by: By, figure: Figure, question: Question, found: Found) -> Found:
    """Return the quartiles beside the means of a figure, which are counted already."""
    name_of_mean = mean_name(figure)
    told = {
        labels: {group: values for group, (values,) in rows if values is not None}
        for labels, rows in by.by_labels(_quartile_rows(reader, by, figure, question)).items()
    }
    quartiles: dict[CellsOf, list[Cell]] = {}
    for (of_mean, labels), cells in found.items():
        if of_mean != name_of_mean:
            continue
        beside = [(cell, told[labels][cell.group]) for cell in cells if cell.group in told[labels]]
        for place, (name, _) in enumerate(QUARTILES):
            own = f"{figure.name}_{name}"
            quartiles[own, labels] = [
                Cell(cell.group, own, labels, values[place], None, None, cell.n, cell.patients)
                for cell, values in beside
            ]
    return quartiles


def _quartile_rows(reader: Reader, by: By, figure: Figure, question: Question) -> list[Row]:
    """Return the rows of what costs least: quartiles that are kept, counted values, or all rows."""
    if kept := quartiles_name(by.source, by.group_by):
        reader.show(kept)
        return reader.rows(kept_quartiles(by, kept))
    if counted := counted_name(by.source, by.group_by):
        reader.show(counted)
        return reader.rows(quartiles_of_counted(by, counted))
    reader.show(*TABLES)
    return reader.rows(quartiles_of_rows(by, figure.each, question.by.session_bands))


def _correlations(reader: Reader, by: By) -> Found:
    found: dict[CellsOf, list[Cell]] = {}
    for labels, rows in _read(reader, by, correlations_query(by)).items():
        for group, row in rows:
            for cell in _correlated_in(group, labels, Products(*row)):
                found.setdefault((cell.figure, labels), []).append(cell)
    return found


def _correlated_in(group: Group, labels: Labels, of: Products) -> Iterator[Cell]:
    """Give the correlations of one group, where there is enough for them."""
    pairs = int(of.n or 0)
    if not pairs:
        return
    free = pairs - of.dyads + 1
    within = _correlation((of.wxx, of.wyy, of.wxy), of)
    if within is not None and free >= _FEWEST_WITHIN:
        low, high = correlation_interval(within, free) or (None, None)
        yield Cell(group, WITHIN, labels, within, low, high, pairs, of.patients)
    between = _correlation((of.bxx, of.byy, of.bxy), of)
    if between is not None and of.dyads >= _FEWEST_BETWEEN:
        low, high = correlation_interval(between, of.dyads) or (None, None)
        yield Cell(group, BETWEEN, labels, between, low, high, of.dyads, of.patients)


def _correlation(sums: tuple[float, float, float], of: Products) -> float | None:
    """Return the correlation from sums of squares and products, None where one side does not vary."""
    xx, yy, xy = sums
    if xx <= _TINY * of.xx or yy <= _TINY * of.yy:
        return None
    return float(max(-1.0, min(1.0, xy / sqrt(xx * yy))))
