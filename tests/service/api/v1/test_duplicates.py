"""DESIGN.md, "Duplicates", at the plain JSON door."""

from concurrent.futures import ThreadPoolExecutor

from starlette.testclient import TestClient

from tests.service.api.v1.build import EXAMPLE, post

OTHER = "urn:clinic:north|r-8"


def test_the_same_again_is_the_stored_one(client: TestClient) -> None:
    first, second = post(client), post(client)
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json() == first.json()


def test_more_zeros_are_the_same_answers(client: TestClient) -> None:
    post(client)
    raw = b'{"instrument":"srs-3","patient":"Patient/anna","therapist":"Practitioner/ada","session_number":7,'
    raw += b'"authored":"2026-03-02T09:50:00Z","identifier":"urn:clinic:north|r-7",'
    raw += b'"answers":{"item-1":9.20,"item-2":9,"item-3":8.70,"item-4":9.4}}'
    answer = client.post("/v1/responses", content=raw, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200


def test_other_content_under_the_same_identifier_clashes(client: TestClient) -> None:
    stored = post(client).json()["id"]
    answer = post(client, answers={**EXAMPLE["answers"], "item-1": 5})
    assert (answer.status_code, answer.json()["stored_id"]) == (409, stored)
    assert stored in answer.json()["detail"]


def test_another_identifier_for_the_same_session_clashes(client: TestClient) -> None:
    stored = post(client).json()["id"]
    answer = post(client, identifier=OTHER)
    assert (answer.status_code, answer.json()["stored_id"]) == (409, stored)


def test_another_session_number_is_another_session(client: TestClient) -> None:
    post(client)
    assert post(client, identifier=OTHER, session_number=8).status_code == 201


def test_the_same_encounter_clashes_where_a_number_is_missing(client: TestClient) -> None:
    post(client, encounter="Encounter/7", session_number=None)
    answer = post(client, encounter="Encounter/7", identifier=OTHER, authored="2026-03-01T09:00:00+01:00")
    assert answer.status_code == 409


def test_the_same_date_clashes_where_there_is_nothing_else(client: TestClient) -> None:
    stored = post(client, session_number=None).json()["id"]
    answer = post(client, session_number=None, identifier=OTHER)
    assert (answer.status_code, answer.json()["stored_id"]) == (409, stored)


def test_a_clash_by_date_alone_can_be_overruled(client: TestClient) -> None:
    post(client, session_number=None)
    answer = post(client, session_number=None, identifier=OTHER, another_session=True)
    assert answer.status_code == 201


def test_a_clash_by_number_cannot_be_overruled(client: TestClient) -> None:
    post(client)
    assert post(client, identifier=OTHER, another_session=True).status_code == 409


def test_two_unknown_therapists_are_the_same_one(client: TestClient) -> None:
    post(client, therapist=None)
    assert post(client, therapist=None, identifier=OTHER).status_code == 409


def test_a_withdrawn_response_does_not_count(client: TestClient) -> None:
    location = post(client).headers["Location"]
    client.post(f"{location}/withdraw", json={"reason": "entered twice"})
    assert post(client, identifier=OTHER).status_code == 201


def test_another_instrument_of_the_same_session_is_no_duplicate(client: TestClient) -> None:
    post(client)
    answers = {f"item-{number}": 4 for number in range(1, 13)}
    assert post(client, identifier=OTHER, instrument="wai-sr-client", answers=answers).status_code == 201


def test_of_racing_callers_one_records(client: TestClient) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post(client), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1


def test_of_racing_identifiers_for_one_session_one_records(client: TestClient) -> None:
    names = [f"urn:clinic:north|race-{number}" for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda name: post(client, identifier=name), names))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
