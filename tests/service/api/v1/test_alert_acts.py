"""Acts on an alert at /v1: bodies, versions, refusals, the audit, and what is shown of them."""

from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from service.store.database import Database
from service.store.tables import audit_rows
from tests.conftest import FixedClock
from tests.service.api.v1.build import WITH_A_DIP, faults_of, record_course

ALERTS = "/v1/rupture-alerts"
ADA = {"by": "Practitioner/ada"}


@pytest.fixture
def alert(client: TestClient, clock: FixedClock) -> str:
    return record_course(client, clock, WITH_A_DIP)[-1]["alerts"][0]["id"]


def act(client: TestClient, alert: str, name: str, version: int = 1, **body: Any) -> Any:
    headers = {"If-Match": f'W/"{version}"'}
    return client.post(f"{ALERTS}/{alert}/{name}", json=ADA | body, headers=headers)


def test_a_whole_repair(client: TestClient, alert: str) -> None:
    act(client, alert, "acknowledge")
    act(client, alert, "repair-steps", 2, step="named-tentatively")
    act(client, alert, "repair-steps", 3, text="Asked what the last one was like.")
    answer = act(client, alert, "resolve", 4, outcome="repaired", note="We are well again.")
    shown = answer.json()
    assert (answer.status_code, answer.headers["ETag"]) == (200, 'W/"5"')
    assert (shown["status"], shown["score_course"], shown["live"]) == ("repaired", "low", False)
    assert [(one["act"], one["step"], one["outcome"], one["version"]) for one in shown["acts"]] == [
        ("acknowledge", None, None, 2),
        ("repair-steps", "named-tentatively", None, 3),
        ("repair-steps", None, None, 4),
        ("resolve", None, "repaired", 5),
    ]
    assert client.get(f"{ALERTS}/{alert}").json() == shown | {"context": []}


def test_a_dismissal_shows_its_reason(client: TestClient, alert: str) -> None:
    shown = act(client, alert, "dismiss", reason="known-cause", note="A bad night.").json()
    assert (shown["status"], shown["dismissal"]) == ("dismissed", "known-cause")
    assert shown["acts"][0]["text"] == "A bad night."


def test_an_act_needs_the_version_that_was_seen(client: TestClient, alert: str) -> None:
    without = client.post(f"{ALERTS}/{alert}/acknowledge", json=ADA)
    stale = act(client, alert, "acknowledge", 7)
    assert (without.status_code, stale.status_code) == (428, 412)


def test_an_illegal_move_is_a_conflict_that_names_state_and_act(client: TestClient, alert: str) -> None:
    answer = act(client, alert, "resolve", outcome="repaired")
    assert answer.status_code == 409
    assert answer.json()["detail"] == "The alert is open: it cannot be resolved as repaired now."


def test_an_unknown_alert_is_not_found(client: TestClient) -> None:
    assert act(client, "nowhere", "acknowledge").status_code == 404


@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [
        ("acknowledge", {"by": None}, {("by", "required")}),
        ("acknowledge", {"by": "Patient/anna"}, {("by", "wrong-reference")}),
        ("acknowledge", {"reason": "other"}, {("reason", "unknown-field")}),
        ("repair-steps", {}, {("step", "required")}),
        ("repair-steps", {"step": "none-yet"}, {("step", "unknown-choice")}),
        ("repair-steps", {"text": " "}, {("text", "required")}),
        ("repair-steps", {"text": "x" * 4001}, {("text", "too-long")}),
        ("resolve", {"by": "ada"}, {("by", "wrong-reference"), ("outcome", "required")}),
        ("resolve", {"outcome": "mended"}, {("outcome", "unknown-choice")}),
        ("dismiss", {"reason": 7}, {("reason", "wrong-type")}),
        ("dismiss", {"reason": "other", "note": "a\x00b"}, {("note", "unprintable")}),
    ],
)
def test_every_fault_of_a_body_is_told(
    client: TestClient, alert: str, name: str, body: dict[str, Any], expected: set[tuple[str, str]]
) -> None:
    answer = act(client, alert, name, **body)
    assert (answer.status_code, faults_of(answer)) == (422, expected)


def test_every_act_and_refusal_is_audited(client: TestClient, alert: str, database: Database) -> None:
    act(client, alert, "acknowledge")
    act(client, alert, "resolve", 2, outcome="unresolved")
    with database.read() as tx:
        rows = tx.execute(select(audit_rows).order_by(audit_rows.c.row_id.desc()).limit(2)).all()
    assert [(row.action, row.status, row.route.rpartition("/")[2]) for row in rows] == [
        ("U", 409, "resolve"),
        ("U", 200, "acknowledge"),
    ]
    assert rows[1].subject == alert


def test_own_words_are_shown_at_v1_alone(client: TestClient, alert: str) -> None:
    act(client, alert, "acknowledge", note="zebra")
    act(client, alert, "repair-steps", 2, text="giraffe")
    act(client, alert, "resolve", 3, outcome="unresolved", note="okapi")
    fhir = "".join(
        client.get(f"/fhir/{kind}/{alert}{path}").text
        for kind in ("DetectedIssue", "Task", "Flag")
        for path in ("", "/_history/3", "/_history/4")
    )
    assert not [word for word in ("zebra", "giraffe", "okapi") if word in fhir]
    assert "giraffe" in client.get(f"{ALERTS}/{alert}").text


def test_the_resources_follow(client: TestClient, alert: str) -> None:
    act(client, alert, "acknowledge")
    act(client, alert, "repair-steps", 2, step="validated")
    statuses = {
        kind: [
            client.get(f"/fhir/{kind}/{alert}/_history/{version}").json()["status"] for version in (1, 2, 3)
        ]
        for kind in ("DetectedIssue", "Task", "Flag")
    }
    assert statuses == {
        "DetectedIssue": ["preliminary", "preliminary", "final"],
        "Task": ["requested", "accepted", "in-progress"],
        "Flag": ["active", "active", "active"],
    }
    assert client.get("/fhir/Task", params={"owner": "Practitioner/ada"}).json()["total"] == 1
