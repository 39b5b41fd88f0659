from dataclasses import replace
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from service.flows.deployment import Deployment
from service.flows.show_alert_budget import show_alert_budget
from tests.conftest import FixedClock
from tests.service.api.v1.build import STEADY, WITH_A_DIP, faults_of, record_course

BUDGET = "/v1/alert-budget"


def test_within_the_budget_nothing_is_proposed(client: TestClient, clock: FixedClock) -> None:
    for number in range(4):
        record_course(client, clock, STEADY, patient=f"Patient/p-{number}")
    answer = client.get(BUDGET).json()
    assert (answer["rated_sessions"], answer["notices"], answer["notices_per_100"]) == (24, 0, 0)
    assert (answer["over_budget"], answer["proposal"]) == (False, None)


def test_over_it_a_higher_threshold_is_proposed_and_the_alert_stands(
    client: TestClient, clock: FixedClock
) -> None:
    record_course(client, clock, [*STEADY, 31.5])
    answer = client.get(BUDGET).json()
    assert (answer["notices"], answer["rated_sessions"], answer["over_budget"]) == (1, 7, True)
    assert answer["proposal"]["alert_z"] > answer["alert_z"]
    assert answer["proposal"]["is_within_budget"] is True
    assert len(client.get("/v1/rupture-alerts").json()["items"]) == 1


def test_marked_ones_are_beyond_any_threshold_and_that_is_said(client: TestClient, clock: FixedClock) -> None:
    record_course(client, clock, WITH_A_DIP)
    assert client.get(BUDGET).json()["proposal"]["is_within_budget"] is False


def test_threshold_is_proposed_only_where_it_raises_the_alerts(
    client: TestClient, deployment: Deployment, clock: FixedClock
) -> None:
    record_course(client, clock, [*STEADY, 31.5])
    other = deployment.settings.model_copy(update={"alert_rule": "below-mean-rci"})
    budget = show_alert_budget(replace(deployment, settings=other), 365, "default")
    assert (budget.is_over, budget.proposal) == (True, None)


def test_only_the_asked_days_count(client: TestClient, clock: FixedClock) -> None:
    record_course(client, clock, WITH_A_DIP)
    clock.now += timedelta(days=30)
    answer = client.get(BUDGET, params={"days": 20}).json()
    assert (answer["notices"], answer["rated_sessions"], answer["notices_per_100"]) == (0, 0, None)


@pytest.mark.parametrize("days", ["0", "731", "many"])
def test_other_numbers_of_days_are_refused(client: TestClient, days: str) -> None:
    answer = client.get(BUDGET, params={"days": days})
    assert (answer.status_code, faults_of(answer)) == (400, {("days", "bad-parameter")})
