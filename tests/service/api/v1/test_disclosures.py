"""What may be told about a patient, as /v1 takes and gives it."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.service.api.v1.build import faults_of, post

PATH = "/v1/patients/anna/disclosure"
CLOSED = {"push": False, "share": True, "since": None}


def put(client: TestClient, patient: str = "anna", **changes: Any) -> Any:
    return client.put(f"/v1/patients/{patient}/disclosure", json=CLOSED | changes)


def test_everything_is_allowed_where_nobody_said_otherwise(client: TestClient) -> None:
    answer = client.get(PATH)

    assert answer.json() == {"patient": "Patient/anna", "push": True, "share": True, "since": None}


def test_what_is_set_is_given_back(client: TestClient) -> None:
    wanted = {"push": False, "share": False, "since": "2026-03-02"}
    put(client, **wanted)

    assert client.get(PATH).json() == {"patient": "Patient/anna", **wanted}


def test_a_patient_is_the_same_before_and_after_the_first_response(client: TestClient) -> None:
    put(client)
    post(client)

    assert client.get(PATH).json()["push"] is False


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"push": None}, ("push", "required")),
        ({"share": "yes"}, ("share", "wrong-type")),
        ({"since": "2026-02-30"}, ("since", "not-a-date")),
        ({"since": "20260302"}, ("since", "not-a-date")),
        ({"until": "2026-03-02"}, ("until", "unknown-field")),
    ],
)
def test_what_cannot_be_read_changes_nothing(
    client: TestClient, changes: dict[str, Any], fault: tuple[str, str]
) -> None:
    answer = put(client, **changes)

    assert answer.status_code == 422
    assert fault in faults_of(answer)
    assert client.get(PATH).json()["push"] is True


def test_of_merged_patients_the_stricter_word_counts(client: TestClient) -> None:
    put(client, push=True, since="2026-01-10")
    put(client, "bert", since="2026-01-05")
    client.post("/v1/patients/anna/merge-into/bert", json={"by": "Practitioner/ada"})

    assert client.get(PATH).json() == {
        "patient": "Patient/anna",
        "push": False,
        "share": True,
        "since": "2026-01-10",
    }


def test_an_undone_merge_gives_each_their_own_word_back(client: TestClient) -> None:
    put(client, push=True)
    put(client, "bert")
    for act in ("", "/undo"):
        client.post(f"/v1/patients/anna/merge-into/bert{act}", json={"by": "Practitioner/ada"})

    assert client.get(PATH).json()["push"] is True
