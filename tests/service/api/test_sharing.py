"""A patient who is not to be shared is shown to who names them or their therapist, and to nobody else."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from service.flows.deployment import Deployment
from service.store.norm_ratings import series_of_instrument
from tests.service.api.v1.build import post

THERAPIST = "Practitioner/ada"


@pytest.fixture
def unshared(client: TestClient) -> TestClient:
    """Anna, with an alert, does not want to be shared; Bob does not mind."""
    for number in range(1, 9):
        answers = {f"item-{one}": 5.0 if number == 8 else 9.4 for one in range(1, 5)}
        post(client, answers=answers, session_number=number, identifier=f"urn:x|{number}")
    post(client, patient="Patient/bob", identifier="urn:x|bob")
    wanted = {"push": True, "share": False, "since": None}
    assert client.put("/v1/patients/anna/disclosure", json=wanted).status_code == 200
    return client


def found(client: TestClient, kind: str, **asked: str) -> set[str]:
    bundle = client.get(f"/fhir/{kind}", params=asked).json()
    entries = [one["resource"] for one in bundle.get("entry", [])]
    assert asked.get("_count") or bundle["total"] == len(entries)
    return {str(one.get("subject") or one.get("patient") or one.get("for")) for one in entries}


@pytest.mark.parametrize("kind", ["QuestionnaireResponse", "Observation", "DetectedIssue", "Task", "Flag"])
def test_searches_of_the_whole_clinic_leave_the_patient_out(unshared: TestClient, kind: str) -> None:
    assert "anna" not in str(found(unshared, kind))


@pytest.mark.parametrize("kind", ["QuestionnaireResponse", "DetectedIssue", "Task"])
def test_who_names_the_patient_is_shown_all(unshared: TestClient, kind: str) -> None:
    assert "anna" in str(found(unshared, kind, patient="anna"))


def alerts(client: TestClient, **asked: Any) -> list[Any]:
    listed: list[Any] = client.get("/v1/rupture-alerts", params=asked).json()["items"]
    return listed


def test_alerts_are_listed_for_patient_and_therapist_only(unshared: TestClient) -> None:
    assert alerts(unshared, include="watch") == []
    assert len(alerts(unshared, therapist=THERAPIST)) == 1
    assert len(alerts(unshared, patient="anna")) == 1


def test_trend_and_digest_go_on(unshared: TestClient) -> None:
    assert unshared.get("/v1/patients/anna/alliance-trend").status_code == 200
    digest = unshared.get("/v1/therapists/ada/supervision-digest").json()
    assert "anna" in str(digest)


def test_the_patient_counts_for_no_norm(unshared: TestClient, deployment: Deployment) -> None:
    with deployment.database.read() as tx:
        assert len(series_of_instrument(tx, "default", "srs-3", "total")) == 1


def test_the_stricter_word_counts_of_merged_patients(unshared: TestClient) -> None:
    post(unshared, patient="Patient/carl", therapist="Practitioner/eva", identifier="urn:x|carl")
    before = found(unshared, "QuestionnaireResponse")
    unshared.post("/v1/patients/carl/merge-into/anna", json={"by": "Practitioner/ada"})

    assert "carl" in str(before)
    assert "carl" not in str(found(unshared, "QuestionnaireResponse"))
