"""Thousands of deliveries in one go; a twentieth of them where it is not a soak."""

from pathlib import Path

import pytest

from service.sandbox import SURFACES, seed_database
from tests.demo_clinic import seed_bundle
from tests.service.flows.test_every_shape import SHAPES
from tests.system.chart import Chart
from tests.system.children import SandboxEhr, Service
from tests.system.exactly_once import find_differences, wait_until_delivered
from tests.system.people import clinic_called, latest, seed_ehr
from tests.system.sending import send_all
from tests.system.shaped import Shaped, a_wire_to
from tests.system.waiting import wait_until

INTO_HAPI, INTO_EACH_OTHER = 10_000, 1_000
SHARE_IN_CI = 20
# A client of the demo clinic has at least so many ratings.
RATINGS_EACH = 10
# What exactly once means is told here by resources that these EHRs take whole.
WHOLE = [name for name in SURFACES if name in ("everything", "no-transaction", "medplum", "azure", "google")]
OTHERS = [name for name in SHAPES if name in SURFACES and name not in WHOLE]
PARTS = ("item-1", "item-2", "item-3", "item-4", "total", "panel")
LONGEST_SECONDS = 3 * 3600


@pytest.fixture(params=[SHARE_IN_CI, pytest.param(1, marks=pytest.mark.soak)], ids=["share", "soak"])
def share(request) -> int:
    return request.param


@pytest.mark.hapi
def test_a_great_many_arrive_once_in_hapi(hapi, hapi_chart: Chart, tmp_path: Path, name_of, share):
    count = INTO_HAPI // share
    people = clinic_called(name_of(f"volume-{share}"), clients=count // RATINGS_EACH, seed=71)
    seed_ehr(hapi.fhir, people)
    with Service(tmp_path, ehr_base_url=hapi.fhir, ehr_name="hapi") as service:
        sent = send_all(service.base_url, latest(people, count))
        wait_until_delivered(service.base_url, LONGEST_SECONDS)

        assert find_differences(hapi_chart, service.base_url, sent) == []


@pytest.mark.parametrize("surface", WHOLE)
def test_many_arrive_once_in_every_shape_that_takes_them_whole(tmp_path: Path, surface, share):
    count = INTO_EACH_OTHER // share
    people = clinic_called("volume", clients=max(count // RATINGS_EACH, 12), seed=73)
    ehr = SandboxEhr(tmp_path, surface=surface)
    seed_database(str(ehr.database), seed_bundle(people))
    with (
        ehr,
        Service(tmp_path, ehr_base_url=ehr.fhir, ehr_name="sandbox") as service,
        Chart(ehr.fhir) as chart,
    ):
        sent = send_all(service.base_url, latest(people, count))
        wait_until_delivered(service.base_url, LONGEST_SECONDS)

        assert find_differences(chart, service.base_url, sent) == []


@pytest.mark.parametrize("surface", OTHERS)
def test_many_arrive_once_in_every_other_shape(tmp_path: Path, surface, share):
    count = INTO_EACH_OTHER // share
    with a_wire_to(surface, tmp_path, clients=count) as shaped:
        sent = [shaped.record(client) for client in range(count)]
        wait_until(shaped.is_settled, seconds=LONGEST_SECONDS, what="the deliveries", every=0.5)

        assert set(shaped.states().values()) == {"confirmed"}
        assert held_of(shaped, sent) == {name: 1 for one in sent for name in expected_in(surface, one)}


def expected_in(surface: str, response_id: str) -> list[str]:
    """Return what stands for an SRS form of four marks in an EHR of this shape, by type and identifier."""
    wanted = SHAPES[surface]
    scores = [f"Observation/{response_id}.{part}" for part in PARTS]
    if wanted.main == "Observation":
        return scores
    return [f"{wanted.main}/{response_id}", *(scores if wanted.each > 1 else [])]


def held_of(shaped: Shaped, sent: list[str]) -> dict[str, int]:
    """Return how often each resource of these responses is there; definitions and the like are left out."""
    known = set(sent)
    return {
        name: count
        for name, count in shaped.identifiers().items()
        if name.partition("/")[2].partition(".")[0] in known
    }
