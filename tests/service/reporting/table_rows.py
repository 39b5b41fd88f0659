"""The exported flat tables, in the columns that the recount reads: so far as they know it."""

import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

FILES = Path(__file__).parents[3] / "fhir_mappings" / "instruments"
_WHOSE = "site, team, approach, therapist AS whose"
# Where nobody recorded who came, a session's place is the number that was told.
_RESPONSES = f"""
    SELECT response AS id, response AS row_id, dyad AS dyad_row, {_WHOSE}, language, instrument, perspective,
      place AS session_number, session_date::VARCHAR AS session_date, historical
    FROM responses ORDER BY session_date, session, received_at
"""  # noqa: S608 - ours
_QUERIES = {
    "scores": "SELECT response AS response_row, score AS part, value FROM scores",
    "marks": "SELECT response AS response_row, lowest_mark AS value FROM responses"
    " WHERE instrument = 'srs-3'",
    # People are told of an alert where it is raised, or later of a historical one.
    "alerts": "SELECT alert AS id, dyad AS dyad_row, session_date::VARCHAR AS session_date,"
    " instrument AS series, status, score_course, historical, evidence_level,"
    " told_at || '+00:00' AS raised_at, ended_at || '+00:00' AS ended_at FROM alerts",
    "versions": "SELECT alert AS id, version, news, rule, false AS historical"
    " FROM alert_states JOIN alerts USING (alert)",
    "acts": "SELECT alert AS alert_id, acts.at || '+00:00' AS at FROM alert_acts AS acts",
    "visits": f"SELECT dyad AS dyad_row, {_WHOSE}, attendance.session_date::VARCHAR AS session_date,"  # noqa: S608 - ours
    " attendance.status FROM attendance JOIN dyads USING (dyad)",
    "ends": "SELECT dyad AS dyad_row, ended_on::VARCHAR AS ended_on, end_reason AS reason FROM dyads"
    " WHERE ended_on IS NOT NULL",
}
_TOLD_BY = {
    "A": [{"reported": {"by": "observer"}}],
    "B": [{"reported": {"by": "client"}}],
    "D": [{}],
}

Rows = Mapping[str, Sequence[Mapping[str, Any]]]


def recounted_rows(tables: Path) -> Rows:
    """Return rows for ``Recount``; of single marks the tables know but the lowest."""
    forms = {path.stem: tomllib.loads(path.read_text()) for path in FILES.glob("*.toml")}
    with duckdb.connect() as opened:
        for file in tables.glob("*.parquet"):
            opened.read_parquet(str(file)).create_view(file.stem)
        responses = _rows(opened, _RESPONSES)
        rows = {name: _rows(opened, query) for name, query in _QUERIES.items()}
    absent = [
        {"response_row": row["row_id"], "part": one["id"], "value": None}
        for row in responses
        for one in forms[row["instrument"]].get("scores", ())
    ]
    for row in rows["alerts"]:
        row["evidence"] = json.dumps(_TOLD_BY[row["evidence_level"]])
    return rows | {"responses": responses, "scores": [*absent, *rows["scores"]]}


def _rows(opened: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    found = opened.execute(query)
    names = [one[0] for one in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
