"""An API and two workers, each a process of its own on PostgreSQL; workers are killed: all is there once."""

import random
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.system.chart import Chart
from tests.system.children import ApiAlone, SandboxEhr, WorkerAlone
from tests.system.exactly_once import find_differences, wait_until_delivered
from tests.system.people import clinic_called, latest, seed_ehr
from tests.system.postgres import new_database
from tests.system.sending import send_all
from tests.system.waiting import wait_until

pytestmark = pytest.mark.postgres
KILLS = 5


@dataclass(frozen=True, slots=True)
class Replicas:
    """What runs beside one another on one database."""

    ehr: SandboxEhr
    api: ApiAlone
    workers: tuple[WorkerAlone, WorkerAlone]


@pytest.fixture
def replicas(postgres: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Replicas]:
    with ExitStack() as running:
        ehr = running.enter_context(SandboxEhr(tmp_path, surface="everything"))
        settings = {
            "ALLIANCE_DATABASE_URL": new_database(postgres, f"w_{abs(hash(request.node.name)):x}"),
            "ALLIANCE_EHR_BASE_URL": ehr.fhir,
            "ALLIANCE_EHR_SETTLE_SECONDS": "2",
        }
        api = running.enter_context(ApiAlone(tmp_path, settings))
        one, two = (WorkerAlone(tmp_path, name, settings) for name in ("one", "two"))
        workers = (running.enter_context(one), running.enter_context(two))
        yield Replicas(ehr, api, workers)


def writes_of(worker: WorkerAlone) -> float:
    """Return how many writes a worker says that it made."""
    lines = httpx.get(worker.metrics, timeout=10).raise_for_status().text.splitlines()
    written = [
        line for line in lines if line.startswith("alliance_attempts_total{") and 'kind="write"' in line
    ]
    return sum(float(line.rpartition(" ")[2]) for line in written)


def test_two_workers_share_the_work_and_double_nothing(replicas):
    clinic = clinic_called("shared", clients=12, seed=41)
    seed_ehr(replicas.ehr.fhir, clinic)
    sent = send_all(replicas.api.base_url, latest(clinic, 120))
    wait_until_delivered(replicas.api.base_url)

    with Chart(replicas.ehr.fhir) as chart:
        assert find_differences(chart, replicas.api.base_url, sent) == []
    assert all(writes_of(worker) > 10 for worker in replicas.workers)


def test_workers_that_are_killed_lose_and_double_nothing(replicas):
    clinic = clinic_called("killed", clients=12, seed=43)
    seed_ehr(replicas.ehr.fhir, clinic)
    replicas.ehr.turn_faults(latency_ms=30)
    ratings = latest(clinic, 150)
    # The same seed must give the same moments; nothing here is secret.
    rng = random.Random(43)  # noqa: S311
    sent = []
    for turn in range(KILLS):
        sent += send_all(replicas.api.base_url, ratings[turn::KILLS])
        time.sleep(rng.uniform(0.0, 0.5))
        replicas.workers[turn % 2].kill()
        replicas.workers[turn % 2].start()
    wait_until_delivered(replicas.api.base_url)

    with Chart(replicas.ehr.fhir) as chart:
        assert find_differences(chart, replicas.api.base_url, sent) == []


def test_an_ehr_that_is_down_is_told_by_the_api_and_is_no_failure_of_it(replicas):
    clinic = clinic_called("down", clients=2, seed=47)
    replicas.ehr.kill()
    send_all(replicas.api.base_url, latest(clinic, 4))
    ready = f"{replicas.api.base_url}/ready"
    wait_until(lambda: _trouble(ready), seconds=60, what="word of the trouble")

    assert httpx.get(ready).status_code == httpx.codes.OK
    replicas.ehr.start()
    seed_ehr(replicas.ehr.fhir, clinic)
    wait_until(lambda: not _trouble(ready), seconds=90, what="its end")


def _trouble(ready: str) -> str | None:
    since: str | None = httpx.get(ready, timeout=10).json()["ehr_in_trouble_since"]
    return since
