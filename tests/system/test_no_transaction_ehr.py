"""An EHR without transactions and conditional create, in trouble or not: everything once."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from service.sandbox import seed_database
from tests.demo_clinic import DemoClinic, seed_bundle
from tests.system.chart import Chart
from tests.system.children import SandboxEhr, Service
from tests.system.exactly_once import find_differences, try_parked_again, wait_until_delivered
from tests.system.killing import send_and_kill
from tests.system.listing import Json, items
from tests.system.people import clinic_called, latest
from tests.system.sending import send_all
from tests.system.waiting import wait_until


@dataclass(frozen=True, slots=True)
class Clinic:
    """A service, its EHR, what the EHR holds, and the clients that the EHR knows."""

    service: Service
    ehr: SandboxEhr
    chart: Chart
    people: DemoClinic


@pytest.fixture
def clinic(tmp_path) -> Iterator[Clinic]:
    people = clinic_called("plain", clients=12, seed=41)
    ehr = SandboxEhr(tmp_path, surface="no-transaction")
    seed_database(str(ehr.database), seed_bundle(people))
    with (
        ehr,
        Service(tmp_path, ehr_base_url=ehr.fhir, ehr_name="sandbox") as service,
        Chart(ehr.fhir) as chart,
    ):
        yield Clinic(service, ehr, chart, people)


def parked(service: Service) -> list[Json]:
    return items(service.base_url, "/v1/deliveries", state="parked")


def test_everything_arrives_once_without_transactions(clinic):
    sent = send_all(clinic.service.base_url, clinic.people.ratings)
    wait_until_delivered(clinic.service.base_url)

    assert find_differences(clinic.chart, clinic.service.base_url, sent) == []


def test_kills_lose_and_double_nothing_without_transactions(clinic):
    survived = send_and_kill(clinic.service, latest(clinic.people, 100), kills=6, seed=41)
    wait_until_delivered(clinic.service.base_url)

    assert find_differences(clinic.chart, clinic.service.base_url, survived.sent) == []


@pytest.mark.parametrize(
    "faults",
    [
        {"fail_every": 7, "fail_after": "true"},
        {"fail_every": 7, "fail_after": "true", "fail_status": 0},
        {"fail_every": 11, "fail_after": "true", "hide_from_search_ms": 1500},
    ],
    ids=["answer-lost", "connection-lost", "fresh-rows-hidden"],
)
def test_an_ehr_that_fails_now_and_then_gets_everything_once(clinic, faults):
    clinic.ehr.turn_faults(**faults)
    sent = send_all(clinic.service.base_url, latest(clinic.people, 30))
    wait_until_delivered(clinic.service.base_url)
    clinic.ehr.turn_faults()
    # What was hidden must show before it is counted.
    time.sleep(0.1)

    assert find_differences(clinic.chart, clinic.service.base_url, sent) == []


@pytest.mark.parametrize(
    "faults", [{"html": "true"}, {"fail_every": 1, "fail_status": 500}, {"latency_ms": 4000}]
)
def test_the_service_stays_responsive_while_its_ehr_is_in_trouble(clinic, faults):
    clinic.ehr.turn_faults(**faults)
    sent = send_all(clinic.service.base_url, latest(clinic.people, 20))
    started = time.monotonic()
    httpx.get(f"{clinic.service.base_url}/v1/rupture-alerts", timeout=5).raise_for_status()
    answered_in_seconds = time.monotonic() - started
    clinic.ehr.turn_faults()
    wait_until_delivered(clinic.service.base_url)

    assert answered_in_seconds < 1
    assert find_differences(clinic.chart, clinic.service.base_url, sent) == []


def test_what_the_ehr_failed_at_twice_is_parked_and_arrives_once_when_tried_again(clinic):
    clinic.ehr.turn_faults(fail_every=1, fail_status=500)
    sent = send_all(clinic.service.base_url, latest(clinic.people, 20))
    wait_until(lambda: parked(clinic.service), seconds=60, what="something to be parked")
    clinic.ehr.turn_faults()
    try_parked_again(clinic.service.base_url)

    assert find_differences(clinic.chart, clinic.service.base_url, sent) == []


def test_what_is_recorded_while_the_ehr_is_down_arrives_once_it_is_up(clinic):
    clinic.ehr.kill()
    sent = send_all(clinic.service.base_url, latest(clinic.people, 20))
    waiting = items(clinic.service.base_url, "/v1/deliveries", state="pending")
    clinic.ehr.start()
    wait_until_delivered(clinic.service.base_url)

    assert waiting
    assert find_differences(clinic.chart, clinic.service.base_url, sent) == []


def test_an_ehr_killed_in_the_middle_gets_everything_once(clinic):
    sent = send_all(clinic.service.base_url, latest(clinic.people, 40))
    for _ in range(3):
        clinic.ehr.kill()
        time.sleep(0.5)
        clinic.ehr.start()
        time.sleep(0.5)
    wait_until_delivered(clinic.service.base_url)

    assert find_differences(clinic.chart, clinic.service.base_url, sent) == []


def test_a_rating_sent_twice_is_answered_with_the_same_response(clinic):
    ratings = latest(clinic.people, 10)
    first = {one.rating.identifier: one.id for one in send_all(clinic.service.base_url, ratings)}
    second = {one.rating.identifier: one.id for one in send_all(clinic.service.base_url, ratings)}

    assert first == second
