from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from fhir_mappings import json_text
from tests.service.api.fhir.calls import SYSTEM, create, issues, row_counts, sent, session

CONDITION = f"identifier={SYSTEM}|r-7"


def test_a_new_response_is_created_with_its_address_and_version(client):
    answer = create(client, sent())

    stored = answer.json()
    assert answer.status_code == 201
    assert answer.headers["etag"] == 'W/"1"'
    assert answer.headers["last-modified"] == "Mon, 02 Mar 2026 12:00:00 GMT"
    assert answer.headers["location"].endswith(f"/fhir/QuestionnaireResponse/{stored['id']}/_history/1")


def test_numbers_come_back_with_the_digits_they_were_sent_with(client):
    item = {"linkId": "item-1", "answer": [{"valueDecimal": Decimal("9.40")}]}

    answer = create(client, sent(item=[item]))

    assert b'"valueDecimal":9.40' in answer.content


def test_what_we_do_not_know_is_kept(client):
    foreign = {"url": "https://other.example/x", "valueString": "kept"}

    answer = create(client, sent(extension=[foreign], meta={"tag": [{"code": "theirs"}]}))

    assert answer.json()["extension"] == [foreign]
    assert answer.json()["meta"]["tag"] == [{"code": "theirs"}]


def test_id_and_version_of_the_sender_are_ours_to_give(client):
    answer = create(client, sent(id="mine", meta={"versionId": "9"}))

    assert answer.json()["id"] != "mine"
    assert answer.json()["meta"]["versionId"] == "1"


def test_prefer_minimal_answers_without_a_body(client):
    answer = create(client, sent(), Prefer="return=minimal")

    assert answer.status_code == 201
    assert answer.content == b""
    assert "location" in answer.headers


def test_prefer_outcome_answers_with_an_outcome(client):
    answer = create(client, sent(), Prefer="return=OperationOutcome")

    assert answer.status_code == 201
    assert issues(answer) == [("informational", "")]


def test_the_same_response_again_is_answered_with_the_stored_one(client):
    first = create(client, sent())

    again = create(client, sent())

    assert again.status_code == 200
    assert again.json() == first.json()


def test_another_content_under_the_same_identifier_is_a_conflict(client):
    create(client, session(7))

    answer = create(client, session(7, total="35.0"))

    assert answer.status_code == 409
    assert issues(answer) == [("duplicate", "")]


def test_a_condition_without_a_match_creates(client):
    assert create(client, sent(), If_None_Exist=CONDITION).status_code == 201


def test_a_condition_with_a_match_answers_it_whatever_the_body(client):
    first = create(client, sent())

    again = create(client, {"resourceType": "Patient"}, If_None_Exist=CONDITION)

    assert again.status_code == 200
    assert again.headers["location"] == first.headers["location"]
    assert again.json() == first.json()


def test_a_condition_that_matches_several_is_refused(client):
    create(client, session(7))
    create(client, session(8))

    answer = create(client, session(9), If_None_Exist=f"identifier={SYSTEM}|s-7,{SYSTEM}|s-8")

    assert answer.status_code == 412
    assert issues(answer) == [("multiple-matches", "http.If-None-Exist")]


@pytest.mark.parametrize(
    "condition",
    ["patient=Patient/anna", f"{CONDITION}&status=completed", "identifier=r-7", f"identifier={SYSTEM}|", ""],
)
def test_a_condition_on_anything_but_one_identifier_is_refused(client, database, condition):
    answer = create(client, sent(), If_None_Exist=condition)

    assert answer.status_code == 400
    assert issues(answer) == [("value", "http.If-None-Exist")]
    assert row_counts(database)["responses"] == 0


def test_of_racing_conditional_creates_one_is_created_and_all_agree(client):
    def race(_: int) -> tuple[int, str]:
        answer = create(client, sent(), If_None_Exist=CONDITION)
        return answer.status_code, answer.json()["id"]

    with ThreadPoolExecutor(6) as threads:
        raced = list(threads.map(race, range(6)))

    assert sorted(status for status, _ in raced) == [200] * 5 + [201]
    assert len({response_id for _, response_id in raced}) == 1


def test_a_bare_total_is_taken(client):
    answer = create(client, session(7, total="36.30"))

    assert answer.status_code == 201
    total = json_text.loads(answer.content)["item"][0]["answer"][0]["valueDecimal"]
    assert str(total) == "36.30"
