"""Answers about what is stored, held against the description: a made-up id finds nothing to describe."""

import pytest
import schemathesis
from starlette.testclient import TestClient

from service.api.v1.attendance_models import EXAMPLE_ATTENDANCE
from service.flows.refresh_snapshot import refresh_snapshot
from tests.conftest import FixedClock
from tests.contract.conftest import LOOPBACK
from tests.contract.described import CHECKS
from tests.service.api.v1.build import STEADY, WITH_A_DIP, post, record_course

WITH_A_WATCH = [*STEADY, 33.6]


@pytest.fixture
def ids(client: TestClient, clock: FixedClock) -> dict[str, str]:
    """Record a course with an alert, one with a watch point, and a WAI; return ids by path parameter."""
    record_course(client, clock, WITH_A_WATCH, patient="Patient/ben")
    receipt = record_course(client, clock, WITH_A_DIP)[-1]
    report = {"instrument": "rupture-report-client", "answers": {"happened": True, "intensity": 3}}
    post(client, **report, identifier="urn:x|report", patient="Patient/cleo")
    answers = {f"item-{number}": 4 for number in range(1, 13)}
    post(client, instrument="wai-sr-client", answers=answers, identifier="urn:x|wai")
    return {
        "response_id": receipt["id"],
        "alert_id": receipt["alerts"][0]["id"],
        "delivery_id": receipt["deliveries"][0],
        "attendance_id": client.post("/v1/attendance", json=EXAMPLE_ATTENDANCE).json()["id"],
        "patient": "anna",
        "therapist": "ada",
        "instrument": "wai-sr-client",
    }


@pytest.mark.parametrize(
    ("method", "path", "query"),
    [
        ("get", "/v1/instruments", {}),
        ("get", "/v1/instruments/{instrument}", {}),
        ("get", "/v1/responses/{response_id}", {}),
        ("get", "/v1/patients/{patient}/alliance-trend", {}),
        ("get", "/v1/patients/{patient}/alliance-trend.svg", {}),
        ("get", "/v1/patients/{patient}/session-brief", {}),
        ("get", "/v1/therapists/{therapist}/supervision-digest", {}),
        ("get", "/v1/attendance", {"patient": "anna"}),
        ("get", "/v1/attendance/{attendance_id}", {}),
        ("get", "/v1/rupture-alerts", {"include": "watch,historical"}),
        ("get", "/v1/rupture-alerts/{alert_id}", {}),
        ("get", "/v1/alert-budget", {}),
        ("get", "/v1/webhook-events", {}),
        ("get", "/v1/deliveries", {"_count": "2"}),
        ("get", "/v1/deliveries/{delivery_id}", {}),
        ("post", "/v1/deliveries/{delivery_id}/retry", {}),
    ],
)
def test_what_is_stored_is_answered_as_described(
    api: schemathesis.BaseSchema, ids: dict[str, str], method: str, path: str, query: dict[str, str]
) -> None:
    wanted = {name: value for name, value in ids.items() if f"{{{name}}}" in path}
    case = api[path][method].Case(path_parameters=wanted, query=query)
    answer = case.call(headers=LOOPBACK)
    case.validate_response(answer, checks=CHECKS)
    assert answer.status_code == (409 if method == "post" else 200)  # it waits: nothing to try again


@pytest.mark.parametrize("query", [{}, {"group_by": "team,month"}, {"format": "csv"}])
def test_figures_of_the_clinic_are_answered_as_described(api, ids, deployment, query):
    assert ids
    refresh_snapshot(deployment)
    case = api["/v1/alliance-metrics"]["get"].Case(query=query)
    answer = case.call(headers=LOOPBACK)
    case.validate_response(answer, checks=CHECKS)
    assert answer.status_code == 200


def test_acts_on_a_response_are_answered_as_described(
    api: schemathesis.BaseSchema, ids: dict[str, str]
) -> None:
    operation = api["/v1/responses/{response_id}/withdraw"]["post"]
    case = operation.Case(
        path_parameters={"response_id": ids["response_id"]},
        body={"reason": "wrong patient"},
        media_type="application/json",
    )
    answer = case.call(headers=LOOPBACK)
    case.validate_response(answer, checks=CHECKS)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("name", "body"),
    [("acknowledge", {"note": "seen"}), ("dismiss", {"reason": "data-error"}), ("resolve", {})],
)
def test_acts_on_an_alert_are_answered_as_described(
    api: schemathesis.BaseSchema, ids: dict[str, str], name: str, body: dict[str, str]
) -> None:
    case = api[f"/v1/rupture-alerts/{{alert_id}}/{name}"]["post"].Case(
        path_parameters={"alert_id": ids["alert_id"]},
        headers={"If-Match": 'W/"1"'},
        body={"by": "Practitioner/ada"} | body,
        media_type="application/json",
    )
    answer = case.call(headers=LOOPBACK)
    case.validate_response(answer, checks=CHECKS)
    assert answer.status_code == (200 if body else 422)
