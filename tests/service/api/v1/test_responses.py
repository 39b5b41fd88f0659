from typing import Any

import pytest
from starlette.testclient import TestClient

from service.store.database import Database
from tests.service.api.v1.build import EXAMPLE, a_body, faults_of, post


def test_the_example_gives_the_answer_of_the_design(client: TestClient) -> None:
    answer = client.post("/v1/responses", json=EXAMPLE)
    receipt = answer.json()
    assert answer.status_code == 201
    assert (len(receipt.pop("id")), len(receipt.pop("deliveries"))) == (36, 1)
    assert receipt == {
        "version": 1,
        "instrument": "srs-3",
        "perspective": "client",
        "complete": True,
        "scores": {"total": 36.3},
        "score_basis": {"total": {"answered": 4, "of": 4, "prorated": False}},
        "derived_scores": {},
        "provisional": None,
        "straight_lined": False,
        "check_in_prompts": [{"rule": "item-9", "item": "item-3", "score": 8.7}],
        "clinical_range": [],
        "alerts": [],
        "shared_identifier": False,
    }


def test_a_recorded_response_is_located_and_versioned(client: TestClient) -> None:
    answer = post(client)
    assert answer.headers["Location"] == f"/v1/responses/{answer.json()['id']}"
    assert answer.headers["ETag"] == 'W/"1"'


def test_reading_gives_back_what_was_sent(client: TestClient) -> None:
    stored = client.get(post(client).headers["Location"]).json()
    sent = {key: stored[key] for key in EXAMPLE}
    assert sent == EXAMPLE
    assert (stored["status"], stored["respondent"]) == ("completed", "Patient/anna")


def test_answers_keep_the_digits_they_came_with(client: TestClient) -> None:
    body = b'{"instrument":"srs-3","patient":"Patient/anna","authored":"2026-03-02T10:50:00+01:00",'
    body += b'"identifier":"urn:x|1","answers":{"item-1":7.10}}'
    location = client.post(
        "/v1/responses", content=body, headers={"Content-Type": "application/json"}
    ).headers["Location"]
    assert b'"item-1":7.10' in client.get(location).content


def test_every_allowed_field_is_taken(client: TestClient) -> None:
    extra = {
        "instrument": "srs-3|1.0.0",
        "respondent": "Patient/anna",
        "recorded_by": "Practitioner/ada",
        "ehr_reference": "QuestionnaireResponse/77",
        "session_date": "2026-03-01",
        "encounter": "Encounter/session-7",
        "language": "de-CH",
        "age_years": 34,
        "site": "north",
        "team": "blue",
        "approach": "cbt",
        "another_session": False,
        "scores": {"total": 36.3},
    }
    answer = post(client, **extra)
    stored = client.get(answer.headers["Location"]).json()
    assert answer.status_code == 201
    assert (stored["recorded_by"], stored["session_date"]) == ("Practitioner/ada", "2026-03-01")
    assert (stored["encounter"], stored["language"]) == ("Encounter/session-7", "de-CH")


def test_a_bare_id_will_do_for_the_ehr_reference(client: TestClient) -> None:
    answer = post(client, ehr_reference="77")
    assert answer.status_code == 201


def test_a_bare_total_is_taken_without_answers(client: TestClient) -> None:
    answer = post(client, answers=None, scores={"total": 36.3})
    assert answer.json()["scores"] == {"total": 36.3}
    assert answer.json()["check_in_prompts"] == []


def test_a_blank_leaves_the_total_without_value(client: TestClient) -> None:
    receipt = post(client, answers={"item-1": 9.2, "item-2": None}).json()
    assert receipt["scores"] == {"total": None}
    assert receipt["complete"] is False


def test_subscales_of_the_wai_are_scored(client: TestClient) -> None:
    answers = {f"item-{number}": 4 for number in range(1, 13)}
    scores = post(client, instrument="wai-sr-client", answers=answers).json()["scores"]
    assert (scores["task"], scores["bond"], scores["goal"], scores["total"]) == (16, 16, 16, 48)


def test_an_unchanged_version_is_not_sent_again(client: TestClient) -> None:
    location = post(client).headers["Location"]
    answer = client.get(location, headers={"If-None-Match": 'W/"1"'})
    assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", 'W/"1"')


def test_a_changed_version_is_sent(client: TestClient) -> None:
    location = post(client).headers["Location"]
    assert client.get(location, headers={"If-None-Match": 'W/"2"'}).status_code == 200


def test_an_unknown_response_is_not_found(client: TestClient) -> None:
    answer = client.get("/v1/responses/nowhere")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_correction_is_a_new_version(client: TestClient) -> None:
    location = post(client).headers["Location"]
    body = a_body(answers={**EXAMPLE["answers"], "item-3": 9.7})
    answer = client.put(location, json=body, headers={"If-Match": 'W/"1"'})
    assert (answer.status_code, answer.headers["ETag"]) == (200, 'W/"2"')
    assert answer.json()["scores"] == {"total": 37.3}
    assert client.get(location).json()["status"] == "amended"


def test_a_correction_must_name_its_version(client: TestClient) -> None:
    location = post(client).headers["Location"]
    answer = client.put(location, json=a_body())
    assert answer.status_code == 428
    assert faults_of(answer) == {("If-Match", "version-required")}


def test_a_stale_correction_is_refused(client: TestClient) -> None:
    location = post(client).headers["Location"]
    answer = client.put(location, json=a_body(), headers={"If-Match": 'W/"9"'})
    assert answer.status_code == 412


@pytest.mark.parametrize("if_match", ["1", "*", 'W/"x"', 'W/"1", W/"2"', 'W/"0"'])
def test_an_unreadable_if_match_is_refused(client: TestClient, if_match: str) -> None:
    location = post(client).headers["Location"]
    answer = client.put(location, json=a_body(), headers={"If-Match": if_match})
    assert (answer.status_code, faults_of(answer)) == (400, {("If-Match", "bad-parameter")})


def test_a_correction_cannot_move_to_another_patient(client: TestClient) -> None:
    location = post(client).headers["Location"]
    answer = client.put(location, json=a_body(patient="Patient/ben"), headers={"If-Match": 'W/"1"'})
    assert (answer.status_code, faults_of(answer)) == (422, {("patient", "not-correctable")})


def test_a_withdrawn_response_stays_readable_as_entered_in_error(client: TestClient) -> None:
    location = post(client).headers["Location"]
    answer = client.post(f"{location}/withdraw", json={"reason": "wrong patient"})
    assert (answer.status_code, answer.headers["ETag"]) == (200, 'W/"2"')
    assert client.get(location).json()["status"] == "entered-in-error"


def test_a_withdrawn_response_cannot_be_corrected(client: TestClient) -> None:
    location = post(client).headers["Location"]
    client.post(f"{location}/withdraw", json={"reason": "wrong patient"})
    answer = client.put(location, json=a_body(), headers={"If-Match": 'W/"2"'})
    assert answer.status_code == 409


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, {("reason", "required")}),
        ({"reason": ""}, {("reason", "required")}),
        ({"reason": 5}, {("reason", "wrong-type")}),
        ({"reason": "x" * 256}, {("reason", "too-long")}),
        ({"reason": "a\u0000b"}, {("reason", "unprintable")}),
        ({"reason": "x", "by": "y"}, {("by", "unknown-field")}),
    ],
)
def test_a_withdrawal_needs_a_plain_reason(
    client: TestClient, body: dict[str, Any], faults: set[Any]
) -> None:
    location = post(client).headers["Location"]
    answer = client.post(f"{location}/withdraw", json=body)
    assert (answer.status_code, faults_of(answer)) == (422, faults)


def test_a_stale_withdrawal_is_refused(client: TestClient) -> None:
    location = post(client).headers["Location"]
    answer = client.post(f"{location}/withdraw", json={"reason": "x"}, headers={"If-Match": 'W/"4"'})
    assert answer.status_code == 412


def test_every_access_is_audited_refusals_too(client: TestClient, database: Database) -> None:
    location = post(client).headers["Location"]
    client.get(location)
    client.get("/v1/responses/nowhere")
    client.put(location, json={})
    with database.read() as tx:
        rows = tx.exec_driver_sql("SELECT action, status, subject FROM audit_rows ORDER BY row_id").all()
    response_id = location.rpartition("/")[2]
    assert [tuple(row) for row in rows] == [
        ("C", 201, response_id),
        ("R", 200, response_id),
        ("R", 404, ""),
        ("U", 428, ""),
    ]
