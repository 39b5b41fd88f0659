"""The end of a treatment at /v1: told, replaced, taken back; and what it does to whatever counts on it."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from service.api.v1.treatment_end_models import EXAMPLE_END
from service.flows.deployment import Deployment
from service.store.tables import audit_rows
from tests.conftest import NOW, FixedClock
from tests.service.api.v1.build import STEADY, WITH_A_DIP, faults_of, post, record_course

PATH = "/v1/patients/anna/treatment-end"
TREND = "/v1/patients/anna/alliance-trend"
DIGEST = "/v1/therapists/ada/supervision-digest"
WITHDRAWAL = {"therapist": "Practitioner/ada", "by": "Practitioner/ada"}
LATER = NOW + timedelta(days=8)


def tell(client: TestClient, **changes: Any) -> Any:
    body = {key: value for key, value in (EXAMPLE_END | changes).items() if value is not None}
    return client.put(PATH, json=body)


def withdraw(client: TestClient, **changes: Any) -> Any:
    return client.post(f"{PATH}/withdraw", json=WITHDRAWAL | changes)


def told(client: TestClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(PATH).json()["items"]
    return found


@pytest.fixture
def course(client: TestClient, clock: FixedClock) -> TestClient:
    record_course(client, clock, WITH_A_DIP)
    return client


def test_it_is_told_and_read_again(course: TestClient) -> None:
    answer = tell(course)
    assert answer.status_code == 200
    assert answer.json().items() >= (EXAMPLE_END | {"stands": True, "source": "caller"}).items()
    assert told(course) == [answer.json()]


def test_the_same_again_changes_nothing(course: TestClient, clock: FixedClock) -> None:
    first = tell(course).json()
    clock.now += timedelta(hours=1)
    assert tell(course).json() == first


def test_another_word_replaces_it(course: TestClient) -> None:
    tell(course)
    tell(course, reason="client-left")
    assert [one["reason"] for one in told(course)] == ["client-left"]


def test_it_can_be_taken_back_again_and_again(course: TestClient) -> None:
    tell(course)
    assert [withdraw(course).status_code for _ in range(2)] == [204, 204]
    assert told(course) == []


def test_what_was_never_told_cannot_be_taken_back(course: TestClient) -> None:
    assert withdraw(course).status_code == 404


def test_a_therapy_that_is_not_known_cannot_end(course: TestClient) -> None:
    assert tell(course, therapist="Practitioner/bea").status_code == 404
    assert course.put("/v1/patients/ben/treatment-end", json=EXAMPLE_END).status_code == 404
    assert course.get("/v1/patients/ben/treatment-end").json() == {"items": []}


def test_all_faults_are_told_at_once(course: TestClient) -> None:
    answer = tell(course, date="2026-13-01", reason="bored", therapist="ada", by=None, note="x")
    assert faults_of(answer) == {
        ("note", "unknown-field"),
        ("therapist", "wrong-reference"),
        ("date", "not-a-date"),
        ("reason", "unknown-choice"),
        ("by", "required"),
    }


@pytest.mark.parametrize(("day", "reason"), [("2026-03-04", "in-the-future"), ("1899-12-31", "too-early")])
def test_a_date_that_cannot_be_is_refused(course: TestClient, day: str, reason: str) -> None:
    assert faults_of(tell(course, date=day)) == {("date", reason)}


def test_a_session_after_it_means_that_treatment_went_on(course: TestClient, clock: FixedClock) -> None:
    tell(course)
    clock.now = LATER
    post(course, session_number=8, authored=LATER.isoformat(), identifier="urn:x|8")
    (end,) = told(course)
    assert (end["stands"], end["went_on"]) == (False, LATER.date().isoformat())
    assert course.get(TREND).json()["treatment_ends"] == []


def test_an_attended_session_after_it_counts_too(course: TestClient, clock: FixedClock) -> None:
    tell(course)
    clock.now = LATER
    visit = {
        "status": "attended",
        "patient": "Patient/anna",
        "therapist": "Practitioner/ada",
        "session_date": LATER.date().isoformat(),
        "identifier": "urn:x|v-8",
    }
    course.post("/v1/attendance", json=visit)
    assert [one["stands"] for one in told(course)] == [False]
    assert course.get("/v1/rupture-alerts").json()["items"][0]["treatment_end"] is None


def test_a_missed_appointment_after_it_does_not(course: TestClient, clock: FixedClock) -> None:
    tell(course)
    clock.now = LATER
    visit = {
        "status": "missed",
        "patient": "Patient/anna",
        "therapist": "Practitioner/ada",
        "session_date": LATER.date().isoformat(),
        "identifier": "urn:x|v-8",
    }
    course.post("/v1/attendance", json=visit)
    assert [one["stands"] for one in told(course)] == [True]


def test_the_trend_tells_it_and_nothing_is_due(course: TestClient) -> None:
    assert course.get(TREND).json()["due"] != []
    tell(course)
    trend = course.get(TREND).json()
    end = {"therapist": "Practitioner/ada", "date": "2026-03-02", "reason": "planned"}
    assert (trend["treatment_ends"], trend["due"]) == ([end], [])


def test_the_trend_tells_what_was_believed_then(course: TestClient, clock: FixedClock) -> None:
    clock.now += timedelta(hours=1)
    tell(course)
    assert course.get(TREND, params={"as_of": NOW.isoformat()}).json()["treatment_ends"] == []


def test_an_open_alert_stays_and_says_that_treatment_ended(course: TestClient) -> None:
    tell(course)
    (alert,) = course.get("/v1/rupture-alerts").json()["items"]
    end = {"date": "2026-03-02", "reason": "planned"}
    assert (alert["status"], alert["treatment_end"]) == ("open", end)
    assert course.get(f"/v1/rupture-alerts/{alert['id']}").json()["treatment_end"] == end
    assert course.get("/v1/patients/anna/session-brief").json()["treatment_end"] == end


def test_an_ended_dyad_is_not_told_as_neglected(course: TestClient, clock: FixedClock) -> None:
    clock.now = LATER
    before = course.get(DIGEST).json()
    tell(course)
    after = course.get(DIGEST).json()
    assert [len(one["unanswered"]) for one in (before, after)] == [1, 0]
    assert after["attention"][0]["treatment_end"] == {"date": "2026-03-02", "reason": "planned"}
    assert after["overdue"] == []


def test_a_merge_joins_what_was_told_and_undoing_it_parts_it(course: TestClient) -> None:
    post(course, patient="Patient/anna-2", identifier="urn:x|2", session_number=9)
    tell(course)
    course.post("/v1/patients/anna-2/merge-into/anna", json={"by": "Practitioner/sue"})
    assert len(course.get("/v1/patients/anna-2/treatment-end").json()["items"]) == 1
    course.post("/v1/patients/anna-2/merge-into/anna/undo", json={"by": "Practitioner/sue"})
    assert course.get("/v1/patients/anna-2/treatment-end").json()["items"] == []


def test_of_merged_patients_the_end_that_holds_is_taken_back(course: TestClient, clock: FixedClock) -> None:
    post(course, patient="Patient/anna-2", identifier="urn:x|2", session_number=9)
    tell(course)
    clock.now += timedelta(days=2)
    course.put("/v1/patients/anna-2/treatment-end", json=EXAMPLE_END | {"date": "2026-03-03"})
    course.post("/v1/patients/anna-2/treatment-end/withdraw", json=WITHDRAWAL)
    course.post("/v1/patients/anna-2/merge-into/anna", json={"by": "Practitioner/sue"})
    withdraw(course)

    assert told(course) == []


def test_of_merged_patients_who_both_ended_one_withdrawal_takes_back_all(course: TestClient) -> None:
    merge_two_who_ended(course)
    withdraw(course)
    assert told(course) == []


def test_of_merged_patients_who_both_ended_the_last_word_counts_though_it_is_earlier(
    course: TestClient,
) -> None:
    merge_two_who_ended(course)
    course.put("/v1/patients/anna-2/treatment-end", json=EXAMPLE_END | {"reason": "other"})
    assert [(one["date"], one["reason"]) for one in told(course)] == [("2026-03-02", "other")]


def merge_two_who_ended(client: TestClient) -> None:
    post(client, patient="Patient/anna-2", identifier="urn:x|2", session_number=9)
    tell(client, date="2026-03-03")
    client.put("/v1/patients/anna-2/treatment-end", json=EXAMPLE_END | {"date": "2026-03-03"})
    client.post("/v1/patients/anna-2/merge-into/anna", json={"by": "Practitioner/sue"})


def test_a_therapy_without_a_therapist_can_end(client: TestClient, clock: FixedClock) -> None:
    record_course(client, clock, STEADY, therapist=None)
    assert tell(client, therapist=None).json()["therapist"] is None
    assert client.get(TREND).json()["treatment_ends"][0]["therapist"] is None


def test_an_import_tells_ends_and_again_changes_nothing(client: TestClient) -> None:
    assert import_ended(client)["recorded"] == 1
    (end,) = told(client)
    assert (end["date"], end["reason"], end["source"], end["by"]) == ("2025-06-01", "planned", "import", None)
    assert import_ended(client)["unchanged"] == 1
    assert told(client) == [end]


def test_an_imported_end_has_its_row_in_the_audit_once(client: TestClient, deployment: Deployment) -> None:
    import_ended(client)
    import_ended(client)
    with deployment.database.read() as tx:
        rows = tx.execute(select(audit_rows.c.route, audit_rows.c.subject, audit_rows.c.patient_row)).all()
    assert [row.subject[:8] for row in rows if row.route == "/v1/imports" and row.patient_row].count(
        "patient/"
    ) == 1


def test_what_a_caller_took_back_an_import_does_not_tell_again(client: TestClient) -> None:
    import_ended(client)
    withdraw(client)
    import_ended(client)
    assert told(client) == []


def test_an_import_without_a_reason_knows_none(client: TestClient) -> None:
    import_ended(client, reason="")
    assert [one["reason"] for one in told(client)] == ["unknown"]


def test_an_imported_end_that_cannot_be_is_refused_by_its_column(client: TestClient) -> None:
    report = import_ended(client, day="2025-02-30", reason="bored")
    refusals = client.get(f"/v1/imports/{report['id']}/refusals").json()["items"]
    assert {(one["at"], one["reason"]) for one in refusals} == {
        ("treatment_ended", "not-a-date"),
        ("treatment_end_reason", "unknown-choice"),
    }


def import_ended(client: TestClient, day: str = "2025-06-01", reason: str = "planned") -> dict[str, Any]:
    names = "identifier,instrument,patient,therapist,authored,total,treatment_ended,treatment_end_reason"
    row = f"urn:old|1,srs-3,Patient/anna,Practitioner/ada,2025-05-20T10:00:00Z,36.0,{day},{reason}"
    answer = client.post("/v1/imports", content=f"{names}\n{row}\n", headers={"Content-Type": "text/csv"})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found
