"""Attendance at /v1: recorded once, corrected in versions, and what coverage makes of it."""

from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from service.api.v1.attendance_models import EXAMPLE_ATTENDANCE
from tests.conftest import NOW, FixedClock
from tests.service.api.v1.build import STEADY, faults_of, post, record_course

PATH = "/v1/attendance"
TREND = "/v1/patients/anna/alliance-trend"


def record(client: TestClient, **changes: Any) -> Any:
    body = {key: value for key, value in (EXAMPLE_ATTENDANCE | changes).items() if value is not None}
    return client.post(PATH, json=body)


def correct(client: TestClient, location: str, version: int = 1, **changes: Any) -> Any:
    body = {key: value for key, value in (EXAMPLE_ATTENDANCE | changes).items() if value is not None}
    return client.put(location, json=body, headers={"If-Match": f'W/"{version}"'})


def coverage(client: TestClient, query: str = "") -> dict[str, Any]:
    (series,) = client.get(f"{TREND}{query}").json()["series"]
    found: dict[str, Any] = series["coverage"]
    return found


def test_it_is_recorded_and_read_again(client: TestClient) -> None:
    answer = record(client)
    assert (answer.status_code, answer.headers["ETag"]) == (201, 'W/"1"')
    assert client.get(answer.headers["Location"]).json() == answer.json()
    assert answer.json().items() >= EXAMPLE_ATTENDANCE.items()


def test_the_same_again_is_stored_once(client: TestClient) -> None:
    first, again = record(client), record(client)
    assert (again.status_code, again.json()) == (200, first.json())
    assert len(client.get(PATH, params={"patient": "anna"}).json()["items"]) == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({}, {"status": "attended"}),
        ({}, {"identifier": "urn:x|2"}),
        ({"session_number": 4}, {"identifier": "urn:x|2", "session_number": 4, "session_date": "2026-02-24"}),
        (
            {"encounter": "Encounter/e"},
            {"identifier": "urn:x|2", "encounter": "Encounter/e", "status": "attended"},
        ),
    ],
)
def test_another_record_of_it_is_refused_naming_the_stored_one(
    client: TestClient, first: dict[str, Any], second: dict[str, Any]
) -> None:
    stored = record(client, **first).json()["id"]
    answer = record(client, **second)
    assert (answer.status_code, answer.json()["stored_id"]) == (409, stored)


def test_missed_and_attended_on_one_day_are_two(client: TestClient) -> None:
    assert record(client).status_code == 201
    assert record(client, status="attended", identifier="urn:x|2").status_code == 201


def test_a_correction_is_a_new_version(client: TestClient) -> None:
    location = record(client).headers["Location"]
    answer = correct(client, location, status="late-cancelled")
    assert (answer.status_code, answer.headers["ETag"]) == (200, 'W/"2"')
    assert client.get(location).json()["status"] == "late-cancelled"
    assert correct(client, location, status="missed").status_code == 412


def test_the_same_correction_again_changes_nothing(client: TestClient) -> None:
    location = record(client).headers["Location"]
    assert correct(client, location).json()["version"] == 1


def test_a_correction_keeps_patient_and_identifiers_apart(client: TestClient) -> None:
    location = record(client).headers["Location"]
    taken = record(client, identifier="urn:x|2", session_date="2026-02-16").json()["id"]
    assert faults_of(correct(client, location, patient="Patient/ben")) == {("patient", "another-patient")}
    assert correct(client, location, identifier="urn:x|2").json()["stored_id"] == taken
    assert client.put(location, json=EXAMPLE_ATTENDANCE).status_code == 428


def test_what_is_not_here_is_not_found(client: TestClient) -> None:
    assert client.get(f"{PATH}/nothing").status_code == 404
    assert correct(client, f"{PATH}/nothing").status_code == 404


def test_every_fault_is_named_at_once(client: TestClient) -> None:
    answer = client.post(
        PATH,
        json={
            "status": "gone",
            "patient": "anna",
            "session_date": "2027-01-01",
            "session_number": 0,
            "identifier": "x",
            "note": "?",
        },
    )
    assert faults_of(answer) == {
        ("status", "unknown-code"),
        ("patient", "wrong-reference"),
        ("session_date", "in-the-future"),
        ("session_number", "not-a-session-number"),
        ("identifier", "wrong-identifier"),
        ("note", "unknown-field"),
    }
    required = {"status", "patient", "session_date", "identifier"}
    assert faults_of(client.post(PATH, json={})) == {(name, "required") for name in required}


def test_the_list_goes_by_date_in_pages(client: TestClient) -> None:
    for week in (3, 1, 2):
        record(client, session_date=f"2026-02-0{week}", identifier=f"urn:x|{week}")
    first = client.get(PATH, params={"patient": "Patient/anna", "_count": 2}).json()
    rest = client.get(PATH, params={"patient": "anna", "_count": 2, "after": first["next"]}).json()
    dates = [one["session_date"] for page in (first, rest) for one in page["items"]]
    assert (dates, rest["next"]) == (["2026-02-01", "2026-02-02", "2026-02-03"], None)
    assert client.get(PATH, params={"patient": "nobody"}).json() == {"items": [], "next": None}
    assert client.get(PATH, params={"patient": "anna", "after": "?"}).status_code == 400


def test_coverage_counts_rated_of_recorded_sessions(client: TestClient, clock: FixedClock) -> None:
    record_course(client, clock, STEADY[:2])
    for week, status in ((3, "attended"), (2, "missed"), (1, "attended"), (0, "late-cancelled")):
        day = (NOW - timedelta(weeks=week)).date().isoformat()
        record(client, status=status, session_date=day, identifier=f"urn:x|{week}")
    found = coverage(client)
    assert (found["rated"], found["attended"], found["basis"]) == (2, 3, "attendance")
    assert found["first_sessions"] == {"rated": 2, "attended": 3}


def test_missed_sessions_stand_in_the_trend(client: TestClient) -> None:
    post(client)
    record(client)
    answer = client.get(TREND).json()
    (missed,) = answer["missed_sessions"]
    assert (missed["status"], missed["session_date"]) == ("missed", "2026-02-23")
    assert "1 appointment missed." in answer["series"][0]["notes"]


def test_one_entered_in_error_counts_no_longer(client: TestClient, clock: FixedClock) -> None:
    post(client)
    location = record(client).headers["Location"]
    before = "2026-03-02T12:30:00Z"
    clock.now = NOW + timedelta(hours=1)
    assert correct(client, location, status="entered-in-error").status_code == 200
    assert client.get(TREND).json()["missed_sessions"] == []
    assert len(client.get(f"{TREND}?as_of={before}").json()["missed_sessions"]) == 1


def test_attendance_follows_a_merge_of_patients(client: TestClient) -> None:
    post(client)
    record(client, patient="Patient/bert")
    client.post("/v1/patients/bert/merge-into/anna", json={"by": "Practitioner/ada"})
    assert len(client.get(TREND).json()["missed_sessions"]) == 1
