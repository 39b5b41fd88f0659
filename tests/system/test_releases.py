"""The EHR's FHIR release decides: R4 and R4B get everything, an R5 EHR gets nothing and is told why."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from service.sandbox import seed_database
from tests.demo_clinic import seed_bundle
from tests.system.chart import Chart
from tests.system.children import SandboxEhr, Service
from tests.system.exactly_once import find_differences, wait_until_delivered
from tests.system.listing import items
from tests.system.people import clinic_called, latest
from tests.system.sending import Sent, send_all
from tests.system.waiting import wait_until


@contextmanager
def playing(folder: Path, fhir_version: str) -> Iterator[tuple[Service, Chart, list[Sent]]]:
    """Twenty ratings sent to a service whose EHR speaks this release."""
    people = clinic_called("release", clients=4, seed=43)
    ehr = SandboxEhr(folder, surface="everything", fhir_version=fhir_version)
    seed_database(str(ehr.database), seed_bundle(people))
    with (
        ehr,
        Service(folder, ehr_base_url=ehr.fhir, ehr_name="sandbox") as service,
        Chart(ehr.fhir) as chart,
    ):
        yield service, chart, send_all(service.base_url, latest(people, 20))


def held_responses(service: Service) -> list[str]:
    """Return why responses are held, one sentence each."""
    held = items(service.base_url, "/v1/deliveries", state="held")
    return [one["reason"] for one in held if one["subject_kind"] == "response"]


@pytest.mark.parametrize("fhir_version", ["4.0.1", "4.3.0"])
def test_an_ehr_of_r4_or_r4b_gets_everything_once(tmp_path, fhir_version):
    with playing(tmp_path, fhir_version) as (service, chart, sent):
        wait_until_delivered(service.base_url)

        assert find_differences(chart, service.base_url, sent) == []


def test_deliveries_to_an_r5_ehr_are_held_with_that_reason(tmp_path):
    with playing(tmp_path, "5.0.0") as (service, chart, sent):
        wait_until(lambda: len(held_responses(service)) == len(sent), seconds=60, what="held deliveries")

        reason = "this EHR speaks FHIR 5.0.0; we write R4 (4.0) and R4B (4.3) into EHRs"
        assert set(held_responses(service)) == {reason}
        assert chart.find("QuestionnaireResponse") == chart.find("Questionnaire") == []
