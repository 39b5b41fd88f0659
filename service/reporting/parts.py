"""What questions are answered from: the flat tables, added up once by dyad and span of time.

Every question adds up by dyad before anything else, since a dyad is one draw in an interval. So each source
is kept added up by dyad and all that can be asked for (*finest*), and from it by what is asked for mostly:
there a dyad has one row in each group, and nothing is left to be added up. Values with quartiles are kept
counted, though by no therapist, who has few values that come often: a therapist's quartiles by month and by
quarter are kept themselves, and for the rest the flat tables are read.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from service.reporting.counted_by import CountedBy
from service.reporting.dimensions import (
    BAND,
    INSTRUMENT,
    LANGUAGE,
    MONTH,
    OF_DYAD,
    QUARTER,
    THERAPIST,
    band_sql,
)
from service.reporting.figures import FIGURES, ONCE, QUARTILES, SOURCES, Source
from service.reporting.tables import TABLES
from service.reporting.writing import MEGABYTES, packing

_GROUPS = tuple(one for one in OF_DYAD if one != "clinic")
# One for a dyad, or for an instrument: no key where its rows are added up, which is cheaper.
CONSTANT = frozenset({*_GROUPS, "patient", "alone", "perspective"})
_SPANS: Mapping[str, str] = {
    MONTH: "year(session_date) * 100 + month(session_date)",
    QUARTER: "year(session_date) * 100 + quarter(session_date)",
}
_FINEST = (MONTH, QUARTER, "band")
# What is asked for mostly, beside what a dyad has one of; and the columns that a dimension is made of.
# A month lies in one quarter, which stands beside it for whoever asks for both.
_MONTHS = (MONTH, QUARTER)
_EXACT = (
    *(_MONTHS, (QUARTER,), (BAND,), (*_MONTHS, BAND), (*_MONTHS, LANGUAGE), (QUARTER, LANGUAGE)),
    *((INSTRUMENT,), (*_MONTHS, INSTRUMENT), (QUARTER, INSTRUMENT)),
)
# With a therapist these are thousands of groups, and their quartiles take longer than all else.
_THERAPISTS_BY = (MONTH, QUARTER)
# Values whose quartiles are sought cannot lie on the disk meanwhile: 40 MB for a million.
_ALL_VALUES = 512
_COLUMNS: Mapping[str, str] = {BAND: "band"}
# ``alone``: the patient has no other dyad, and need not be told apart from others.
_PEOPLE = "(SELECT dyad, count(*) OVER (PARTITION BY patient) = 1 AS alone FROM dyads)"


@dataclass(frozen=True, slots=True)
class _Part:
    """One file: its name, the query that makes it out of the flat tables, and the memory to try it in."""

    name: str
    query: str
    megabytes: int = MEGABYTES


def write_parts(folder: Path, by: CountedBy, as_of: str) -> None:
    """Write the parts of every source into a folder that holds the flat tables."""
    values = by.values(as_of)
    with packing(folder) as packer:
        for name in TABLES:
            packer.show(name)
        for source in SOURCES:
            for part in _parts_of(source, by.session_bands):
                named = {name: value for name, value in values.items() if f"${name}" in part.query}
                packer.pack(part.name, part.query, named, part.megabytes)
                packer.show(part.name)


def aggregates_of(source: Source) -> Mapping[str, str]:
    """Return the columns of a source's parts by the SQL of the aggregate that each holds."""
    figures = [one for one in FIGURES if one.source is source]
    wanted = [sql for one in figures for sql in (one.x, one.m)] + [*source.also]
    return {sql: f"c{n}" for n, sql in enumerate(dict.fromkeys(wanted))}


def added(sql: str, column: str) -> str:
    """Return how the parts of one aggregate are added up, in SQL."""
    return f"max({column})" if sql == ONCE else f"sum({column})"


def parts_name(source: Source, group_by: Collection[str]) -> str:
    """Return which parts of a source answer a question."""
    exact = _exact(source, group_by)
    return f"{source.name}_finest" if exact is None else _exact_name(source, exact)


def is_exact(source: Source, group_by: Collection[str]) -> bool:
    """Tell whether those parts have one row for each dyad and group of the question."""
    return _exact(source, group_by) is not None


def counted_name(source: Source, group_by: Sequence[str]) -> str | None:
    """Return the counted values of a source, None where a question needs its rows."""
    return f"{source.name}_counted" if source.repeats and THERAPIST not in group_by else None


def quartiles_name(source: Source, group_by: Collection[str]) -> str | None:
    """Return where the quartiles of a question are kept themselves, None where they are not."""
    spans = [one for one in _THERAPISTS_BY if {*group_by} == {THERAPIST, one}]
    return f"{source.name}_quartiles_by_{spans[0]}" if spans and source.repeats else None


def quartiles_sql(each: str) -> str:
    """Return the aggregate of the quartiles of a column, as a list."""
    return f"quantile_cont({each}::DOUBLE, [{', '.join(str(share) for _, share in QUARTILES)}])"


def rows_sql(source: Source, bands: Sequence[int]) -> str:
    """Return a source's rows with the columns that dimensions are made of, in SQL over the flat tables."""
    if not _has_spans(source):
        return source.sql
    more = ", ".join(f"{sql} AS {name}" for name, sql in (*_SPANS.items(), ("band", band_sql(bands))))
    return f"(SELECT *, {more} FROM {source.sql})"  # noqa: S608 - ours


def _exact(source: Source, group_by: Collection[str]) -> tuple[str, ...] | None:
    """Return what a question groups by beyond dyads and labels, None where no parts are kept for it."""
    beyond = {one for one in group_by if one not in (*OF_DYAD, *source.labels)}
    beyond |= {QUARTER} if MONTH in beyond else set()
    return next((one for one in _exact_of(source) if {*one} == beyond), None)


def _exact_of(source: Source) -> list[tuple[str, ...]]:
    possible = {*source.dimensions} - {*source.labels}
    return [one for one in ((), *_EXACT) if {*one} <= possible]


def _exact_name(source: Source, beyond: tuple[str, ...]) -> str:
    return f"{source.name}_by_{'_'.join(beyond) or 'dyad'}"


def _parts_of(source: Source, bands: Sequence[int]) -> Iterator[_Part]:
    """Give the parts of a source; the later ones are made out of the first."""
    rows, sums = rows_sql(source, bands), aggregates_of(source)
    if _has_spans(source):
        finest = f"{source.name}_finest"
        yield _Part(finest, _added_up(source, f"{rows} JOIN {_PEOPLE} USING (dyad)", _FINEST, sums))
        again = {added(sql, column): column for sql, column in sums.items()}
        for beyond in _exact_of(source):
            columns = [_COLUMNS.get(one, one) for one in beyond]
            yield _Part(_exact_name(source, beyond), _added_up(source, finest, columns, again))
    else:
        yield _Part(
            _exact_name(source, ()), _added_up(source, f"{rows} JOIN {_PEOPLE} USING (dyad)", (), sums)
        )
    if source.repeats:
        yield _Part(f"{source.name}_counted", _counted(source, rows))
        for span in _THERAPISTS_BY if _has_spans(source) else ():
            name = quartiles_name(source, (THERAPIST, span))
            yield _Part(str(name), _quartiles(source, rows, span), _ALL_VALUES)


def _added_up(source: Source, rows: str, beyond: Sequence[str], sums: Mapping[str, str]) -> str:
    forms = _of_forms(source) if beyond == _FINEST else source.labels
    keys = ", ".join(
        f"any_value({one}) AS {one}" if one in CONSTANT else one
        for one in ("patient", "alone", *_GROUPS, *beyond, *forms)
    )
    added_up = ", ".join(f"coalesce({sql}, 0)::DOUBLE AS {name}" for sql, name in sums.items())
    return f"SELECT dyad, {keys}, {added_up} FROM {rows} GROUP BY ALL ORDER BY dyad"  # noqa: S608 - ours


def _counted(source: Source, rows: str) -> str:
    each = _each(source)
    groups = [one for one in _GROUPS if one != THERAPIST]
    spans = _FINEST if _has_spans(source) else ()
    keys = ", ".join([*groups, *spans, *_of_forms(source)])
    return (
        f"SELECT {keys}, {each}::DOUBLE AS each, count(*)::DOUBLE AS times FROM {rows}"  # noqa: S608 - ours
        f" WHERE {each} IS NOT NULL GROUP BY ALL ORDER BY ALL"
    )


def _quartiles(source: Source, rows: str, span: str) -> str:
    each = _each(source)
    keys = ", ".join([f"coalesce({THERAPIST}, '') AS {THERAPIST}", span, *source.labels])
    return (
        f"SELECT {keys}, {quartiles_sql(each)} AS quartiles FROM {rows}"  # noqa: S608 - ours
        f" WHERE {each} IS NOT NULL GROUP BY ALL ORDER BY ALL"
    )


def _each(source: Source) -> str:
    """Return the one column of a source that has quartiles."""
    (each,) = (one.each for one in FIGURES if one.source is source and one.each)
    return each


def _of_forms(source: Source) -> list[str]:
    """Return what of an instrument a source's parts are told apart by."""
    forms = [one for one in ("instrument", "language") if one in source.dimensions]
    return [*dict.fromkeys((*forms, *source.labels))]


def _has_spans(source: Source) -> bool:
    return MONTH in source.dimensions
