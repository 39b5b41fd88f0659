"""What stands beside scores and alerts: told at its level of evidence, and never a signal."""

from datetime import timedelta
from typing import Any

from starlette.testclient import TestClient

from service.api.v1.attendance_models import EXAMPLE_ATTENDANCE
from tests.conftest import NOW, FixedClock
from tests.service.api.v1.build import STEADY, WITH_A_DIP, post, record_course

TREND = "/v1/patients/anna/alliance-trend"


def therapist_rates(client: TestClient, session: int, mark: int, sessions: int) -> None:
    day = (NOW - timedelta(weeks=sessions - session)).isoformat()
    wai(client, "therapist", session, marks(mark), day)


def clients_rate(client: TestClient, sessions: int, low: int = 0) -> None:
    """Let the client give the highest marks, but for so many items of the last session one less."""
    for session in range(1, sessions + 1):
        day = (NOW - timedelta(weeks=sessions - session)).isoformat()
        wai(client, "client", session, marks(5, low if session == sessions else 0), day)


def marks(mark: int, low: int = 0) -> dict[str, int]:
    return {f"item-{place}": mark - (place <= low) for place in range(1, 13)}


def wai(client: TestClient, who: str, session: int, answers: dict[str, int], day: str) -> None:
    facts = {"identifier": f"urn:{who}|{session}", "session_number": session, "authored": day}
    made = post(client, instrument=f"wai-sr-{who}", answers=answers, **facts)
    assert made.status_code == 201, made.text


def missed(client: TestClient, day: str) -> None:
    body = EXAMPLE_ATTENDANCE | {"status": "missed", "session_date": day}
    body["identifier"] = f"urn:clinic:north|{day}"
    made = client.post("/v1/attendance", json=body)
    assert made.status_code == 201, made.text


def context(client: TestClient) -> dict[str, Any]:
    found = client.get(TREND).json()["context"]
    return {line["kind"]: (line["level"], line["therapist"], line["text"]) for line in found}


def test_a_lasting_gap_between_both_is_context_and_never_an_alert(client: TestClient) -> None:
    clients_rate(client, 6)
    for session in range(1, 7):
        therapist_rates(client, session, 2, 6)
    level, therapist, text = context(client)["usual-gap"]
    assert (level, therapist) == (None, "Practitioner/ada")
    assert "36.0 points above the therapist's" in text
    assert client.get("/v1/rupture-alerts?include=watch,historical").json()["items"] == []


def test_a_therapists_dip_is_told_though_the_client_stays_at_the_top(
    client: TestClient, clock: FixedClock
) -> None:
    record_course(client, clock, [40.0] * 6)
    for session in range(1, 7):
        therapist_rates(client, session, 4 if session < 6 else 2, 6)
    assert context(client)["therapist-dip"][0] == "C"
    assert client.get("/v1/rupture-alerts").json()["items"] == []


def test_an_old_dip_is_not_told(client: TestClient, clock: FixedClock) -> None:
    record_course(client, clock, [40.0] * 6)
    for session in range(1, 6):
        therapist_rates(client, session, 4 if session < 5 else 2, 6)
    assert "therapist-dip" not in context(client)


def test_appointments_missed_since_the_last_session_are_told(client: TestClient, clock: FixedClock) -> None:
    record_course(client, clock, STEADY)
    clock.now = NOW + timedelta(days=8)
    missed(client, "2026-02-20")
    assert "missed-appointments" not in context(client)
    missed(client, "2026-03-09")
    assert context(client)["missed-appointments"][2].startswith("1 appointment missed")


def test_a_missing_form_in_an_attended_session_is_told(client: TestClient, clock: FixedClock) -> None:
    record_course(client, clock, [37.0, 36.5])
    post(client, identifier="urn:x|5", session_number=5, authored=NOW.isoformat())
    assert context(client)["missing-forms"] == (
        "C",
        "Practitioner/ada",
        "SRS: 2 planned ratings missing so far.",
    )


def test_an_alert_is_read_in_its_context(client: TestClient, clock: FixedClock) -> None:
    (alert,) = record_course(client, clock, WITH_A_DIP)[-1]["alerts"]
    for session in range(1, 8):
        therapist_rates(client, session, 4 if session < 7 else 2, 7)
    read = client.get(f"/v1/rupture-alerts/{alert['id']}", headers={"If-None-Match": 'W/"1"'})
    assert [(line["kind"], line["level"]) for line in read.json()["context"]] == [("therapist-dip", "C")]
    assert read.json()["severity"] == alert["severity"]


def fired(client: TestClient) -> list[list[str]]:
    answer = client.get(f"{TREND}?compare=context").json()
    series = next(one for one in answer["series"] if one["perspective"] == "client")
    return [point["fired"] for point in series["points"]]


def test_the_compared_rule_context_hears_appointments_missed_just_before(
    client: TestClient, clock: FixedClock
) -> None:
    record_course(client, clock, [*STEADY, 34.0])
    assert fired(client)[-1] == []
    missed(client, "2026-02-25")
    missed(client, "2026-02-26")
    assert fired(client)[-1] == ["context"]


def test_the_compared_rule_context_hears_the_therapists_dip(client: TestClient) -> None:
    clients_rate(client, 7, low=6)
    before = fired(client)[-1]
    for session in range(1, 8):
        therapist_rates(client, session, 4 if session < 7 else 1, 7)
    assert (before, fired(client)[-1]) == ([], ["context"])
