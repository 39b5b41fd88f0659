"""Two patients who are one: their series are joined, and parted again where that was wrong."""

from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.conftest import NOW, FixedClock
from tests.service.api.v1.build import faults_of, post

STEADY = [37.2, 36.8, 37.5, 37.0]


def merge(client: TestClient, patient: str = "anna", other: str = "bert", act: str = "") -> Any:
    path = f"/v1/patients/{patient}/merge-into/{other}{act}"
    return client.post(path, json={"by": "Practitioner/ada"})


def undo(client: TestClient, patient: str = "anna", other: str = "bert") -> Any:
    return merge(client, patient, other, "/undo")


def rate(client: TestClient, patient: str, number: int, total: float, **changes: Any) -> Any:
    """Record the total of one weekly session, the tenth of them today."""
    authored = NOW - timedelta(weeks=10 - number, hours=1)
    return post(
        client,
        patient=f"Patient/{patient}",
        answers=None,
        scores={"total": total},
        session_number=number,
        authored=authored.isoformat(),
        **({"identifier": f"urn:x|{patient}-{number}"} | changes),
    )


def totals(client: TestClient, patient: str, query: str = "") -> list[float]:
    found = client.get(f"/v1/patients/{patient}/alliance-trend{query}").json()["series"]
    return [point["scores"]["total"] for series in found for point in series["points"]]


def alerts(client: TestClient, patient: str) -> list[tuple[str, bool]]:
    query = {"patient": patient, "include": "historical"}
    found = client.get("/v1/rupture-alerts", params=query).json()["items"]
    return sorted((one["status"], one["live"]) for one in found)


@pytest.fixture
def both(client: TestClient) -> TestClient:
    """Anna's first four sessions, and Bert's next two, far below what Anna's were."""
    for number, total in enumerate(STEADY, 5):
        rate(client, "anna", number, total)
    rate(client, "bert", 9, 31.0)
    rate(client, "bert", 10, 30.0)
    return client


def test_either_name_shows_the_joined_series(both: TestClient) -> None:
    answer = merge(both).json()
    assert (answer["responses"], answer["merged_by"], answer["undone_at"]) == (4, "Practitioner/ada", None)
    assert totals(both, "anna") == totals(both, "bert") == [*STEADY, 31.0, 30.0]


def test_the_joined_series_is_judged_as_one(both: TestClient) -> None:
    assert alerts(both, "bert") == []
    answer = merge(both).json()
    assert alerts(both, "anna") == alerts(both, "bert") == [("open", True)]
    assert len(answer["deliveries"]) == 1


def test_a_search_for_either_finds_both(both: TestClient) -> None:
    merge(both)
    for name in ("anna", "bert"):
        found = both.get("/fhir/QuestionnaireResponse", params={"patient": name}).json()
        assert {one["resource"]["subject"]["reference"] for one in found["entry"]} == {
            "Patient/anna",
            "Patient/bert",
        }


def test_undoing_restores_both_series_and_their_alerts(both: TestClient) -> None:
    merge(both)
    answer = undo(both).json()
    assert (answer["responses"], answer["undone_by"]) == (4, "Practitioner/ada")
    assert (totals(both, "anna"), totals(both, "bert")) == (STEADY, [31.0, 30.0])
    assert alerts(both, "bert") == [("withdrawn", False)]


def test_what_came_in_meanwhile_goes_where_its_own_name_belongs(both: TestClient) -> None:
    merge(both)
    rate(both, "anna", 3, 36.0)
    rate(both, "bert", 4, 35.0)
    undo(both)
    assert (totals(both, "anna"), totals(both, "bert")) == ([36.0, *STEADY], [35.0, 31.0, 30.0])


def test_merging_twice_and_undoing_twice_change_nothing(both: TestClient) -> None:
    first = merge(both).json()
    assert merge(both).json() == first | {"responses": 0, "deliveries": []}
    parted = undo(both).json()
    assert undo(both).json() == parted | {"responses": 0, "deliveries": []}


def test_they_can_be_merged_again_after_that(both: TestClient) -> None:
    merge(both)
    undo(both)
    assert merge(both).status_code == 200
    assert totals(both, "bert") == [*STEADY, 31.0, 30.0]


def test_sessions_that_both_rated_are_named_and_nothing_is_merged(both: TestClient) -> None:
    mine = rate(both, "anna", 9, 36.0).json()["id"]
    answer = merge(both)
    assert answer.status_code == 409
    assert faults_of(answer) == {("", "same-session")}
    assert mine in answer.json()["faults"][0]["message"]
    assert totals(both, "bert") == [31.0, 30.0]


def test_a_session_is_rated_once_under_either_name(both: TestClient) -> None:
    merge(both)
    assert rate(both, "anna", 9, 36.0).status_code == 409


def test_a_patient_is_not_merged_into_the_same_one(both: TestClient) -> None:
    assert faults_of(merge(both, "anna", "anna")) == {("other", "same-patient")}


def test_a_patient_never_seen_is_not_found(both: TestClient) -> None:
    assert merge(both, "nobody", "anna").status_code == 404
    assert undo(both, "anna", "bert").status_code == 404


def test_a_patient_may_be_merged_into_one_who_was_never_rated(both: TestClient) -> None:
    assert merge(both, "anna", "carla").status_code == 200
    assert totals(both, "carla") == STEADY


def test_a_circle_is_refused(both: TestClient) -> None:
    rate(both, "carla", 1, 36.5)
    merge(both, "anna", "bert")
    merge(both, "bert", "carla")
    assert merge(both, "carla", "anna").status_code == 409
    assert merge(both, "anna", "carla").status_code == 409


def test_a_chain_is_one_patient_and_parts_link_by_link(both: TestClient) -> None:
    rate(both, "carla", 1, 36.5)
    merge(both, "anna", "bert")
    merge(both, "bert", "carla")
    assert totals(both, "anna") == [36.5, *STEADY, 31.0, 30.0]
    undo(both, "anna", "bert")
    assert (totals(both, "anna"), totals(both, "carla")) == (STEADY, [36.5, 31.0, 30.0])
    undo(both, "bert", "carla")
    assert (totals(both, "bert"), totals(both, "carla")) == ([31.0, 30.0], [36.5])


def test_dyads_with_different_therapists_stay_two(both: TestClient) -> None:
    rate(both, "bert", 9, 20.0, therapist="Practitioner/bo", identifier="urn:x|bo")
    merge(both)
    found = both.get("/v1/patients/anna/alliance-trend").json()["series"]
    assert [(one["therapist"], len(one["points"])) for one in found] == [
        ("Practitioner/ada", 6),
        ("Practitioner/bo", 1),
    ]


def test_before_the_merge_each_was_known_alone(both: TestClient, clock: FixedClock) -> None:
    clock.now = NOW + timedelta(hours=1)
    merge(both)
    clock.now = NOW + timedelta(hours=2)
    undo(both)
    assert totals(both, "anna", "?as_of=2026-03-02T12:30:00Z") == STEADY
    assert totals(both, "anna", "?as_of=2026-03-02T13:30:00Z") == [*STEADY, 31.0, 30.0]
    assert totals(both, "anna", "?as_of=2026-03-02T14:00:00Z") == STEADY


def test_a_correction_may_come_under_the_other_name(both: TestClient) -> None:
    merge(both)
    receipt = rate(both, "anna", 4, 36.0).json()
    body = {
        "instrument": "srs-3",
        "patient": "Patient/bert",
        "therapist": "Practitioner/ada",
        "session_number": 4,
        "authored": "2026-01-19T11:00:00Z",
        "identifier": "urn:x|anna-4",
        "scores": {"total": 35.5},
    }
    answer = both.put(f"/v1/responses/{receipt['id']}", json=body, headers={"If-Match": 'W/"1"'})
    assert answer.status_code == 200
    assert 35.5 in totals(both, "anna")


def test_two_live_alerts_become_one(client: TestClient) -> None:
    for number, total in enumerate([37.0, 37.0, 37.0, 25.0], 1):
        rate(client, "anna", number, total)
        rate(client, "bert", number + 5, total)
    assert alerts(client, "anna") == alerts(client, "bert") == [("open", True)]
    merge(client)
    assert [live for _, live in alerts(client, "anna")].count(True) == 1


def test_who_merges_must_be_said(both: TestClient) -> None:
    answer = both.post("/v1/patients/anna/merge-into/bert", json={})
    assert (answer.status_code, faults_of(answer)) == (422, {("by", "required")})


def test_the_merges_that_hold_are_listed(both: TestClient) -> None:
    made = merge(both).json()
    listed = [both.get(f"/v1/patients/{one}/merges").json()["items"] for one in ("anna", "bert")]

    ours = {key: made[key] for key in ("patient", "merged_into", "merged_by", "merged_at")}
    assert listed == [[ours], [ours]]
    undo(both)
    assert both.get("/v1/patients/anna/merges").json()["items"] == []
    assert both.get("/v1/patients/nobody/merges").status_code == 404


def test_a_merge_that_nobody_told_is_hinted_at(client: TestClient) -> None:
    rate(client, "anna", 9, 31.0, patient_identifier="urn:mrn|1")
    receipt = rate(client, "bert", 10, 31.0, patient_identifier="urn:mrn|1").json()

    assert receipt["shared_identifier"] is True
    assert client.get("/v1/patients/anna/merges").json()["identified_alike"] == ["Patient/bert"]
    merge(client)
    assert client.get("/v1/patients/anna/merges").json()["identified_alike"] == []
