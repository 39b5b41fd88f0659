from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from service.alliance.baseline import judge_ratings
from service.alliance.norms import load_norms
from service.alliance.parameters import default_parameters
from tests.conftest import NOW, FixedClock
from tests.service.api.v1.build import STEADY, WITH_A_DIP, faults_of, post, record_course

ALERTS = "/v1/rupture-alerts"
WITH_A_WATCH = [*STEADY, 33.6]


def items(client: TestClient, query: str = "") -> list[dict[str, Any]]:
    return client.get(f"{ALERTS}{query}").json()["items"]


def three_patients(client: TestClient, clock: FixedClock) -> None:
    for name in ("anna", "ben", "cleo"):
        pair = {"patient": f"Patient/{name}", "therapist": f"Practitioner/{name}"}
        record_course(client, clock, WITH_A_DIP, **pair)


def test_a_dip_raises_an_alert_that_the_receipt_shows(client: TestClient, clock: FixedClock) -> None:
    receipt = record_course(client, clock, WITH_A_DIP)[-1]
    assert [one | {"treatment_end": None} for one in receipt["alerts"]] == items(client)


def test_an_alert_holds_what_the_design_names(client: TestClient, clock: FixedClock) -> None:
    receipt = record_course(client, clock, WITH_A_DIP)[-1]
    (alert,) = items(client)
    judged = judge_ratings(WITH_A_DIP, load_norms()["srs-3-total"], default_parameters())[-1]
    assert (alert["patient"], alert["therapist"]) == ("Patient/anna", "Practitioner/ada")
    assert (alert["status"], alert["score_course"], alert["severity"]) == ("open", "low", "marked")
    assert (alert["type"], alert["type_source"], alert["session_number"]) == ("unknown", "none", 7)
    assert (alert["version"], alert["response"]) == (1, receipt["id"])
    (evidence,) = alert["evidence"]
    assert (evidence["score"], evidence["usual_low"]) == (27.0, round(judged.usual_low, 2))
    assert (evidence["fall"], evidence["z"]) == (round(judged.fall or 0, 2), round(judged.z or 0, 2))
    assert "possible strain" in alert["text"]


def test_an_alert_is_read_with_its_version(client: TestClient, clock: FixedClock) -> None:
    record_course(client, clock, WITH_A_DIP)
    (alert,) = items(client)
    answer = client.get(f"{ALERTS}/{alert['id']}")
    more = {key: value for key, value in answer.json().items() if key not in alert}
    assert answer.json() == alert | more
    assert (more.pop("guidance")["status"], more.pop("shown_severity")) == ("draft", "marked")
    assert more == {"acts": [], "own_words": [], "missed_since": 0, "context": []}
    assert answer.headers["ETag"] == 'W/"1"'
    again = client.get(f"{ALERTS}/{alert['id']}", headers={"If-None-Match": 'W/"1"'})
    assert again.status_code == 304


def test_an_unknown_alert_is_not_found(client: TestClient) -> None:
    assert client.get(f"{ALERTS}/nowhere").status_code == 404


def test_alerts_are_narrowed_to_a_patient(client: TestClient, clock: FixedClock) -> None:
    three_patients(client, clock)
    for name in ("ben", "Patient/ben"):
        assert [one["patient"] for one in items(client, f"?patient={name}")] == ["Patient/ben"]


def test_a_patient_never_seen_has_no_alerts(client: TestClient, clock: FixedClock) -> None:
    three_patients(client, clock)
    assert items(client, "?patient=nobody") == []


def test_alerts_are_narrowed_to_a_therapist_and_a_status(client: TestClient, clock: FixedClock) -> None:
    three_patients(client, clock)
    assert len(items(client, "?therapist=Practitioner/cleo")) == 1
    assert len(items(client, "?status=open")) == 3
    assert items(client, "?status=closed-by-scores") == []


def test_scores_that_return_close_an_untouched_alert(client: TestClient, clock: FixedClock) -> None:
    record_course(client, clock, [*WITH_A_DIP, 37.0])
    (alert,) = items(client)
    assert (alert["status"], alert["score_course"], alert["live"]) == ("closed-by-scores", "recovered", False)


def test_since_means_updated_since(client: TestClient, clock: FixedClock) -> None:
    record_course(client, clock, WITH_A_DIP)
    assert len(items(client, "?since=2026-03-02T13:00:00%2B01:00")) == 1
    assert items(client, "?since=2026-03-02T12:00:01Z") == []


def test_a_blank_will_do_for_the_plus_of_an_offset(client: TestClient) -> None:
    assert client.get(f"{ALERTS}?since=2026-03-02T13:00:00+01:00").status_code == 200


def late_course(client: TestClient, clock: FixedClock, totals: list[float]) -> None:
    for number, total in enumerate(totals, 1):
        day = NOW - timedelta(weeks=20 - number)
        post(
            client,
            answers=None,
            scores={"total": total},
            session_number=number,
            authored=day.isoformat(),
            identifier=f"urn:late|{number}",
        )


def test_historical_alerts_are_shown_on_request(client: TestClient, clock: FixedClock) -> None:
    late_course(client, clock, WITH_A_DIP)
    assert items(client) == []
    (alert,) = items(client, "?include=historical")
    assert alert["historical"] is True


def test_watch_points_are_shown_on_request(client: TestClient, clock: FixedClock) -> None:
    receipt = record_course(client, clock, WITH_A_WATCH)[-1]
    assert (receipt["alerts"], items(client)) == ([], [])
    for query in ("?include=watch", "?include=watch&patient=anna", "?include=historical,watch"):
        (point,) = items(client, query)
        assert (point["severity"], point["response"]) == ("watch", receipt["id"])
        assert "id" not in point
        assert point["evidence"][0]["score"] == 33.6


def test_watch_points_follow_the_alerts_filters(client: TestClient, clock: FixedClock) -> None:
    record_course(client, clock, WITH_A_WATCH)
    assert items(client, "?include=watch&therapist=Practitioner/ben") == []
    assert items(client, "?include=watch&patient=ben") == []
    assert items(client, "?include=watch&since=2026-03-02T12:00:01Z") == []
    assert items(client, "?include=watch&status=open") == []


def test_an_old_watch_point_is_shown_for_its_patient_alone(client: TestClient, clock: FixedClock) -> None:
    record_course(client, clock, WITH_A_WATCH)
    clock.now = NOW + timedelta(days=60)
    assert items(client, "?include=watch") == []
    assert len(items(client, "?include=watch&patient=anna")) == 1


def test_a_historical_watch_point_is_shown_on_request(client: TestClient, clock: FixedClock) -> None:
    late_course(client, clock, WITH_A_WATCH)
    assert items(client, "?include=watch&patient=anna") == []
    assert len(items(client, "?include=watch,historical&patient=anna")) == 1


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_pages_give_every_entry_once(client: TestClient, clock: FixedClock, size: int) -> None:
    three_patients(client, clock)
    for name in ("dora", "emil"):
        record_course(
            client, clock, WITH_A_WATCH, patient=f"Patient/{name}", therapist=f"Practitioner/{name}"
        )
    seen, after = [], ""
    while True:
        page = client.get(f"{ALERTS}?include=watch&_count={size}{after}").json()
        assert len(page["items"]) <= size
        seen += [one["patient"] for one in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert sorted(seen) == [f"Patient/{name}" for name in ("anna", "ben", "cleo", "dora", "emil")]
    assert seen[3:] in (["Patient/dora", "Patient/emil"], ["Patient/emil", "Patient/dora"])


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("?status=angry", "status"),
        ("?since=yesterday", "since"),
        ("?since=2026-02-30T00:00:00Z", "since"),
        ("?since=0001-01-01T00:00:00%2B23:00", "since"),
        ("?include=everything", "include"),
        ("?_count=0", "_count"),
        ("?_count=201", "_count"),
        ("?after=forged", "after"),
        ("?after=WyJhbGVydHMiLCJ4Iiwi4oCTIl0", "after"),
        ("?after=WyJvdGhlciIsIngiLCIxIl0", "after"),
        ("?patient=", "patient"),
    ],
)
def test_a_bad_parameter_is_named(client: TestClient, query: str, place: str) -> None:
    answer = client.get(f"{ALERTS}{query}")
    assert (answer.status_code, faults_of(answer)) == (400, {(place, "bad-parameter")})
