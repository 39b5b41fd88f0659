"""The SQL of a question: one scan of a source's parts, grouped by dyad first, then as asked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, NamedTuple

from service.reporting.dimensions import OF_DYAD, key_sql
from service.reporting.figures import PAIR_SUMS, QUARTILES, Figure, Source
from service.reporting.intervals import variance_sql
from service.reporting.parts import (
    CONSTANT,
    added,
    aggregates_of,
    is_exact,
    parts_name,
    quartiles_sql,
    rows_sql,
)
from service.reporting.suppression import Group

# What a query tells of a group, in the order that it names it.
Row = tuple[Any, ...]
Grouped = tuple[Group, Row]
_OF_FIGURE = 5


@dataclass(frozen=True, slots=True)
class By:
    """The columns that a query groups by, in SQL: g0, g1, then the source's labels; each with a comma."""

    group_by: Sequence[str]
    source: Source

    @property
    def parts(self) -> str:
        """The parts that the question is answered from."""
        return parts_name(self.source, self.group_by)

    @property
    def rowwise(self) -> str:
        """The columns of rows."""
        return "".join(f"{sql} AS {name}, " for name, sql in self._columns())

    @property
    def within_dyad(self) -> str:
        """The same where a dyad's rows are added up: what it has but one of needs to be no key."""
        constant = {f"g{n}" for n, name in enumerate(self.group_by) if name in OF_DYAD} | CONSTANT
        columns = ((name, f"any_value({sql})" if name in constant else sql) for name, sql in self._columns())
        return "".join(f"{sql} AS {name}, " for name, sql in columns)

    @property
    def named(self) -> str:
        """The same by their names alone."""
        return "".join(f"{column}, " for column in (*self.group_names, *self.source.labels))

    @property
    def group_names(self) -> list[str]:
        """The names of what it is grouped by, without the labels."""
        return [f"g{n}" for n in range(len(self.group_by))]

    def by_labels(self, rows: Iterable[Row]) -> dict[tuple[str, ...], list[Grouped]]:
        """Return rows of the answer by their labels, each with its group."""
        groups = len(self.group_by)
        own = groups + len(self.source.labels)
        found: dict[tuple[str, ...], list[Grouped]] = {}
        for row in rows:
            found.setdefault(row[groups:own], []).append((row[:groups], row[own:]))
        return found

    def _columns(self) -> list[tuple[str, str]]:
        groups = [(f"g{n}", key_sql(name)) for n, name in enumerate(self.group_by)]
        return [*groups, *((name, name) for name in self.source.labels)]


def sums_query(by: By, figures: Sequence[Figure]) -> str:
    """Return the query for what figures rest on: the columns of each (``columns_of``) one after another.

    They are the patients, the dyads, x, m and the variance of x over m.
    """
    wholes = list(dict.fromkeys(one.m for one in figures))  # several figures are shares of the same
    places = [wholes.index(one.m) for one in figures]
    outer = ", ".join([*map(_of_whole, range(len(wholes))), *map(_of_figure, count(), places)])
    wanted = {f"x{n}": one.x for n, one in enumerate(figures)} | {f"m{n}": m for n, m in enumerate(wholes)}
    told = ", ".join(
        f"patients{place}, dyads{place}, x{n}, m{place}, {variance_sql(n, place)}"
        for n, place in enumerate(places)
    )
    summed = f"SELECT {by.named}{outer} FROM ({dyads_query(by, wanted)}) GROUP BY ALL"  # noqa: S608 - ours
    return f"SELECT {by.named}{told} FROM ({summed})"  # noqa: S608 - ours


def columns_of(n: int) -> slice:
    """Return where the columns of the nth figure stand among those of all."""
    return slice(_OF_FIGURE * n, _OF_FIGURE * (n + 1))


def dyads_query(by: By, wanted: Mapping[str, str]) -> str:
    """Return the query for one row of each dyad and group; ``wanted`` are aggregates by their names."""
    columns = aggregates_of(by.source)
    if is_exact(by.source, by.group_by):
        sums = ", ".join(f"{columns[sql]} AS {name}" for name, sql in wanted.items())
        return f"SELECT {by.rowwise}patient, alone, {sums} FROM {by.parts}"  # noqa: S608 - ours
    sums = ", ".join(f"{added(sql, columns[sql])} AS {name}" for name, sql in wanted.items())
    return (
        f"SELECT {by.within_dyad}dyad, any_value(patient) AS patient, any_value(alone) AS alone, {sums}"  # noqa: S608 - ours
        f" FROM {by.parts} GROUP BY ALL"
    )


def _of_whole(n: int) -> str:
    counts = f"{_patients(f'm{n}')} AS patients{n}, count_if(m{n} <> 0)::INTEGER AS dyads{n}"
    return f"{counts}, sum(m{n}) AS m{n}, sum(m{n} * m{n}) AS mm{n}"


def _patients(whole: str) -> str:
    # As HUGEINT, which they would be, counts take longer to fetch than to count.
    return f"({_alone(whole)} + coalesce(len(list_distinct({_others(whole)})), 0))::INTEGER"


def _alone(whole: str) -> str:
    return f"count_if(alone AND {whole} <> 0)"


def _others(whole: str) -> str:
    # count(DISTINCT …) takes four times as long as all else together, whatever its filter lets through.
    return f"list(patient) FILTER (NOT alone AND {whole} <> 0)"


def _of_figure(n: int, place: int) -> str:
    return f"sum(x{n}) AS x{n}, sum(x{n} * x{n}) AS xx{n}, sum(x{n} * m{place}) AS xm{n}"


def quartiles_of_rows(by: By, each: str, bands: Sequence[int]) -> str:
    """Return the query for quartiles out of every row of the flat tables."""
    return (
        f"SELECT {by.rowwise}{quartiles_sql(each)} AS quartiles"  # noqa: S608 - ours
        f" FROM {rows_sql(by.source, bands)} WHERE {each} IS NOT NULL GROUP BY ALL"
    )


def kept_quartiles(by: By, kept: str) -> str:
    """Return the query for quartiles that are kept by what is asked for."""
    return f"SELECT {by.rowwise}quartiles FROM {kept}"  # noqa: S608 - ours


def quartiles_of_counted(by: By, counted: str) -> str:
    """Return the query for the same quartiles out of counted values.

    A quartile lies between the values at two ranks, counted from 0, as ``quantile_cont`` has it.
    """
    quartiles = ", ".join(_between(f"({share} * (any_value(whole) - 1))", share) for _, share in QUARTILES)
    ranked = (
        f"SELECT *, sum(times) OVER (PARTITION BY {by.named}1 ORDER BY each) AS upto,"  # noqa: S608 - ours
        f" sum(times) OVER (PARTITION BY {by.named}1) AS whole"
        f" FROM (SELECT {by.rowwise}each, sum(times) AS times FROM {counted} GROUP BY ALL)"
    )
    return f"SELECT {by.named}[{quartiles}] AS quartiles FROM ({ranked}) GROUP BY ALL"  # noqa: S608 - ours


def _between(rank: str, share: float) -> str:
    low, high = (f"min(each) FILTER (upto > {end}({share} * (whole - 1)))" for end in ("floor", "ceil"))
    return f"{low} + ({high} - {low}) * ({rank} - floor({rank}))"


class Products(NamedTuple):
    """What correlations rest on: sums of squares and products, within (w) and between (b) dyads."""

    patients: int
    dyads: int
    n: float
    wxx: float
    wyy: float
    wxy: float
    bxx: float
    byy: float
    bxy: float
    xx: float
    yy: float


def correlations_query(by: By) -> str:
    """Return the query for ``Products``."""
    return (
        f"SELECT {by.named}{_patients('n')} AS patients, count(*) AS dyads, sum(n) AS n,"  # noqa: S608 - ours
        " sum(xx - x * x / n) AS wxx, sum(yy - y * y / n) AS wyy, sum(xy - x * y / n) AS wxy,"
        " sum(x * x / n) - sum(x) * sum(x) / sum(n) AS bxx, sum(y * y / n) - sum(y) * sum(y) / sum(n) AS byy,"
        " sum(x * y / n) - sum(x) * sum(y) / sum(n) AS bxy, sum(xx) AS xx, sum(yy) AS yy"
        f" FROM ({dyads_query(by, PAIR_SUMS)}) GROUP BY ALL"
    )
