"""A missed appointment while an alert is live shows it one step higher, and tells nobody anew."""

from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from service.api.v1.attendance_models import EXAMPLE_ATTENDANCE
from tests.conftest import NOW, FixedClock
from tests.service.api.v1.build import STEADY, record_course

POSSIBLE = [*STEADY, 31.5]


@pytest.fixture
def alert(client: TestClient, clock: FixedClock) -> dict[str, Any]:
    (opened,) = record_course(client, clock, POSSIBLE)[-1]["alerts"]
    assert opened["severity"] == "possible"
    clock.now = NOW + timedelta(days=8)
    found: dict[str, Any] = opened
    return found


def missed(client: TestClient, status: str = "missed", **changes: str) -> None:
    body = EXAMPLE_ATTENDANCE | {"status": status, "session_date": "2026-03-09"} | changes
    made = client.post("/v1/attendance", json=body)
    assert made.status_code == 201, made.text


def shown(client: TestClient, alert: dict[str, Any]) -> tuple[Any, ...]:
    read = client.get(f"/v1/rupture-alerts/{alert['id']}").json()
    return read["severity"], read["shown_severity"], read["missed_since"], read["version"]


@pytest.mark.parametrize("status", ["missed", "late-cancelled"])
def test_it_is_shown_one_step_higher(client: TestClient, alert: dict[str, Any], status: str) -> None:
    missed(client, status)
    assert shown(client, alert) == ("possible", "marked", 1, 1)


@pytest.mark.parametrize(
    "changes",
    [{"session_date": "2026-02-24"}, {"therapist": "Practitioner/ben"}, {"patient": "Patient/ben"}],
)
def test_what_was_missed_before_or_with_others_does_not_count(
    client: TestClient, alert: dict[str, Any], changes: dict[str, str]
) -> None:
    missed(client, **changes)
    assert shown(client, alert) == ("possible", "possible", 0, 1)


def test_a_session_that_was_attended_does_not_count(client: TestClient, alert: dict[str, Any]) -> None:
    missed(client, "attended")
    assert shown(client, alert) == ("possible", "possible", 0, 1)


def test_an_alert_that_is_over_is_shown_as_it_was(client: TestClient, alert: dict[str, Any]) -> None:
    dismissal = {"by": "Practitioner/ada", "reason": "known-cause"}
    address = f"/v1/rupture-alerts/{alert['id']}/dismiss"
    client.post(address, json=dismissal, headers={"If-Match": 'W/"1"'})
    missed(client)
    assert shown(client, alert) == ("possible", "possible", 1, 2)


def test_a_caller_who_has_the_version_is_told_of_a_missed_one(
    client: TestClient, alert: dict[str, Any]
) -> None:
    missed(client)
    known = {"If-None-Match": 'W/"1"'}
    assert client.get(f"/v1/rupture-alerts/{alert['id']}", headers=known).status_code == 200
