"""What a person sees of forms filled in the EHR, and decides about those that are parked."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from service.app import create_app
from service.log import Log
from tests.conftest import BASE_URL
from tests.service.api.fhir.calls import create, sent
from tests.service.flows.taking_in import Clinic, a_clinic


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    with a_clinic(tmp_path) as made:
        yield made


@pytest.fixture
def door(clinic: Clinic) -> Iterator[TestClient]:
    app = create_app(clinic.deployment, Log(clinic.log), client=clinic.client)
    with TestClient(app, base_url=BASE_URL) as opened:
        yield opened


@pytest.fixture
def parked(clinic: Clinic, door: TestClient) -> dict[str, Any]:
    clinic.fill(authored="2026-03-02")
    clinic.poll()
    (item,) = door.get("/v1/inbound", params={"state": "parked"}).json()["items"]
    return item


def test_what_is_parked_says_where_it_is_and_why_and_no_answer(parked: dict[str, Any]) -> None:
    assert parked["ehr_reference"] == "QuestionnaireResponse/e-1"
    assert parked["faults"][0]["reason"] == "no-time-zone"
    assert "body" not in parked


def test_a_list_has_pages(clinic: Clinic, door: TestClient, parked: dict[str, Any]) -> None:
    clinic.fill("e-2", authored="2026-03-01")
    clinic.poll()
    page = door.get("/v1/inbound", params={"_count": 1}).json()
    rest = door.get("/v1/inbound", params={"after": page["next"]}).json()
    assert [one["ehr_reference"][-3:] for one in (*page["items"], *rest["items"])] == ["e-1", "e-2"]
    assert rest["next"] is None


def test_a_retry_is_read_again_by_the_next_pass(
    clinic: Clinic, door: TestClient, parked: dict[str, Any]
) -> None:
    answer = door.post(f"/v1/inbound/{parked['id']}/retry", headers={"If-Match": 'W/"1"'})
    assert (answer.status_code, answer.json()["state"]) == (200, "due")
    clinic.poll()
    (item,) = door.get("/v1/inbound").json()["items"]
    assert (item["state"], item["tries"]) == ("parked", 1)


def test_a_retry_after_the_patient_became_known_is_taken(clinic: Clinic, door: TestClient) -> None:
    mrn = {"system": "urn:mrn", "value": "4711"}
    clinic.fill(subject={"identifier": mrn}, source=None)
    clinic.poll()
    clinic.know("anna", identifier=[mrn])
    door.post(f"/v1/inbound/{clinic.came()[0].id}/retry")
    clinic.poll()
    assert clinic.taken().patient == "Patient/anna"


def test_a_discarded_form_stays_away_and_its_next_version_does_not(
    clinic: Clinic, door: TestClient, parked: dict[str, Any]
) -> None:
    answer = door.post(f"/v1/inbound/{parked['id']}/discard", json={"reason": "filled by mistake"})
    assert answer.json()["discard_reason"] == "filled by mistake"
    clinic.poll()
    clinic.clock.pass_by(minutes=1)
    clinic.fill()
    clinic.poll()
    assert clinic.states() == ["discarded", "taken"]


def test_of_a_discarded_form_no_answer_stays_but_whose_it_is(
    clinic: Clinic, door: TestClient, parked: dict[str, Any]
) -> None:
    door.post(f"/v1/inbound/{parked['id']}/discard", json={"reason": "filled by mistake"})
    assert json.loads(clinic.came()[0].body) == {"subject": {"reference": "Patient/anna"}}


def test_of_a_form_that_gave_way_to_a_later_version_no_answer_stays(
    clinic: Clinic, parked: dict[str, Any]
) -> None:
    clinic.clock.pass_by(minutes=1)
    clinic.fill()
    clinic.poll()
    assert clinic.states() == ["superseded", "taken"]
    assert json.loads(clinic.came()[0].body) == {"subject": {"reference": "Patient/anna"}}


@pytest.mark.parametrize("act", ["retry", "discard"])
def test_only_what_is_parked_is_decided_about(
    clinic: Clinic, door: TestClient, parked: dict[str, Any], act: str
) -> None:
    door.post(f"/v1/inbound/{parked['id']}/discard", json={"reason": "no"})
    body = {"reason": "no"} if act == "discard" else None
    assert door.post(f"/v1/inbound/{parked['id']}/{act}", json=body).status_code == 409
    assert door.post(f"/v1/inbound/no-such/{act}", json=body).status_code == 404


def test_another_version_is_refused(door: TestClient, parked: dict[str, Any]) -> None:
    answer = door.post(f"/v1/inbound/{parked['id']}/retry", headers={"If-Match": 'W/"7"'})
    assert answer.status_code == 412


def test_a_form_that_was_taken_says_what_it_became(clinic: Clinic, door: TestClient) -> None:
    clinic.fill()
    clinic.poll()
    (item,) = door.get("/v1/inbound", params={"state": "taken"}).json()["items"]
    assert door.get(f"/v1/responses/{item['response']}").json()["scores"]["total"] == 36.3


BY_IDENTIFIER = {"identifier": {"system": "urn:mrn", "value": "4711"}}


def test_a_patient_named_by_identifier_alone_is_asked_of_the_ehr(clinic: Clinic, door: TestClient) -> None:
    clinic.know("anna", identifier=[BY_IDENTIFIER["identifier"]])
    answer = create(door, sent(subject=BY_IDENTIFIER, source=BY_IDENTIFIER))
    assert (answer.status_code, clinic.states()) == (202, ["due"])
    clinic.poll()
    taken = clinic.taken()
    assert (taken.patient, taken.origin, taken.ehr_reference) == ("Patient/anna", "fhir", None)


def test_sent_twice_it_is_recorded_once(clinic: Clinic, door: TestClient) -> None:
    clinic.know("anna", identifier=[BY_IDENTIFIER["identifier"]])
    for _ in range(2):
        create(door, sent(subject=BY_IDENTIFIER, source=BY_IDENTIFIER))
    clinic.poll()
    assert clinic.states() == ["taken", "taken"]
    assert clinic.taken(0).id == clinic.taken(1).id
    assert clinic.deliveries() == [("response", 1)]


def test_a_patient_whom_the_ehr_does_not_know_is_parked(clinic: Clinic, door: TestClient) -> None:
    create(door, sent(subject=BY_IDENTIFIER, source=BY_IDENTIFIER))
    clinic.poll()
    (item,) = door.get("/v1/inbound").json()["items"]
    assert (item["origin"], item["ehr_reference"]) == ("fhir", None)
    assert clinic.reasons() == ["patient-unknown"]


def test_all_else_is_told_at_once_as_ever(clinic: Clinic, door: TestClient) -> None:
    answer = create(door, sent(subject=BY_IDENTIFIER, source=BY_IDENTIFIER, authored="2026-03-02"))
    assert answer.status_code == 422
    assert clinic.states() == []


def test_without_an_ehr_the_patient_must_be_referred_to(client: TestClient) -> None:
    assert create(client, sent(subject=BY_IDENTIFIER, source=BY_IDENTIFIER)).status_code == 422


def test_readiness_says_whether_forms_are_fetched(clinic: Clinic, door: TestClient) -> None:
    assert door.get("/ready").json()["inbound"] == "on"
