"""Bad input at /v1: a status, every fault with its place, no value repeated, nothing changed."""

import io
from typing import Any

import pytest
from starlette.testclient import TestClient

from service.store.database import Database
from tests.service.api.v1.build import a_body, faults_of, post

CANARY = "Canary-7731"


def rows_in(database: Database) -> int:
    with database.read() as tx:
        return sum(
            tx.exec_driver_sql(f"SELECT COUNT(*) FROM {table}").scalar_one()  # noqa: S608 - names of ours
            for table in ("responses", "scores", "alerts", "deliveries", "patient_aliases", "dyads")
        )


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"instrument": "nothing"}, {("instrument", "unknown-instrument")}),
        ({"instrument": "srs-3|9.0.0"}, {("instrument", "unknown-version")}),
        ({"instrument": None}, {("instrument", "required")}),
        ({"instrument": 3}, {("instrument", "wrong-type")}),
        ({"patient": None}, {("patient", "required")}),
        ({"patient": "anna"}, {("patient", "wrong-reference")}),
        ({"patient": "Practitioner/ada"}, {("patient", "wrong-reference")}),
        ({"patient": 7}, {("patient", "wrong-type")}),
        ({"therapist": "Patient/anna"}, {("therapist", "wrong-reference")}),
        ({"respondent": "Patient/ben"}, {("respondent", "wrong-respondent")}),
        ({"recorded_by": "somebody"}, {("recorded_by", "wrong-reference")}),
        ({"encounter": "7"}, {("encounter", "wrong-reference")}),
        ({"authored": "2026-03-02T12:10:00Z"}, {("authored", "in-the-future")}),
        ({"authored": "2026-03-02T10:50:00"}, {("authored", "no-time-zone")}),
        ({"authored": "yesterday"}, {("authored", "not-a-time")}),
        ({"authored": None}, {("authored", "required")}),
        ({"session_date": "2026-02-30"}, {("session_date", "not-a-date")}),
        ({"session_date": "2026-03-03"}, {("session_date", "after-authored")}),
        ({"session_number": 0}, {("session_number", "not-a-session-number")}),
        ({"session_number": 7.5}, {("session_number", "wrong-type")}),
        ({"session_number": True}, {("session_number", "wrong-type")}),
        ({"identifier": None}, {("identifier", "required")}),
        ({"identifier": "r-7"}, {("identifier", "wrong-identifier")}),
        ({"identifier": "|r-7"}, {("identifier", "wrong-identifier")}),
        ({"identifier": "two words|r-7"}, {("identifier", "wrong-identifier")}),
        ({"identifier": f"urn:x|{'r' * 256}"}, {("identifier", "too-long")}),
        ({"another_session": "yes"}, {("another_session", "wrong-type")}),
        ({"language": "a b"}, {("language", "not-a-language")}),
        ({"age_years": 200}, {("age_years", "out-of-range")}),
        ({"site": "x" * 300}, {("site", "too-long")}),
        ({"answers": [1, 2]}, {("answers", "wrong-type")}),
        ({"answers": {}}, {("answers", "nothing-answered")}),
        ({"answers": {"item-1": 9.25}}, {("answers.item-1", "wrong-step")}),
        ({"answers": {"item-1": "9"}}, {("answers.item-1", "not-a-number")}),
        ({"answers": {"item-9": 1}}, {("answers.item-9", "unknown-item")}),
        ({"scores": {"total": 30}}, {("scores.total", "total-mismatch")}),
        ({"scores": {"bond": 30}}, {("scores.bond", "unknown-score")}),
        ({"colour": "blue"}, {("colour", "unknown-field")}),
    ],
)
def test_one_fault_is_named_with_its_place(
    client: TestClient, database: Database, changes: dict[str, Any], faults: set[tuple[str, str]]
) -> None:
    answer = post(client, **changes)
    assert (answer.status_code, faults_of(answer)) == (422, faults)
    assert rows_in(database) == 0


def test_all_faults_come_at_once(client: TestClient) -> None:
    answers = {"item-1": -1, "item-2": 10.1, "item-3": 10.05, "item-4": True, "item-5": 1}
    answer = post(client, answers=answers, identifier="x", authored="2026-03-02T10:50:00", colour=1)
    assert faults_of(answer) == {
        ("answers.item-1", "below-minimum"),
        ("answers.item-2", "above-maximum"),
        ("answers.item-3", "above-maximum"),
        ("answers.item-4", "wrong-type"),
        ("answers.item-5", "unknown-item"),
        ("identifier", "wrong-identifier"),
        ("authored", "no-time-zone"),
        ("colour", "unknown-field"),
    }


def test_a_bare_total_is_refused_where_the_form_takes_none(client: TestClient) -> None:
    answer = post(client, instrument="wai-sr-client", answers=None, scores={"total": 48})
    assert faults_of(answer) == {("scores.total", "total-not-accepted")}


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"not json", "not-json"),
        (b"[1]", "not-an-object"),
        (b'{"answers":{"item-1":NaN}}', "not-json"),
        (b'{"a":1,"a":2}', "not-json"),
        (b'{"a":' * 20_000 + b"1" + b"}" * 20_000, "nested-too-deeply"),
    ],
)
def test_an_unreadable_body_is_refused(
    client: TestClient, database: Database, raw: bytes, reason: str
) -> None:
    answer = client.post("/v1/responses", content=raw, headers={"Content-Type": "application/json"})
    assert (answer.status_code, faults_of(answer)) == (400, {("", reason)})
    assert rows_in(database) == 0


def test_a_body_over_the_limit_is_refused(client: TestClient) -> None:
    answer = client.post("/v1/responses", json=a_body(site="x" * 1_100_000))
    assert answer.status_code == 413


def test_a_form_body_is_refused(client: TestClient) -> None:
    answer = client.post("/v1/responses", data={"patient": "Patient/anna"})
    assert answer.status_code == 415


def test_no_value_is_repeated_in_error_or_log(client: TestClient, log_stream: io.StringIO) -> None:
    everywhere = dict.fromkeys(a_body(), CANARY) | {CANARY: 1, "answers": {"item-1": CANARY}, "site": 3}
    answer = client.post("/v1/responses", json=everywhere | {f"{CANARY} spaced": 1})
    assert answer.status_code == 422
    told = answer.text.replace(f'"at":"{CANARY}"', "")  # a key, not a value
    assert CANARY not in told + log_stream.getvalue()
