"""Reports over 10,000 to 1,000,000 responses, beside plain DuckDB over the same rows in Parquet, cold.

The rows are made by DuckDB itself, seeded, straight into Parquet: 50 weekly forms of each dyad, nine
teams; the therapist rates each fourth session, and a quarter of the patients see two. *Plain* is what
``plain_metrics`` asks, by the same grouping. The parts that we answer from are made with the snapshot, once;
how long that takes is told too. At a million, every grouping of every family is asked for, and the three
farthest from the target (300 ms, or plain's time where that is longer) are told. Milliseconds are of the
processor, both threads together.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from time import perf_counter, process_time

import duckdb

from service.reporting.answers import answer_question
from service.reporting.counted_by import CountedBy
from service.reporting.dimensions import MOST
from service.reporting.parts import write_parts
from service.reporting.patient_counts import write_patient_counts
from service.reporting.question import Question
from service.reporting.reading import reading
from service.reporting.tables import TABLES
from tests.bench.figures import Figure
from tests.bench.plain_metrics import FAMILIES, ask_plain, dimensions_of

EACH = 50
SIZES, SMOKE = (10_000, 100_000, 1_000_000), (10_000, 20_000)
SMOKE_ROUNDS = 1000
ROUNDS = 3
LIMIT_MILLISECONDS = 300
TOLD = 3
BY, AS_OF = CountedBy(), "2026-03-02T12:00:00Z"
_DRAWN = "(hash(n * 31 + {}) % 1000 / 1000.0)"
# One row for each response n, from 0 on; what of it stands in which table is told below.
_BASE = f"""
    SELECT n, n // {EACH} AS d, n % {EACH} AS k, (hash(d) >> 1)::BIGINT AS dyad,
    (hash(d + (d % 5 <> 4)::INTEGER) >> 1)::BIGINT AS patient,
    'site-' || d % 4 AS site, 'team-' || d % 9 AS team, ['cbt', 'dynamic', NULL][1 + d % 3] AS approach,
    'Practitioner/' || d % 300 AS therapist, k + 1 AS session, DATE '2025-01-01' + (d % 60 + 7 * k)::INTEGER
    AS session_date, k + 1 AS place, 'r-' || n AS response, ['en', 'de'][1 + d % 2] AS language,
    round(40 - 12 * {_DRAWN.format(1)} * {_DRAWN.format(2)}, 1) AS value FROM range(0, $count) AS made(n)
"""  # noqa: S608 - a bench's own numbers
_COLUMNS: Mapping[str, str] = {
    "instrument": "'srs-3'",
    "role": "'alliance'",
    "perspective": "'client'",
    "version": "1",
    "status": "'completed'",
    "complete": "true",
    "historical": "false",
    "received_at": "session_date + INTERVAL 11 HOUR",
    "prompts": "(value < 36)::INTEGER",
    "lowest_mark": "value / 4",
    "measure": "'srs 0-40'",
    "score": "'total'",
    "code": "'srs-3.total'",
    "minimum": "0",
    "maximum": "40",
    "at_ceiling": "value = 40",
    "below_cut_off": "value < 36",
    "nth": "k",
    "rated": "true",
    "in_time": "true",
    "attended": "true",
    "days_since_rated": "if(k = 0, NULL, 7)",
    "alert": "'a-' || n",
    "evidence_level": "'D'",
    "severity": "'possible'",
    "rule": "'own-baseline'",
    "score_course": "'low'",
    "raised_at": "session_date + INTERVAL 12 HOUR",
    "told_at": "session_date + INTERVAL 12 HOUR",
    "first_act_at": f"session_date + INTERVAL 12 HOUR + to_days((12 * {_DRAWN.format(3)})::INTEGER)",
    "ended_at": "NULL",
    "repair_steps": "1",
    "notices": "1",
    "sessions_to_repair": f"if({_DRAWN.format(4)} < 0.5, 3, NULL)",
}
_OF_ALERT = _COLUMNS | {"status": f"if({_DRAWN.format(4)} < 0.5, 'repaired', 'unresolved')"}
_OF_DYAD = {
    "first_session_date": "session_date",
    "last_session_date": f"session_date + {7 * EACH}",
    "attended": str(EACH),
    "rated_attended": str(EACH - 3),
    "first_attended": "3",
    "first_rated": "3",
    "rich_attended": str(EACH - 5),
    "rich_missing": "2",
    "strain": "['none', 'unrepaired'][1 + d % 2]",
}
_OF_THERAPIST = _COLUMNS | {
    "instrument": "'srs-therapist'",
    "perspective": "'therapist'",
    "value": f"round(least(40, value + 6 * {_DRAWN.format(5)} - 3), 1)",
}
# Table -> which of the base's rows, and what its columns are that the base has not.
_MADE: Mapping[str, list[tuple[str, Mapping[str, str]]]] = {
    "responses": [("true", _COLUMNS)],
    "scores": [("true", _COLUMNS), ("k % 4 = 0", _OF_THERAPIST)],
    "sessions": [("true", _COLUMNS)],
    "alerts": [("n % 25 = 24", _OF_ALERT)],
    "dyads": [("k = 0", _OF_DYAD)],
}
_OWN = {"dyad", "patient", "site", "team", "approach", "therapist", "session", "session_date", "place"} | {
    *("response", "language", "value")
}


def run(folder: Path, count: int) -> list[Figure]:
    """Return for each family how it stands to the target by every grouping, and how it grows by one."""
    sizes = SIZES if count > SMOKE_ROUNDS else SMOKE
    made = {rows: _make(folder / str(rows), rows) for rows in sizes}
    big = made[sizes[-1]].folder
    figures = [Figure(f"metrics: making parts of {sizes[-1]} responses, seconds", made[sizes[-1]].seconds)]
    for family in FAMILIES:
        dimensions = dimensions_of(family)
        by = ("team", "quarter") if "quarter" in dimensions else ("team",)
        figures += [
            Figure(f"{_name(family, by)}, {rows} responses: ms", _milliseconds(_ask, one.folder, family, by))
            for rows, one in made.items()
        ]
        figures += _slowest(big, family, _groupings(dimensions) if big.name == str(SIZES[-1]) else [by])
    return figures


def _groupings(dimensions: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return everything that can be asked for by these: nothing, one of them, two of them."""
    return [by for many in range(MOST + 1) for by in combinations(dimensions, many)]


def _slowest(folder: Path, family: str, groupings: Sequence[tuple[str, ...]]) -> list[Figure]:
    """Return the figures of the groupings of a family that are farthest from the target, beside plain's."""
    found = []
    for by in groupings:
        ours, plain = _milliseconds(_ask, folder, family, by), _milliseconds(ask_plain, folder, family, by)
        found.append((min(ours / LIMIT_MILLISECONDS, ours / plain), ours, plain, by))
    figures = []
    for ratio, ours, plain, by in sorted(found, reverse=True)[:TOLD]:
        name = _name(family, by)
        figures += [
            Figure(f"{name}: ms", ours),
            Figure(f"{name}: plain DuckDB, ms", plain),
            Figure(f"{name}: of the target", ratio, at_most=1),
        ]
    return figures


def _name(family: str, by: tuple[str, ...]) -> str:
    return f"metrics {family} by {', '.join(by) or 'nothing'}"


@dataclass(frozen=True, slots=True)
class _Made:
    """One snapshot, and how long its parts took."""

    folder: Path
    seconds: float


def _make(folder: Path, count: int) -> _Made:
    """Write the snapshot of so many responses."""
    folder.mkdir(parents=True)
    with duckdb.connect(":memory:", config={"threads": 2}) as made:
        made.execute(f"CREATE TABLE base AS {_BASE}", {"count": count})
        for name in TABLES:
            parts = [_rows(name, *one) for one in _MADE.get(name, [("false", {})])]
            rows = " UNION ALL ".join(parts)
            made.execute(f"COPY ({rows}) TO '{folder}/{name}.parquet' (FORMAT parquet, COMPRESSION zstd)")
    started = perf_counter()
    write_parts(folder, BY, AS_OF)
    write_patient_counts(folder)
    return _Made(folder, perf_counter() - started)


def _rows(name: str, which: str, told: Mapping[str, str]) -> str:
    """Return the query of a table's rows: what is told of a column, else the base's own, else NULL."""
    own = _OWN if name in _MADE else set()
    values = [
        f"({told.get(column, column if column in own else 'NULL')})::{kind} AS {column}"
        for column, kind in TABLES[name].items()
    ]
    return f"SELECT {', '.join(values)} FROM base WHERE {which}"  # noqa: S608 - a bench's own columns


def _ask(folder: Path, family: str, group_by: tuple[str, ...]) -> None:
    question = Question("bench", (family,), group_by, 11, BY)
    with reading(folder, 60) as reader:
        answer_question(reader, question)


def _milliseconds(
    act: Callable[[Path, str, tuple[str, ...]], None], folder: Path, family: str, by: tuple[str, ...]
) -> float:
    """Return the processor's time of all threads, the best of several rounds.

    On a machine that others use too, the clock's tells what they do; alone, it is the lesser of the two.
    """
    each = []
    for _ in range(ROUNDS):
        started = process_time()
        act(folder, family, by)
        each.append((process_time() - started) * 1000)
    return min(each)
