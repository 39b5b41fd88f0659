"""Everything that can go wrong on the wire to an EHR: what is in the chart afterwards is there once."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from service.sandbox import seed_database
from tests.demo_clinic import DemoClinic, seed_bundle
from tests.system.chart import Chart
from tests.system.children import SandboxEhr, Service
from tests.system.exactly_once import find_differences, wait_until_delivered
from tests.system.people import clinic_called, latest, seed_ehr
from tests.system.sending import Sent, send_all
from tests.system.wire import MISHAPS, SLOW, Wire

QUICK = tuple(sorted(MISHAPS.keys() - set(SLOW)))
PURPOSES = ("together", "stale", "down", "token", *sorted(MISHAPS))
SETTLE_SECONDS = 3
TIMEOUT_SECONDS = 3


@dataclass(frozen=True, slots=True)
class Wired:
    """A service that reaches its EHR by a wire; ``seed`` makes people known to that EHR."""

    service: Service
    wire: Wire
    chart: Chart
    seed: Callable[[DemoClinic], None]
    name_of: Callable[[str], str]

    def send(self, purpose: str, count: int) -> list[Sent]:
        """Send ratings of clients whom no other test has."""
        people = clinic_called(self.name_of(f"wire-{PURPOSES.index(purpose)}"), clients=6, seed=53)
        self.seed(people)
        return send_all(self.service.base_url, latest(people, count))

    def differences(self, sent: list[Sent]) -> list[str]:
        """Return what is not there once, after all was delivered; the mishaps are over then."""
        wait_until_delivered(self.service.base_url)
        return find_differences(self.chart, self.service.base_url, sent)


@pytest.fixture(
    scope="module", params=["everything", "no-transaction", pytest.param("hapi", marks=pytest.mark.hapi)]
)
def wired(request, tmp_path_factory: pytest.TempPathFactory, name_of) -> Iterator[Wired]:
    folder = tmp_path_factory.mktemp("wired")
    with ExitStack() as running:
        ehr, seed = running_ehr(request, folder, running)
        wire = running.enter_context(Wire(ehr))
        own = {
            "ehr_settle_seconds": str(SETTLE_SECONDS),
            "ehr_timeout_seconds": str(TIMEOUT_SECONDS),
            "ehr_auth": "client-secret",
            "ehr_client_id": "alliance",
            "ehr_client_secret": "a-secret-of-no-use",
            "ehr_token_url": f"{wire.base}/token",
        }
        service = Service(folder, ehr_base_url=wire.fhir, ehr_name="wired", **own)
        running.enter_context(service)
        yield Wired(service, wire, running.enter_context(Chart(ehr)), seed, name_of)


def running_ehr(request, folder: Path, running: ExitStack) -> tuple[str, Callable[[DemoClinic], None]]:
    """Return the base of an EHR and how people are made known to it."""
    if request.param == "hapi":
        hapi = request.getfixturevalue("hapi")
        return hapi.fhir, partial(seed_ehr, hapi.fhir)
    sandbox = running.enter_context(SandboxEhr(folder, surface=request.param))
    return sandbox.fhir, lambda people: seed_database(str(sandbox.database), seed_bundle(people))


@pytest.fixture(autouse=True)
def mended(wired: Wired) -> Iterator[None]:
    yield
    wired.wire.turn()


def test_whatever_goes_wrong_everything_arrives_once(wired):
    wired.wire.turn(*QUICK, every=2, at_most=len(QUICK))
    sent = wired.send("together", 45)

    assert wired.differences(sent) == []
    assert wired.wire.met.keys() == set(QUICK)


def test_an_answer_is_lost_while_the_index_lags_behind(wired):
    wired.wire.turn("reset after", "slow commit", every=2, at_most=6, stale_seconds=SETTLE_SECONDS / 3)
    sent = wired.send("stale", 8)

    assert wired.differences(sent) == []
    assert wired.wire.met["stale search"]


def test_the_ehr_is_started_anew_in_the_middle(wired):
    sender = threading.Timer(0.3, lambda: (wired.wire.down(), time.sleep(1.5), wired.wire.up()))
    sender.start()
    sent = wired.send("down", 20)
    sender.join()

    assert wired.differences(sent) == []


def test_tokens_end_in_the_middle(wired):
    wired.wire.turn(token_lives=5)
    sent = wired.send("token", 12)

    assert wired.differences(sent) == []
    assert wired.wire.met["expired token"] >= 2


@pytest.mark.soak
@pytest.mark.parametrize("mishap", sorted(MISHAPS))
def test_what_goes_wrong_with_every_write_loses_and_doubles_nothing(wired, mishap):
    wired.wire.turn(mishap, every=4 if mishap in SLOW else 1)
    sent = wired.send(mishap, 6)

    assert wired.differences(sent) == []
    assert wired.wire.met[mishap]
