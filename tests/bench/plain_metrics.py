"""What an analyst would ask plain DuckDB for, of the main figures of each family, over the flat tables.

No intervals, no suppression: what our answers are measured against.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from service.reporting.dimensions import OF_DYAD, OF_FORM, OF_SESSION
from service.reporting.tables import TABLES

_COLUMNS: Mapping[str, str] = {
    "clinic": "1",
    "month": "date_trunc('month', session_date)",
    "quarter": "date_trunc('quarter', session_date)",
    "session_band": "CASE WHEN place >= 9 THEN 2 WHEN place >= 4 THEN 1 ELSE 0 END",
}
_PAIRS = """scores JOIN (SELECT dyad, session, measure, value AS other FROM scores
    WHERE perspective = 'therapist') USING (dyad, session, measure) WHERE perspective = 'client'"""
_CHANGES = """(SELECT dyad, site, team, approach, therapist, instrument,
    arg_max(value, nth) - arg_min(value, nth) AS change FROM scores GROUP BY ALL)"""


@dataclass(frozen=True, slots=True)
class _Asked:
    """One family: what it may be grouped by, its figures in SQL, and of which rows."""

    dimensions: tuple[str, ...]
    figures: tuple[str, ...]
    rows: str


def _quartiles(column: str) -> str:
    return f"quantile_cont({column}, [.25, .5, .75])"


_ASKED: Mapping[str, _Asked] = {
    "counts": _Asked(
        OF_FORM, ("count(*)", "count(DISTINCT dyad)", "count(DISTINCT (dyad, session))"), "responses"
    ),
    "coverage": _Asked(OF_SESSION, ("avg(days_since_rated)", _quartiles("days_since_rated")), "sessions"),
    "level": _Asked(
        OF_FORM,
        (
            *("instrument", "score", "count(*)", "avg(value)", "stddev(value)", _quartiles("value")),
            *("avg(at_ceiling::INT)", "avg(below_cut_off::INT)", "count(DISTINCT dyad)"),
        ),
        "scores",
    ),
    "feedback": _Asked(OF_FORM, ("count(DISTINCT dyad)", "avg((lowest_mark < 9)::INT)"), "responses"),
    "alerts": _Asked(OF_SESSION, ("sum(prompts)", "count(*)", "count(DISTINCT dyad)"), "sessions"),
    "congruence": _Asked(OF_SESSION, ("corr(value, other)", "avg(value - other)"), _PAIRS),
    "change": _Asked((*OF_DYAD, "instrument"), ("avg(change)", _quartiles("change")), _CHANGES),
    "drop-out": _Asked(OF_DYAD, ("strain", "avg((last_session_date < DATE '2026-02-02')::INT)"), "dyads"),
}
FAMILIES = tuple(_ASKED)


def dimensions_of(family: str) -> tuple[str, ...]:
    """Return what plain DuckDB may group a family's rows by."""
    return _ASKED[family].dimensions


def ask_plain(folder: Path, family: str, group_by: Sequence[str]) -> None:
    """Fetch a family's figures out of a folder of flat tables that nothing was read of yet."""
    asked = _ASKED[family]
    columns = ", ".join([*(_COLUMNS.get(one, one) for one in group_by), *asked.figures])
    with duckdb.connect(":memory:", config={"threads": 2}) as opened:
        for name in TABLES:
            opened.read_parquet(str(folder / f"{name}.parquet")).create_view(name)
        opened.execute(f"SELECT {columns} FROM {asked.rows} GROUP BY ALL").fetchall()  # noqa: S608 - a bench's own
