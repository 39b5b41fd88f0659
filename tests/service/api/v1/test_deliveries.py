from typing import Any

import pytest
from sqlalchemy import insert, update
from starlette.testclient import TestClient

from service.store.database import Database
from service.store.tables import attempts, deliveries, parts
from tests.service.api.v1.build import a_body, faults_of, post

DELIVERIES = "/v1/deliveries"
FOUND = {"ehr_reference": "QuestionnaireResponse/42"}


def park(database: Database, delivery_id: str) -> None:
    """Leave a delivery as if the EHR had refused one of its parts."""
    refused = {"state": "rejected", "reason": "refused: 422"}
    with database.write() as tx:
        tx.execute(update(deliveries).where(deliveries.c.id == delivery_id).values(**refused))
        part = {"clinic": "default", "delivery_id": delivery_id, "sequence": 1, "logical": "transaction"}
        sent = {"method": "POST", "path": "", "headers": "{}", "body": b""}
        row = tx.execute(
            insert(parts).values(**part, **sent, **refused).returning(parts.c.row_id)
        ).scalar_one()
        attempt = {"clinic": "default", "part_row": row, "number": 1, "kind": "write", "outcome": "rejected"}
        said = {"status": 422, "codes": "invalid", "answer": "the EHR says no"}
        tx.execute(insert(attempts).values(**attempt, **said, started_at="2026-03-02T12:00:01.000000Z"))


@pytest.fixture
def parked(client: TestClient, database: Database) -> str:
    delivery_id: str = post(client).json()["deliveries"][0]
    park(database, delivery_id)
    return f"{DELIVERIES}/{delivery_id}"


def test_without_an_ehr_a_delivery_waits_visibly(client: TestClient) -> None:
    receipt = post(client).json()
    (delivery,) = client.get(DELIVERIES).json()["items"]
    assert (delivery["id"], delivery["state"]) == (receipt["deliveries"][0], "waiting")
    assert (delivery["subject_kind"], delivery["subject"]) == ("response", receipt["id"])
    assert delivery["parked"] is False


def test_a_delivery_names_the_request_that_queued_it(client: TestClient) -> None:
    sent = client.post("/v1/responses", json=a_body(), headers={"X-Request-Id": "sent-7"}).json()
    shown = client.get(f"{DELIVERIES}/{sent['deliveries'][0]}").json()
    assert shown["request"] == "sent-7"


def test_deliveries_are_narrowed_to_a_state_and_a_subject(client: TestClient, parked: str) -> None:
    other = post(client, identifier="urn:x|2", session_number=8).json()
    by_state = client.get(f"{DELIVERIES}?state=parked").json()["items"]
    by_subject = client.get(f"{DELIVERIES}?subject={other['id']}").json()["items"]
    assert [one["id"] for one in by_state] == [parked.rpartition("/")[2]]
    assert [one["id"] for one in by_subject] == other["deliveries"]


def test_pages_give_every_delivery_once(client: TestClient) -> None:
    made = [
        post(client, identifier=f"urn:x|{n}", session_number=n).json()["deliveries"][0] for n in (1, 2, 3)
    ]
    first = client.get(f"{DELIVERIES}?_count=2").json()
    second = client.get(f"{DELIVERIES}?_count=2&after={first['next']}").json()
    assert [one["id"] for one in first["items"] + second["items"]] == made
    assert second["next"] is None


def test_the_ehrs_words_stand_in_the_single_read_alone(client: TestClient, parked: str) -> None:
    detail = client.get(parked)
    ((attempt,),) = (part["attempts"] for part in detail.json()["parts"])
    assert (attempt["status"], attempt["codes"]) == (422, "invalid")
    assert attempt["answer"] == "the EHR says no"
    assert "the EHR says no" not in client.get(DELIVERIES).text


def test_a_parked_delivery_says_why(client: TestClient, parked: str) -> None:
    detail = client.get(parked).json()
    assert (detail["parked"], detail["reason"]) == (True, "refused: 422")


def test_a_retry_makes_it_due_again(client: TestClient, parked: str) -> None:
    answer = client.post(f"{parked}/retry")
    assert (answer.status_code, answer.json()["state"]) == (200, "pending")
    assert answer.headers["ETag"] == 'W/"2"'


@pytest.mark.parametrize(
    "reference", ["QuestionnaireResponse/42", "https://ehr.example/fhir/QuestionnaireResponse/42"]
)
def test_a_confirmation_settles_it(client: TestClient, parked: str, reference: str) -> None:
    answer = client.post(f"{parked}/confirm", json={"ehr_reference": reference})
    assert (answer.status_code, answer.json()["state"]) == (200, "confirmed")


def test_discarding_keeps_the_reason(client: TestClient, parked: str) -> None:
    answer = client.post(f"{parked}/discard", json={"reason": "entered by hand"})
    assert (answer.json()["state"], answer.json()["reason"]) == ("discarded", "entered by hand")


def test_an_act_on_a_stale_version_is_refused(client: TestClient, parked: str) -> None:
    answer = client.post(f"{parked}/retry", headers={"If-Match": 'W/"7"'})
    assert answer.status_code == 412


def test_what_nobody_must_decide_is_not_confirmed(client: TestClient) -> None:
    delivery = post(client).json()["deliveries"][0]
    answer = client.post(f"{DELIVERIES}/{delivery}/confirm", json=FOUND)
    assert (answer.status_code, faults_of(answer)) == (409, {("", "wrong-state")})


@pytest.mark.parametrize("act", ["retry", "confirm", "discard"])
def test_an_unknown_delivery_is_not_found(client: TestClient, act: str) -> None:
    body = {
        "retry": None,
        "confirm": FOUND,
        "discard": {"reason": "x"},
    }[act]
    assert client.post(f"{DELIVERIES}/nowhere/{act}", json=body).status_code == 404
    assert client.get(f"{DELIVERIES}/nowhere").status_code == 404


@pytest.mark.parametrize(
    ("act", "body", "fault"),
    [
        ("retry", {"not_there": "yes"}, ("not_there", "wrong-type")),
        ("retry", {"there": True}, ("there", "unknown-field")),
        ("confirm", {}, ("ehr_reference", "required")),
        ("confirm", {"ehr_reference": "no reference"}, ("ehr_reference", "wrong-reference")),
        ("confirm", {"ehr_reference": "Observation/42"}, ("ehr_reference", "wrong-reference")),
        ("discard", {"reason": " "}, ("reason", "required")),
        ("discard", {"reason": "x", "why": 1}, ("why", "unknown-field")),
    ],
)
def test_a_bad_body_is_refused(
    client: TestClient, parked: str, act: str, body: dict[str, Any], fault: tuple[str, str]
) -> None:
    answer = client.post(f"{parked}/{act}", json=body)
    assert (answer.status_code, faults_of(answer)) == (422, {fault})


@pytest.mark.parametrize("query", ["?state=lost", "?after=x", "?after=WyJ4Il0", "?_count=none"])
def test_a_bad_parameter_is_refused(client: TestClient, query: str) -> None:
    assert client.get(f"{DELIVERIES}{query}").status_code == 400


def test_what_may_be_there_is_tried_again_on_somebodys_word(
    client: TestClient, database: Database, parked: str
) -> None:
    with database.write() as tx:
        for table in ("deliveries", "parts"):
            tx.exec_driver_sql(f"UPDATE {table} SET state = 'unknown'")  # noqa: S608 - names of ours
    refused = client.post(f"{parked}/retry")
    assert (refused.status_code, faults_of(refused)) == (422, {("not_there", "required")})
    assert client.post(f"{parked}/retry", json={"not_there": True}).json()["state"] == "pending"


def test_a_delivery_says_what_follows(client: TestClient, parked: str) -> None:
    assert client.get(parked).json()["what_follows"].startswith("Nothing happens by itself. Mend the cause")


def test_acts_are_audited(client: TestClient, database: Database, parked: str) -> None:
    client.post(f"{parked}/discard", json={"reason": "entered by hand"})
    client.post(f"{parked}/discard", json={"reason": "again"})
    with database.read() as tx:
        rows = tx.exec_driver_sql(
            "SELECT route, status FROM audit_rows WHERE action = 'E' ORDER BY row_id"
        ).all()
    route = "/v1/deliveries/{delivery_id}/discard"
    assert [tuple(row) for row in rows] == [(route, 200), (route, 409)]
