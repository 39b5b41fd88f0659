"""How many patients stand behind each group of the tables that tell what an answer must hide.

Whoever asks for one table could ask for coarser ones too, so that an answer rests on the sizes of the groups
of many tables. Counting them took as long as all else of a question; so it is done once, with the snapshot.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path

from service.reporting.coarser import Table, Tables
from service.reporting.dimensions import MOST, OF_DYAD
from service.reporting.figures import FIGURES, RESPONSES, SOURCES, Source
from service.reporting.nesting import Nesting
from service.reporting.parts import aggregates_of
from service.reporting.queries import By, dyads_query
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
            each = [_marks(_tables(source)), *(query for _, query in counts)]
            packer.pack_all(counts_name(source), each)


def read_patients(
    reader: Reader, source: Source, wholes: Sequence[str], wanted: Iterable[Table]
) -> dict[tuple[str, ...], dict[str, dict[Table, dict[Group, int]]]]:
    """Return how many patients each aggregate rests on in every group of some tables, by labels.

    A group of which an aggregate counts nothing is left out. Raises what ``Reader.rows`` raises, and
    ``LookupError`` where a table was not counted: as if nobody were in it, too little would be hidden.
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
    marked = set()
    for row in rows:
        if row[-1] is None:
            marked.add(row[0])
            continue
        own = found.setdefault(row[labels:counts], {whole: {} for whole in wholes})
        table, group = tables[row[0]], tuple([row[place] for place in places[row[0]]])
        for whole, count in zip(wholes, row[counts:], strict=True):
            if count:
                own[whole].setdefault(table, {})[group] = count
    if not_counted := tables.keys() - marked:
        raise LookupError(f"{counts_name(source)} has no {' and no '.join(sorted(not_counted))}")
    return found


def _marks(tables: Iterable[Table]) -> str:
    """Return a row without counts for each table: one of which there is nothing is told from one left out."""
    names = ", ".join(f"'{_named(table)}'" for table in sorted(tables))
    return f"SELECT unnest([{names}]) AS of_table"


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
    """Return every table that an answer out of a source may need to know of, whatever lies within what."""
    asked = [*_asked(source.dimensions)]
    tables = Tables(Nesting())
    found = {one for table in asked for one in tables.needed(table)}
    if source is RESPONSES:
        found |= {one for table in ((), *asked) for one in tables.needed_by_instrument(table)}
    return found


def _asked(dimensions: Sequence[str]) -> Iterator[Table]:
    """Give the dimensions of each question but that by none."""
    for many in range(1, MOST + 1):
        yield from combinations(dimensions, many)


def _counting(by: By, wholes: Sequence[str], tables: Sequence[Table]) -> str:
    """Return the query for the groups of some tables, each with the patients behind each aggregate.

    Who has one dyad is counted; who has several stands for one, and is told apart from others meanwhile.
    """
    columns = aggregates_of(by.source)
    wanted = {columns[one]: one for one in wholes}
    keys = dict(zip(by.group_by, by.group_names, strict=True))
    sets = ", ".join(
        f"({', '.join([*(keys[name] for name in table), *by.source.labels, 'one_of_several'])})"
        for table in tables
    )
    dyads = ", ".join(f"count_if({one} <> 0) AS {one}" for one in wanted)
    grouped = (
        f"SELECT {_which(keys, tables)} AS of_table, {by.named}one_of_several, {dyads}"  # noqa: S608 - ours
        f" FROM (SELECT *, if(alone, NULL, patient) AS one_of_several FROM ({dyads_query(by, wanted)}))"
        f" GROUP BY GROUPING SETS ({sets})"
    )
    told = "".join(f"{key} AS {_key(name)}, " for name, key in keys.items())
    labels = "".join(f"{one}, " for one in by.source.labels)
    patients = ", ".join(
        f"sum(if(one_of_several IS NULL, {one}, ({one} > 0)::INTEGER))::INTEGER AS {one}" for one in wanted
    )
    return f"SELECT of_table, {told}{labels}{patients} FROM ({grouped}) GROUP BY ALL"  # noqa: S608 - ours


def _which(keys: Mapping[str, str], tables: Sequence[Table]) -> str:
    """Return which table a row of several grouping sets is of, in SQL.

    ``grouping()`` has a bit for each key that a set leaves out, the first key's the highest.
    """
    left_out = (int("".join(str(int(name not in table)) for name in keys), base=2) for table in tables)
    cases = " ".join(
        f"WHEN {bits} THEN '{_named(table)}'" for bits, table in zip(left_out, tables, strict=True)
    )
    return f"CASE grouping({', '.join(keys.values())}) {cases} END"


def counts_name(source: Source) -> str:
    """Return where the counts of a source are kept."""
    return f"{source.name}_patients"


def _named(table: Table) -> str:
    return ",".join(table)


def _key(dimension: str) -> str:
    return f"by_{dimension}"
