"""How many patients stand behind each group of the tables that tell what an answer must hide.

Whoever asks for one table could ask for coarser ones too, so that an answer rests on the sizes of the groups
of many tables. Counting them took as long as all else of a question; so it is done once, with the snapshot.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from pathlib import Path

from service.reporting.coarser import Table, Tables
from service.reporting.dimensions import MOST, OF_DYAD
from service.reporting.figures import FIGURES, RESPONSES, SOURCES, Source
from service.reporting.nesting import Nesting
from service.reporting.parts import aggregates_of
from service.reporting.queries import By, alone_sql, dyads_query, others_sql
from service.reporting.reading import Reader
from service.reporting.suppression import Group
from service.reporting.writing import packing


def write_patient_counts(folder: Path) -> None:
    """Write the counts of every source into a folder that holds its parts."""
    with packing(folder) as packer:
        for source in SOURCES:
            counts = list(_queries(source))
            for name in sorted({parts for parts, _ in counts}):
                packer.show(name)
            packer.pack(counts_name(source), " UNION ALL BY NAME ".join(query for _, query in counts), {})


def read_patients(
    reader: Reader, source: Source, wholes: Sequence[str], wanted: Iterable[Table]
) -> dict[tuple[str, ...], dict[str, dict[Table, dict[Group, int]]]]:
    """Return how many patients each aggregate rests on in every group of some tables, by labels.

    A group of which an aggregate counts nothing is left out. Raises what ``Reader.rows`` raises.
    """
    tables = {_named(table): table for table in wanted}
    if not tables:
        return {}
    dimensions = list(dict.fromkeys(name for table in tables.values() for name in table))
    columns = aggregates_of(source)
    told = ", ".join(
        ["of_table", *map(_key, dimensions), *source.labels, *(columns[whole] for whole in wholes)]
    )
    names = ", ".join(f"'{name}'" for name in tables)
    reader.show(counts_name(source))
    rows = reader.rows(f"SELECT {told} FROM {counts_name(source)} WHERE of_table IN ({names})")  # noqa: S608 - ours
    places = {name: [1 + dimensions.index(one) for one in table] for name, table in tables.items()}
    labels, counts = 1 + len(dimensions), 1 + len(dimensions) + len(source.labels)
    found: dict[tuple[str, ...], dict[str, dict[Table, dict[Group, int]]]] = {}
    for row in rows:
        own = found.setdefault(row[labels:counts], {whole: {} for whole in wholes})
        table, group = tables[row[0]], tuple([row[place] for place in places[row[0]]])
        for whole, count in zip(wholes, row[counts:], strict=True):
            if count:
                own[whole].setdefault(table, {})[group] = count
    return found


def _queries(source: Source) -> Iterator[tuple[str, str]]:
    """Give the parts that are read and the query that counts: one for all tables alike but for the dyads."""
    alike: dict[Table, list[Table]] = {}
    for table in sorted(_tables(source)):
        alike.setdefault(tuple(one for one in table if one not in OF_DYAD), []).append(table)
    wholes = list(dict.fromkeys(one.m for one in FIGURES if one.source is source))
    for tables in alike.values():
        dimensions = list(dict.fromkeys(name for table in tables for name in table))
        by = By(dimensions, source)
        yield by.parts, _counting(by, wholes, tables)


def _tables(source: Source) -> set[Table]:
    """Return every table that an answer out of a source may need to know of."""
    asked = [*_asked(source.dimensions)]
    tables = Tables(Nesting())
    found = {one for table in asked for one in tables.needed(table)}
    if source is RESPONSES:
        found |= {one for table in ((), *asked) for one in tables.needed_by_instrument(table)}
    return found


def _asked(dimensions: Sequence[str]) -> Iterator[Table]:
    """Give everything but nothing that may be grouped by."""
    for many in range(1, MOST + 1):
        yield from combinations(dimensions, many)


def _counting(by: By, wholes: Sequence[str], tables: Sequence[Table]) -> str:
    """Return the query for the groups of some tables, each with the patients behind each aggregate.

    Who has several dyads counts once, and is told apart from others; the rest are only counted.
    """
    columns = aggregates_of(by.source)
    wanted = {columns[one]: one for one in wholes}
    each = ", ".join(f"{alone_sql(one)} AS alone_{one}, {others_sql(one)} AS others_{one}" for one in wanted)
    counts = ", ".join(
        f"(sum(alone_{one}) + coalesce(len(list_distinct(flatten(list(others_{one})))), 0))::INTEGER AS {one}"
        for one in wanted
    )
    keys = dict(zip(by.group_by, by.group_names, strict=True))
    told = "".join(f"{key} AS {_key(name)}, " for name, key in keys.items())
    labels = "".join(f"{one}, " for one in by.source.labels)
    sets = ", ".join(
        f"({', '.join([*(keys[name] for name in table), *by.source.labels])})" for table in tables
    )
    # grouping() sets a bit for each key that a set leaves out, the first key's the highest.
    left_out = (int("".join(str(int(name not in table)) for name in keys), base=2) for table in tables)
    which = " ".join(
        f"WHEN {bits} THEN '{_named(table)}'" for bits, table in zip(left_out, tables, strict=True)
    )
    return (
        f"SELECT CASE grouping({', '.join(keys.values())}) {which} END AS of_table, {told}{labels}{counts}"  # noqa: S608 - ours
        f" FROM (SELECT {by.named}{each} FROM ({dyads_query(by, wanted)}) GROUP BY ALL)"
        f" GROUP BY GROUPING SETS ({sets})"
    )


def counts_name(source: Source) -> str:
    """Return where the counts of a source are kept."""
    return f"{source.name}_patients"


def _named(table: Table) -> str:
    return ",".join(table)


def _key(dimension: str) -> str:
    return f"by_{dimension}"
