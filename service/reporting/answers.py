"""Answer a question about a snapshot: every figure asked for, by group, with n, interval and suppression."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count, groupby, product
from math import sqrt
from typing import Any

from service.reporting.dimensions import OF_DYAD, Dimension, dimension
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
from service.reporting.intervals import Interval, Sums, correlation_interval, mean_interval, share_interval
from service.reporting.reading import Reader
from service.reporting.suppression import Group, hidden_cells

Row = Mapping[str, Any]
_FEWEST_DYADS = 2
# A label that follows from another one, the instrument.
_CONSTANT = {"perspective"}
_FEWEST_BETWEEN = 3


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: ``families`` of figures, grouped by at most two dimensions of the fixed list.

    ``values`` are what the figures' SQL names with ``$``: ``as_of``, ``in_time_days``, ``drop_out_days``,
    ``critical_mark``. ``minimum_cell`` is in patients.
    """

    clinic: str
    families: tuple[str, ...]
    group_by: tuple[str, ...]
    bands: tuple[int, ...]
    minimum_cell: int
    values: Mapping[str, object]

    @property
    def dimensions(self) -> list[Dimension]:
        """Return the dimensions that it is grouped by."""
        return [dimension(name, self.clinic, self.bands) for name in self.group_by]


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure of one group. ``labels`` part it further (instrument, perspective, score, measure).

    All numbers are None where it is suppressed. ``patients`` is how many it rests on: never shown.
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
    for _, same in groupby(sorted(possible, key=_source_name), key=_source_name):
        figures = list(same)
        if figures[0].source.made_by:
            reader.make(figures[0].source.sql, figures[0].source.made_by)
        cells += [*_count(reader, question, figures)]
        for figure in figures:
            cells += _quartiles(reader, question, figure, cells) if figure.each else ()
    if "congruence" in question.families and _fits(PAIRS, question):
        cells += _correlations(reader, question)
    told = [one for one in told_figures() if one.family in question.families]
    place = {one.name: number for number, one in enumerate(told)}
    cells.sort(key=lambda cell: (place[cell.figure], cell.labels, [*map(_sortable, cell.group)]))
    left = tuple(one.name for one in told if not set(question.group_by) <= set(one.dimensions))
    return Answered(tuple(_suppress(cells, question)), left)


def _source_name(figure: Figure) -> str:
    return figure.source.name


def _fits(source: Source, question: Question) -> bool:
    return set(question.group_by) <= set(source.dimensions)


def _sortable(key: object) -> tuple[bool, int, str]:
    is_number = isinstance(key, int)
    return (not is_number, int(str(key)) if is_number else 0, str(key))


@dataclass(frozen=True, slots=True)
class _By:
    """The columns that a query groups by, in SQL: g0, g1, then the source's labels."""

    question: Question
    source: Source

    @property
    def rowwise(self) -> str:
        return "".join(f"{sql} AS {name}, " for name, sql in self._columns())

    @property
    def within_dyad(self) -> str:
        """The same where a dyad's rows are added up: what it has but one of needs to be no key."""
        constant = {f"g{n}" for n, name in enumerate(self.question.group_by) if name in OF_DYAD} | _CONSTANT
        columns = ((name, f"any_value({sql})" if name in constant else sql) for name, sql in self._columns())
        return "".join(f"{sql} AS {name}, " for name, sql in columns)

    @property
    def named(self) -> str:
        groups = [f"g{n}" for n in range(len(self.question.group_by))]
        return "".join(f"{column}, " for column in (*groups, *self.source.labels))

    def _columns(self) -> list[tuple[str, str]]:
        groups = [(f"g{n}", one.sql) for n, one in enumerate(self.question.dimensions)]
        return [*groups, *((name, name) for name in self.source.labels)]

    def group_of(self, row: Row) -> Group:
        return tuple(row[f"g{n}"] for n in range(len(self.question.group_by)))

    def labels_of(self, row: Row) -> tuple[str, ...]:
        return tuple(str(row[name]) for name in self.source.labels)


def _count(reader: Reader, question: Question, figures: Sequence[Figure]) -> Iterator[Cell]:
    """Give the counts, shares, means and rates of one source, in one scan of it."""
    by = _By(question, figures[0].source)
    wholes = list(dict.fromkeys(one.m for one in figures))  # several figures are shares of the same
    places = [wholes.index(one.m) for one in figures]
    inner = ", ".join(
        [f"coalesce({one.x}, 0) AS x{n}" for n, one in enumerate(figures)]
        + [f"coalesce({m}, 0) AS m{n}" for n, m in enumerate(wholes)]
    )
    outer = ", ".join([_sums_of_whole(n) for n in range(len(wholes))] + [*map(_sums, count(), places)])
    query = (
        f"SELECT {by.named}{outer} FROM (SELECT {by.within_dyad}dyad, any_value(patient) AS patient,"  # noqa: S608 - ours
        f" {inner} FROM {by.source.sql} GROUP BY ALL) GROUP BY ALL"
    )
    for row in _ask(reader, query, question):
        for n, (figure, place) in enumerate(zip(figures, places, strict=True)):
            if row[f"m{place}"]:
                yield _cell(by, row, n, place, figure)


def _sums_of_whole(n: int) -> str:
    return (
        f"count(DISTINCT patient) FILTER (m{n} <> 0) AS patients{n}, count_if(m{n} <> 0) AS dyads{n},"
        f" sum(m{n})::DOUBLE AS m{n}, sum(m{n} * m{n})::DOUBLE AS mm{n}"
    )


def _sums(n: int, place: int) -> str:
    return (
        f"sum(x{n})::DOUBLE AS x{n}, sum(x{n} * x{n})::DOUBLE AS xx{n}, sum(x{n} * m{place})::DOUBLE AS xm{n}"
    )


def _cell(by: _By, row: Row, n: int, place: int, figure: Figure) -> Cell:
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


def _quartiles(reader: Reader, question: Question, figure: Figure, counted: Sequence[Cell]) -> list[Cell]:
    """Return the quartiles beside the means of a figure, which are counted already."""
    by = _By(question, figure.source)
    wanted = ", ".join(str(share) for _, share in QUARTILES)
    query = (
        f"SELECT {by.rowwise}quantile_cont({figure.each}::DOUBLE, [{wanted}]) AS quartiles"  # noqa: S608 - ours
        f" FROM {figure.source.sql} WHERE {figure.each} IS NOT NULL GROUP BY ALL HAVING count(*) > 0"
    )
    means = {(cell.group, cell.labels): cell for cell in counted if cell.figure == mean_name(figure)}
    return [
        replace(mean, figure=f"{figure.name}_{name}", value=value, low=None, high=None)
        for row in _ask(reader, query, question)
        for mean in [means[by.group_of(row), by.labels_of(row)]]
        for (name, _), value in zip(QUARTILES, row["quartiles"], strict=True)
    ]


def _correlations(reader: Reader, question: Question) -> Iterator[Cell]:
    by = _By(question, PAIRS)
    query = (
        f"SELECT {by.named}count(DISTINCT patient) AS patients, count(*) AS dyads, sum(n) AS n,"  # noqa: S608 - constants
        " sum(xx - x * x / n) AS wxx, sum(yy - y * y / n) AS wyy, sum(xy - x * y / n) AS wxy,"
        " sum(x * x / n) - sum(x) * sum(x) / sum(n) AS bxx, sum(y * y / n) - sum(y) * sum(y) / sum(n) AS byy,"
        " sum(x * y / n) - sum(x) * sum(y) / sum(n) AS bxy"
        f" FROM (SELECT {by.within_dyad}dyad, any_value(patient) AS patient,"
        " count(*) AS n, sum(value) AS x, sum(other) AS y,"
        " sum(value * value) AS xx, sum(other * other) AS yy, sum(value * other) AS xy"
        f" FROM {PAIRS.sql} GROUP BY ALL) GROUP BY ALL HAVING count(*) > 0"
    )
    for row in _ask(reader, query, question):
        pairs, dyads = int(row["n"]), row["dyads"]
        within = _correlation(row["wxy"], row["wxx"], row["wyy"])
        if within is not None and pairs - dyads + 1 >= _FEWEST_DYADS:
            yield _correlated(by, row, WITHIN, within, pairs - dyads + 1, n=pairs)
        between = _correlation(row["bxy"], row["bxx"], row["byy"])
        if between is not None and dyads >= _FEWEST_BETWEEN:
            yield _correlated(by, row, BETWEEN, between, dyads, n=dyads)


_TINY = 1e-9


def _correlation(xy: float, xx: float, yy: float) -> float | None:
    """Return a correlation from sums of squares and products, None where one side does not vary."""
    if xx <= _TINY or yy <= _TINY:
        return None
    return max(-1.0, min(1.0, xy / sqrt(xx * yy)))


def _correlated(by: _By, row: Row, name: str, value: float, number: int, *, n: int) -> Cell:
    interval = correlation_interval(value, number)
    low, high = (interval.low, interval.high) if interval else (None, None)
    return Cell(by.group_of(row), name, by.labels_of(row), value, low, high, n, row["patients"])


def _ask(reader: Reader, query: str, question: Question) -> Sequence[Row]:
    return reader.rows(query, {name: value for name, value in question.values.items() if f"${name}" in query})


def _suppress(cells: Iterable[Cell], question: Question) -> Iterator[Cell]:
    for _, same in groupby(cells, key=lambda cell: (cell.figure, cell.labels)):
        of_figure = list(same)
        patients = {cell.group: cell.patients for cell in of_figure}
        hidden = hidden_cells(patients, question.minimum_cell, _lines(question))
        for cell in of_figure:
            if cell.group in hidden:
                yield replace(cell, value=None, low=None, high=None, n=None, suppressed=True)
            else:
                yield cell


def _lines(question: Question) -> Callable[[Group], tuple[tuple[object, ...], ...]]:
    """Return what tells the lines of a cell: in each dimension its coarser keys, the others as they are."""
    dimensions = question.dimensions

    def lines_of(group: Group) -> tuple[tuple[object, ...], ...]:
        lines = []
        for n, one in enumerate(dimensions):
            others: list[tuple[object, ...]] = [(key,) for key in group]
            others[n] = one.coarser(group[n])
            lines += [(n, *line) for line in product(*others)]
        return tuple(lines)

    return lines_of
