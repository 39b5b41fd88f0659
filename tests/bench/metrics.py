"""Reports over 10,000 to 1,000,000 responses, beside plain DuckDB over the same rows in Parquet, cold.

The rows are made by DuckDB itself, seeded, straight into Parquet: 50 weekly forms of each dyad, nine
teams; the therapist rates each fourth session. *Plain* is what an analyst would write for the main figures of
a family, over the flat tables: no intervals, no suppression. The parts that we answer from are made with the
snapshot, once; how long that takes is told too.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter

import duckdb

from service.reporting.answers import answer_question
from service.reporting.counted_by import CountedBy
from service.reporting.figures import told_figures
from service.reporting.parts import write_parts
from service.reporting.question import Question
from service.reporting.reading import reading
from service.reporting.tables import TABLES
from tests.bench.figures import Figure

EACH = 50
SIZES, SMOKE = (10_000, 100_000, 1_000_000), (10_000, 20_000)
SMOKE_ROUNDS = 1000
ROUNDS = 5
LIMIT_MILLISECONDS = 300
FAMILIES = tuple(dict.fromkeys(one.family for one in told_figures()))
BY, AS_OF = CountedBy(), "2026-03-02T12:00:00Z"
_DRAWN = "(hash(n * 31 + {}) % 1000 / 1000.0)"
# One row for each response n, from 0 on; what of it stands in which table is told below.
_BASE = f"""
    SELECT n, n // {EACH} AS d, n % {EACH} AS k, (hash(d) >> 1)::BIGINT AS dyad,
    (hash(d + 1) >> 1)::BIGINT AS patient,
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
_PLAIN = {
    "counts": "SELECT team, quarter(session_date), count(*), count(DISTINCT dyad),"
    " count(DISTINCT (dyad, session)) FROM responses GROUP BY ALL",
    "coverage": "SELECT team, quarter(session_date), avg(days_since_rated),"
    " quantile_cont(days_since_rated, [.25, .5, .75]) FROM sessions GROUP BY ALL",
    "level": "SELECT team, quarter(session_date), instrument, score, count(*), avg(value), stddev(value),"
    " quantile_cont(value, [.25, .5, .75]), avg(at_ceiling::INT), avg(below_cut_off::INT),"
    " count(DISTINCT dyad) FROM scores GROUP BY ALL",
    "feedback": "SELECT team, quarter(session_date), count(DISTINCT dyad), avg((lowest_mark < 9)::INT)"
    " FROM responses GROUP BY ALL",
    "alerts": "SELECT team, quarter(session_date), sum(prompts), count(*), count(DISTINCT dyad) FROM sessions"
    " GROUP BY ALL",
    "congruence": "SELECT c.team, quarter(c.session_date), corr(c.value, t.value), avg(c.value - t.value)"
    " FROM scores c JOIN scores t USING (dyad, session, measure) WHERE c.perspective = 'client'"
    " AND t.perspective = 'therapist' GROUP BY ALL",
    "change": "SELECT team, avg(last - first), quantile_cont(last - first, [.25, .5, .75])"
    " FROM (SELECT team, dyad, arg_min(value, nth) AS first, arg_max(value, nth) AS last FROM scores"
    " GROUP BY ALL) GROUP BY ALL",
    "drop-out": "SELECT team, strain, avg((last_session_date < DATE '2026-02-02')::INT)"
    " FROM dyads GROUP BY ALL",
}


def run(folder: Path, count: int) -> list[Figure]:
    """Return for each family how it stands to the target, and how it grows."""
    sizes = SIZES if count > SMOKE_ROUNDS else SMOKE
    made = {rows: _make(folder / str(rows), rows) for rows in sizes}
    big = sizes[-1]
    figures = [Figure(f"metrics: making parts of {big} responses, seconds", made[big].seconds)]
    for family in FAMILIES:
        group_by = ("team",) if family in ("change", "drop-out") else ("team", "quarter")
        took = {
            rows: _milliseconds(partial(_ask, one.folder, family, group_by)) for rows, one in made.items()
        }
        plain = _milliseconds(partial(_plain, made[big].folder, family))
        figures += [
            Figure(f"metrics {family}, {rows} responses: milliseconds", ms) for rows, ms in took.items()
        ]
        figures += [
            Figure(f"metrics {family}, {big} responses: plain DuckDB, milliseconds", plain),
            Figure(
                f"metrics {family}: of 300 ms or of plain, the lesser",
                min(took[big] / LIMIT_MILLISECONDS, took[big] / plain),
                at_most=1,
            ),
        ]
    return figures


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


def _plain(folder: Path, family: str) -> None:
    with duckdb.connect(":memory:", config={"threads": 2}) as opened:
        for name in TABLES:
            opened.read_parquet(str(folder / f"{name}.parquet")).create_view(name)
        opened.execute(_PLAIN[family]).fetchall()


def _milliseconds(act: Callable[[], None]) -> float:
    """Return the best of several rounds: what else the machine does is no part of it."""
    each = []
    for _ in range(ROUNDS):
        started = perf_counter()
        act()
        each.append((perf_counter() - started) * 1000)
    return min(each)
