"""The service is killed at random moments, or the EHR fails: HAPI holds everything exactly once."""

from collections.abc import Iterator

import pytest

from tests.system.chart import Chart
from tests.system.children import Service
from tests.system.exactly_once import find_differences, wait_until_delivered
from tests.system.hapi import Hapi
from tests.system.killing import send_and_kill
from tests.system.people import clinic_called, latest, seed_ehr
from tests.system.sending import send_all

pytestmark = pytest.mark.hapi


@pytest.fixture
def service(hapi: Hapi, tmp_path) -> Iterator[Service]:
    with Service(tmp_path, ehr_base_url=hapi.fhir, ehr_name="hapi") as started:
        yield started


@pytest.fixture(autouse=True)
def mended(hapi: Hapi) -> Iterator[None]:
    yield
    hapi.turn_faults()


def test_twenty_kills_during_500_responses_lose_and_double_nothing(hapi, hapi_chart, service, name_of):
    clinic = clinic_called(name_of("killed"), clients=40, seed=23)
    seed_ehr(hapi.fhir, clinic)
    survived = send_and_kill(service, latest(clinic, 500), kills=20, seed=23)
    wait_until_delivered(service.base_url)

    assert survived.kills_between_sent_and_recorded >= 5
    assert len(survived.sent) == 500
    assert find_differences(hapi_chart, service.base_url, survived.sent) == []


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(101, 111))
def test_two_hundred_kills_with_other_moments_lose_and_double_nothing(
    hapi, hapi_chart, service, name_of, seed
):
    clinic = clinic_called(name_of(f"soak-{seed}"), clients=40, seed=seed)
    seed_ehr(hapi.fhir, clinic)
    survived = send_and_kill(service, latest(clinic, 500), kills=20, seed=seed)
    wait_until_delivered(service.base_url)

    assert find_differences(hapi_chart, service.base_url, survived.sent) == []


@pytest.mark.parametrize(
    "faults",
    [
        {"fail_every": 7, "fail_after": "true"},
        {"fail_every": 3},
        {"fail_every": 5, "fail_status": 500, "fail_after": "true"},
    ],
    ids=["answer-lost", "busy", "broken"],
)
def test_an_ehr_that_fails_now_and_then_gets_everything_once(hapi, hapi_chart, service, name_of, faults):
    clinic = clinic_called(name_of("-".join(faults).replace("_", "-")), clients=8, seed=31)
    seed_ehr(hapi.fhir, clinic)
    hapi.turn_faults(**faults)
    sent = send_all(service.base_url, latest(clinic, 60))
    wait_until_delivered(service.base_url)
    hapi.turn_faults()

    assert find_differences(hapi_chart, service.base_url, sent) == []


def test_kills_while_answers_are_lost_double_nothing(hapi, hapi_chart: Chart, service, name_of):
    clinic = clinic_called(name_of("both"), clients=8, seed=37)
    seed_ehr(hapi.fhir, clinic)
    hapi.turn_faults(fail_every=7, fail_after="true")
    survived = send_and_kill(service, latest(clinic, 60), kills=4, seed=37)
    wait_until_delivered(service.base_url)
    hapi.turn_faults()

    assert find_differences(hapi_chart, service.base_url, survived.sent) == []
