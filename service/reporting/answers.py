"""Answer a question about a snapshot: every figure asked for, by group, with n, interval and suppression."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import sqrt

from service.reporting.figures import (
    BETWEEN,
    FIGURES,
    HUNDRED,
    PAIRS,
    QUARTILES,
    WITHIN,
    Figure,
    Source,
    mean_name,
    told_figures,
)
from service.reporting.hiding import Margin, MarginOf, read_margins, suppress
from service.reporting.intervals import Interval, Sums, correlation_interval, mean_interval, share_interval
from service.reporting.nesting import read_nesting
from service.reporting.parts import counted_name
from service.reporting.queries import (
    By,
    Row,
    correlations_query,
    quartiles_of_counted,
    quartiles_of_rows,
    sums_query,
)
from service.reporting.question import Cell, Question
from service.reporting.reading import Reader
from service.reporting.tables import TABLES

_FEWEST_WITHIN, _FEWEST_BETWEEN = 2, 3
# What is left of a variance by rounding alone, of the sum of squares.
_TINY = 1e-10


@dataclass(frozen=True, slots=True)
class Answered:
    """The figures in the order of the docs, then by group; and those that cannot be grouped so."""

    cells: tuple[Cell, ...]
    not_grouped: tuple[str, ...]


def answer_question(reader: Reader, question: Question) -> Answered:
    """Return every figure of the families asked for; raises what ``Reader.rows`` raises."""
    asked = [figure for figure in FIGURES if figure.family in question.families]
    possible = [figure for figure in asked if _fits(figure.source, question)]
    cells: list[Cell] = []
    margins: dict[MarginOf, Margin] = {}
    for _, same in groupby(sorted(possible, key=_source_name), key=_source_name):
        figures = list(same)
        by = By(question, figures[0].source)
        cells += [*_sums(reader, by, figures)]
        margins |= read_margins(reader, question, figures)
        for figure in figures:
            cells += _quartiles(reader, by, figure, cells) if figure.each else ()
    if "congruence" in question.families and _fits(PAIRS, question):
        cells += _correlations(reader, By(question, PAIRS))
    told = [one for one in told_figures() if one.family in question.families]
    place = {one.name: number for number, one in enumerate(told)}
    # A therapist's months are thousands of groups, each with a dozen cells.
    order = {group: [*map(_sortable, group)] for group in {cell.group for cell in cells}}
    cells.sort(key=lambda cell: (place[cell.figure], cell.labels, order[cell.group]))
    left = tuple(one.name for one in told if not set(question.group_by) <= set(one.dimensions))
    nesting = read_nesting(reader, question.group_by)
    return Answered(tuple(suppress(cells, question, margins, nesting)), left)


def _source_name(figure: Figure) -> str:
    return figure.source.name


def _fits(source: Source, question: Question) -> bool:
    return set(question.group_by) <= set(source.dimensions)


def _sortable(key: object) -> tuple[bool, int, str]:
    is_number = isinstance(key, int)
    return (not is_number, int(str(key)) if is_number else 0, str(key))


def _sums(reader: Reader, by: By, figures: Sequence[Figure]) -> Iterator[Cell]:
    """Give the counts, shares, means and rates of one source."""
    wholes = list(dict.fromkeys(one.m for one in figures))  # several figures are shares of the same
    reader.show(by.parts)
    for row in reader.rows(sums_query(by, figures, wholes)):
        for n, figure in enumerate(figures):
            place = wholes.index(figure.m)
            if row[f"m{place}"]:
                yield _cell(by, row, n, place, figure)


def _cell(by: By, row: Row, n: int, place: int, figure: Figure) -> Cell:
    x, xx, xm = (row[f"{name}{n}"] for name in ("x", "xx", "xm"))
    sums = Sums(int(row[f"dyads{place}"]), x, row[f"m{place}"], xx, xm, row[f"mm{place}"])
    group, labels, patients = by.group_of(row), by.labels_of(row), row[f"patients{place}"]
    if figure.kind == "count":
        return Cell(group, figure.name, labels, int(sums.x), None, None, int(sums.x), patients)
    interval, factor = (share_interval(sums), 1) if figure.kind == "share" else (mean_interval(sums), 1)
    if figure.kind == "rate":
        factor = HUNDRED
        # Where nothing was counted no variance is seen, and an interval from 0 to 0 would promise too much.
        interval = Interval(max(0.0, interval.low), interval.high) if interval and sums.x else None
    low, high = (interval.low * factor, interval.high * factor) if interval else (None, None)
    return Cell(group, mean_name(figure), labels, sums.ratio * factor, low, high, int(sums.m), patients)


def _quartiles(reader: Reader, by: By, figure: Figure, cells: Sequence[Cell]) -> list[Cell]:
    """Return the quartiles beside the means of a figure, which are counted already."""
    counted = counted_name(by.source, by.question.group_by)
    reader.show(*(TABLES if counted is None else (counted,)))
    query = quartiles_of_rows(by, figure.each) if counted is None else quartiles_of_counted(by, counted)
    name_of_mean = mean_name(figure)
    means = {(cell.group, cell.labels): cell for cell in cells if cell.figure == name_of_mean}
    return [
        mean._replace(figure=f"{figure.name}_{name}", value=value, low=None, high=None)
        for row in reader.rows(query)
        if row["quartiles"] is not None
        for mean in [means.get((by.group_of(row), by.labels_of(row)))]
        if mean is not None  # a clinic without a rating has neither
        for (name, _), value in zip(QUARTILES, row["quartiles"], strict=True)
    ]


def _correlations(reader: Reader, by: By) -> Iterator[Cell]:
    reader.show(by.parts)
    for row in reader.rows(correlations_query(by)):
        pairs, dyads = int(row["n"] or 0), row["dyads"]
        if not pairs:
            continue
        within = _correlation(row, "w")
        if within is not None and pairs - dyads + 1 >= _FEWEST_WITHIN:
            yield _correlated(by, row, WITHIN, within, pairs - dyads + 1, n=pairs)
        between = _correlation(row, "b")
        if between is not None and dyads >= _FEWEST_BETWEEN:
            yield _correlated(by, row, BETWEEN, between, dyads, n=dyads)


def _correlation(row: Row, of: str) -> float | None:
    """Return the correlation within (w) or between (b) dyads, None where one side does not vary."""
    xx, yy, xy = row[f"{of}xx"], row[f"{of}yy"], row[f"{of}xy"]
    if xx <= _TINY * row["xx"] or yy <= _TINY * row["yy"]:
        return None
    return float(max(-1.0, min(1.0, xy / sqrt(xx * yy))))


def _correlated(by: By, row: Row, name: str, value: float, number: int, *, n: int) -> Cell:
    interval = correlation_interval(value, number)
    low, high = (interval.low, interval.high) if interval else (None, None)
    return Cell(by.group_of(row), name, by.labels_of(row), value, low, high, n, row["patients"])
