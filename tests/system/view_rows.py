"""What the views give, in the columns that the recount reads: so far as they know it."""

import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

FILES = Path(__file__).parents[2] / "fhir_mappings" / "instruments"
# A response: its dyad, and its session's day, which is the day of the answer where it does not say another.
_RESPONSES = """
    SELECT response_key AS row_id, patient_key || '|' || coalesce(therapist_key, '') AS dyad_row,
      coalesce(therapist_key, '') AS whose, NULL AS site, NULL AS team, NULL AS approach, language,
      regexp_extract(form, '/Questionnaire/([^|]+)', 1) AS instrument, session_number,
      coalesce(session_date::VARCHAR, left(authored, 10)) AS session_date,
      updated_at > coalesce(session_date, left(authored, 10)::DATE) + INTERVAL 28 DAY AS historical
    FROM responses ORDER BY session_date, session_number, authored::TIMESTAMPTZ, updated_at
"""
_SCORES = """
    SELECT response_key AS response_row, split_part(code, '.', 2) AS part, value::DOUBLE AS value FROM scores
"""
# An alert belongs to the dyad and the session of the first rating that it rests on.
_ALERTS = """
    SELECT alerts.alert_key, alert_status, priority IS NULL AS historical, alerts.raised_at, ended_at,
      responses.response_key AS opened_by, evidence.codes
    FROM alerts LEFT JOIN tasks USING (alert_key)
    JOIN (SELECT alert_key, first(response_key) AS response_key, list(code) AS codes
      FROM (SELECT * FROM alert_evidence JOIN responses USING (response_key) ORDER BY session_date, authored)
      GROUP BY alert_key) AS evidence USING (alert_key)
    JOIN responses USING (response_key)
"""
_TABLES = ("alert_evidence", "alerts", "responses", "scores", "tasks")

Rows = Mapping[str, Sequence[Mapping[str, Any]]]


def recounted_rows(tables: Path) -> Rows:
    """Return rows for ``Recount``. What views do not know is empty: attendance, ends, acts, versions."""
    forms = {path.stem: tomllib.loads(path.read_text()) for path in FILES.glob("*.toml")}
    with duckdb.connect() as session:
        for name in _TABLES:
            session.read_parquet(f"{tables}/{name}/*.parquet").create_view(name)
        responses, scores, alerts = (_rows(session, query) for query in (_RESPONSES, _SCORES, _ALERTS))
    known = {row["row_id"]: row for row in responses}
    for row in responses:
        row["perspective"] = forms[row["instrument"]]["perspective"]
    kinds = {name: {one["id"] for one in form.get("scores", ())} for name, form in forms.items()}
    values, marks = [], []
    for row in scores:
        instrument = known[row["response_row"]]["instrument"]
        if row["part"] in kinds[instrument]:
            values.append(row)
        elif instrument == "srs-3":
            marks.append(row)
    return {
        "responses": responses,
        "scores": [*_absent(responses, kinds), *values],
        "marks": marks,
        "alerts": [_alert(row, known[row["opened_by"]], forms) for row in alerts],
        "versions": [],
        "acts": [],
        "visits": [],
        "ends": [],
    }


def _absent(responses: Sequence[Mapping[str, Any]], kinds: Mapping[str, set[str]]) -> list[dict[str, Any]]:
    """Return every score that a response may have without a value; those that have one come after them."""
    return [
        {"response_row": row["row_id"], "part": part, "value": None}
        for row in responses
        for part in kinds[row["instrument"]]
    ]


def _alert(row: Mapping[str, Any], opened: Mapping[str, Any], forms: Mapping[str, Any]) -> dict[str, Any]:
    instruments = [code.partition(".")[0] for code in row["codes"]]
    evidence = [
        {"reported": {"by": forms[one]["perspective"]}} if forms[one]["role"] != "alliance" else {}
        for one in instruments
    ]
    return {
        "id": row["alert_key"],
        "dyad_row": opened["dyad_row"],
        "session_date": opened["session_date"],
        "series": opened["instrument"],
        "status": row["alert_status"],
        "score_course": None,
        "historical": row["historical"],
        "raised_at": row["raised_at"],
        "ended_at": row["ended_at"],
        "evidence": json.dumps(evidence),
    }


def _rows(session: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    found = session.execute(query)
    names = [one[0] for one in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
