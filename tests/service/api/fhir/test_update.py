"""An update corrects, completes, stops or withdraws a response; versions before it are kept."""

from typing import Any

import pytest

from fhir_mappings import json_text
from tests.builders import NAMES
from tests.service.api.fhir.calls import (
    SYSTEM,
    create,
    created_id,
    ids,
    issues,
    read,
    row_counts,
    search,
    sent,
    session,
    update,
)

STATUS = "QuestionnaireResponse.status"


@pytest.fixture
def stored(client):
    return created_id(client, sent())


def corrected(**changes: Any) -> dict[str, Any]:
    item = [{"linkId": "item-1", "answer": [{"valueDecimal": 8.5}]}]
    return sent(item=item) | changes


def versions(client: Any, response_id: str) -> int:
    total: int = read(client, f"QuestionnaireResponse/{response_id}/_history")["total"]
    return total


@pytest.mark.parametrize("status", ["completed", "amended"])
def test_a_correction_is_amended_whichever_of_the_two_it_says(client, stored, status):
    answer = update(client, stored, corrected(status=status))

    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["meta"]["versionId"]) == ("amended", "2")
    assert client.get(f"/fhir/Observation/{stored}.item-1").json()["valueQuantity"]["value"] == 8.5


def test_a_correction_is_answered_with_its_address_and_version(client, stored):
    answer = update(client, stored, corrected())

    address = f"http://127.0.0.1:8000/fhir/QuestionnaireResponse/{stored}/_history/2"
    assert answer.headers["etag"] == 'W/"2"'
    assert answer.headers["last-modified"] == "Mon, 02 Mar 2026 12:00:00 GMT"
    assert (answer.headers["location"], answer.headers["content-location"]) == (address, address)


def test_what_was_read_can_be_put_back_and_changes_nothing(client, stored):
    answer = update(client, stored, read(client, f"QuestionnaireResponse/{stored}"))

    assert (answer.status_code, answer.headers["etag"]) == (200, 'W/"1"')
    assert versions(client, stored) == 1


def test_a_correction_that_changes_only_who_recorded_it_is_a_new_version(client, stored):
    answer = update(client, stored, sent(author={"reference": "Practitioner/bo"}))

    assert answer.headers["etag"] == 'W/"2"'


def test_the_version_that_is_meant_may_be_named(client, stored):
    assert update(client, stored, corrected(), If_Match='W/"1"').status_code == 200


def test_a_version_that_has_passed_is_refused(client, stored):
    update(client, stored, corrected())

    answer = update(client, stored, sent(), If_Match='W/"1"')

    assert answer.status_code == 412
    assert issues(answer) == [("conflict", "http.If-Match")]
    assert versions(client, stored) == 2


def test_an_if_match_that_is_no_tag_is_refused(client, stored):
    answer = update(client, stored, corrected(), If_Match="now")

    assert answer.status_code == 400
    assert issues(answer) == [("value", "http.If-Match")]


def test_any_version_may_be_meant(client, stored):
    assert update(client, stored, corrected(), If_Match="*").status_code == 200


@pytest.mark.parametrize("body_id", ["another", None])
def test_the_id_in_the_body_is_that_of_the_address(client, stored, body_id):
    body = {key: value for key, value in corrected(id=body_id).items() if value is not None}
    answer = client.put(
        f"/fhir/QuestionnaireResponse/{stored}",
        content=json_text.dumps(body),
        headers={"Content-Type": "application/fhir+json"},
    )

    assert answer.status_code == 400
    assert issues(answer) == [("value", "QuestionnaireResponse.id")]


def test_an_id_that_was_not_given_here_cannot_be_updated(client):
    answer = update(client, "mine", sent())

    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"
    assert issues(answer) == [("not-supported", "")]


def test_every_fault_of_an_update_is_told_and_nothing_changed(client, database, stored):
    before = row_counts(database)

    bad = [{"linkId": "item-1", "answer": [{"valueDecimal": 11}]}]
    answer = update(client, stored, sent(item=bad, subject={"reference": "Practitioner/x"}))

    assert answer.status_code == 422
    assert len(issues(answer)) == 2
    assert row_counts(database) == before


def test_a_response_cannot_move_to_another_patient_or_form(client, stored):
    other = {"reference": "Patient/bob"}
    form = NAMES.questionnaire("ors")

    moved = update(client, stored, sent(subject=other, source=other))
    reformed = update(client, stored, sent(questionnaire=form))

    assert (moved.status_code, issues(moved)) == (
        422,
        [("business-rule", "QuestionnaireResponse.subject")],
    )
    assert reformed.status_code == 422


def test_entered_in_error_withdraws_it_with_its_scores_and_says_where_the_ehr_is_told(client, stored):
    answer = update(client, stored, sent(status="entered-in-error"), Prefer="return=OperationOutcome")

    assert "/v1/deliveries/" in answer.json()["issue"][0]["details"]["text"]
    assert read(client, f"QuestionnaireResponse/{stored}")["status"] == "entered-in-error"
    assert read(client, f"Observation/{stored}.total")["status"] == "entered-in-error"


def test_an_alert_goes_with_the_response_that_raised_it(client):
    for number in range(4, 10):
        create(client, session(number, total="37.0"))
    dip = created_id(client, session(10, total="22.0"))

    update(client, dip, session(10, total="22.0", status="entered-in-error"))

    assert [
        one["resource"]["status"] for one in search(client, "DetectedIssue", patient="anna")["entry"]
    ] == ["cancelled"]


def test_withdrawing_twice_changes_nothing(client, stored):
    update(client, stored, sent(status="entered-in-error"))

    answer = update(client, stored, sent(status="entered-in-error"))

    assert (answer.status_code, answer.headers["etag"]) == (200, 'W/"2"')


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("entered-in-error", "completed"),
        ("entered-in-error", "in-progress"),
        ("amended", "in-progress"),
        ("completed", "stopped"),
    ],
)
def test_a_status_that_cannot_follow_is_refused(client, stored, first, then):
    update(client, stored, corrected(status=first))

    answer = update(client, stored, sent(status=then))

    assert answer.status_code == 422
    assert issues(answer) == [("business-rule", STATUS)]


def test_another_patient_is_not_withdrawn_by_a_body_of_the_wrong_one(client, stored):
    other = {"reference": "Patient/bob"}

    answer = update(client, stored, sent(status="entered-in-error", subject=other, source=other))

    assert answer.status_code == 422
    assert read(client, f"QuestionnaireResponse/{stored}")["status"] == "completed"


def test_a_response_that_came_as_plain_json_is_updated_as_it_is_read(client):
    marks = {"item-1": 9.2, "item-2": 9.0, "item-3": 8.7, "item-4": 9.4}
    plain = {
        "instrument": "srs-3",
        "patient": "Patient/anna",
        "authored": "2026-03-02T10:50:00+01:00",
        "identifier": f"{SYSTEM}|p-1",
        "age_years": 40,
        "answers": marks,
    }
    response_id = client.post("/v1/responses", json=plain).json()["id"]
    body = read(client, f"QuestionnaireResponse/{response_id}")
    body["item"][0]["item"] = body["item"][0]["item"][:2]
    body["extension"].append({"url": "https://other.example/x", "valueString": "kept"})

    update(client, response_id, body)

    now = read(client, f"QuestionnaireResponse/{response_id}")
    assert now["extension"][-1]["valueString"] == "kept"
    assert client.get(f"/v1/responses/{response_id}").json()["scores"] == {"total": None}


def test_prefer_minimal_answers_without_a_body(client, stored):
    answer = update(client, stored, corrected(), Prefer="return=minimal")

    assert (answer.status_code, answer.content) == (200, b"")


def test_a_corrected_response_is_found_once(client, stored):
    update(client, stored, corrected())

    assert ids(search(client, "QuestionnaireResponse", patient="anna")) == [stored]
    assert ids(search(client, "QuestionnaireResponse", status="completed")) == []
