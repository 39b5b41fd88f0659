"""Replicas on PostgreSQL behind a proxy, restarted, killed, cut off from the database: all is there once."""

import re
import time
from collections.abc import Iterator, Sequence

import pytest

from tests.demo_clinic import Rating
from tests.system.children import Child, SandboxEhr
from tests.system.nginx import faults_of
from tests.system.people import clinic_called, latest, seed_ehr
from tests.system.postgres import new_database, start_server, stop_server
from tests.system.replicas import CALLERS, Replicas, running_replicas
from tests.system.test_certificates import Authority
from tests.system.waiting import wait_until

pytestmark = pytest.mark.replicas
RATINGS = 240
WELL, AWAY = [200, 200], [503, 503]
# For a second (`fail_timeout`) the proxy leaves alone who refused it: the next is stopped once it knows.
TAKEN_UP_SECONDS = 1.5


@pytest.fixture(scope="module")
def replicas(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    folder = tmp_path_factory.mktemp("replicas")
    with (
        SandboxEhr(folder, surface="everything") as ehr,
        running_replicas(folder, new_database(postgres, "replicas"), ehr) as running,
    ):
        ehr.turn_faults(latency_ms=20)
        yield running


@pytest.fixture
def ratings(replicas: Replicas, request: pytest.FixtureRequest) -> Sequence[Rating]:
    """Ratings of people whom no other test has."""
    name = re.sub("[^a-z]+", "-", request.node.name.removeprefix("test_"))[-20:].strip("-")
    people = clinic_called(name, clients=28, seed=97)
    seed_ehr(replicas.ehr.fhir, people)
    return latest(people, RATINGS)


def restart(process: Child) -> None:
    process.stop()
    process.start()
    time.sleep(TAKEN_UP_SECONDS)


def restart_killed(process: Child) -> None:
    process.kill()
    process.start()


def test_a_restart_in_turn_loses_nothing_and_is_hardly_noticed(replicas, ratings):
    acts = [lambda process=process: restart(process) for process in replicas.processes]
    sent = replicas.send_during(ratings, acts)

    assert replicas.differences(sent) == []
    # Who is stopped answers what it took; what only waited to be taken is sent again, once for each caller.
    assert sum(one.tries - 1 for one in sent) <= len(replicas.apis) * CALLERS


def test_whichever_is_killed_nothing_is_lost_or_doubled(replicas, ratings):
    acts = [lambda process=process: restart_killed(process) for process in replicas.processes]
    sent = replicas.send_during(ratings, acts)

    assert replicas.differences(sent) == []


def test_a_database_that_comes_and_goes_is_told_and_heals_by_itself(replicas, ratings, postgres):
    told: list[list[int]] = []

    def fail_over(mode: str) -> None:
        stop_server(postgres, mode)
        told.append(replicas.ready())
        time.sleep(1)
        start_server(postgres)
        wait_until(lambda: replicas.ready() == WELL, seconds=20, what="the APIs to be ready again")

    acts = [lambda: fail_over("immediate"), replicas.break_connections, lambda: fail_over("fast")]
    sent = replicas.send_during(ratings, acts)

    assert told == [AWAY, AWAY]
    assert replicas.differences(sent) == []
    assert [process.is_running for process in replicas.processes] == [True] * 4


def test_the_proxys_file_is_one_that_nginx_takes(tmp_path):
    pair = Authority().issue()
    assert faults_of(tmp_path, pair.certificate, pair.key) == ""
