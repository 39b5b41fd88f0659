"""The database is lost: amid commits, in silence, for good. All is there once, and it heals by itself."""

import time
from collections.abc import Iterator, Sequence

import pytest

from tests.demo_clinic import Rating
from tests.system.children import SandboxEhr
from tests.system.people import clinic_called, latest, seed_ehr
from tests.system.replicas import Replicas, running_replicas
from tests.system.standby import Pair, running_pair
from tests.system.waiting import wait_until

pytestmark = pytest.mark.replicas
RATINGS = 120
WELL, AWAY = [200, 200], [503, 503]
# What a dead connection takes to be known as such (service/store/server.py), and one try to get another.
TOLD_SECONDS = 20


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with running_pair() as running:
        yield running


@pytest.fixture(scope="module")
def replicas(pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    folder = tmp_path_factory.mktemp("failover")
    with SandboxEhr(folder, surface="everything") as ehr, running_replicas(folder, pair.url, ehr) as running:
        yield running


def ratings_of(replicas: Replicas, name: str, seed: int) -> Sequence[Rating]:
    """Return ratings of people whom no other test has."""
    people = clinic_called(name, clients=16, seed=seed)
    seed_ehr(replicas.ehr.fhir, people)
    return latest(people, RATINGS)


def wait_until_well(replicas: Replicas) -> None:
    wait_until(lambda: replicas.ready() == WELL, seconds=90, what="the APIs to be ready again")


def test_connections_lost_before_and_after_a_commit_lose_and_double_nothing(pair, replicas):
    wire = pair.wires[0]
    acts = [lambda: wire.at_commits(*("before", "after") * 10), wire.cut, lambda: time.sleep(1), wire.cut]
    sent = replicas.send_during(ratings_of(replicas, "lost", 61), acts)

    assert replicas.differences(sent) == []
    assert (wire.met["before"], wire.met["after"]) == (10, 10)


def test_a_network_that_swallows_everything_is_told_and_heals_by_itself(pair, replicas):
    told, took = [], []

    def fall_silent() -> None:
        begun = time.monotonic()
        pair.wires[0].fall_silent()
        told.append(replicas.ready())
        took.append(time.monotonic() - begun)
        pair.wires[0].mend()
        wait_until_well(replicas)

    sent = replicas.send_during(ratings_of(replicas, "silent", 67), [fall_silent])

    assert told == [AWAY]
    assert took[0] < TOLD_SECONDS * len(AWAY)
    assert replicas.differences(sent) == []
    assert [process.is_running for process in replicas.processes] == [True] * 4


def test_a_standby_takes_over_and_nothing_that_was_acknowledged_is_lost(pair, replicas):
    """The last of the module: there is no way back to the first server."""
    told = []

    def fail_over() -> None:
        pair.kill_primary()
        told.append(replicas.ready())
        pair.promote()
        wait_until_well(replicas)

    sent = replicas.send_during(ratings_of(replicas, "taken-over", 71), [fail_over])

    assert told == [AWAY]
    assert replicas.differences(sent) == []
    assert [process.is_running for process in replicas.processes] == [True] * 4
