"""The worker's threads: with a real clock, since they wait; the EHR is in memory."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from service.clock import system_clock
from service.http import Http
from service.log import Log
from service.worker import Worker
from tests.service.ehr.fake_ehr import Fault
from tests.service.flows.delivering import Bench, a_bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path) as made:
        made.clock.moment = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
        yield made


def a_worker(bench: Bench, http: Http) -> Worker:
    bench.ehr.clock = system_clock
    return Worker(replace(bench.deployment, clock=system_clock), http, Log(bench.log))


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.02)


def is_all_confirmed(bench: Bench) -> bool:
    return set(bench.states()) == {"confirmed"}


def test_it_delivers_what_is_due_and_stops(bench: Bench) -> None:
    bench.record(6)
    bench.record(7)
    worker = a_worker(bench, bench.http)
    worker.start()
    wait_until(lambda: is_all_confirmed(bench))
    worker.stop(5)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("deliver-")]
    assert len(bench.ehr.found("QuestionnaireResponse")) == 2


def test_it_wakes_for_what_is_queued_later(bench: Bench) -> None:
    worker = a_worker(bench, bench.http)
    bench.record()
    worker.start()
    wait_until(lambda: is_all_confirmed(bench))
    bench.record(8)
    worker.wake()
    wait_until(lambda: len(bench.ehr.found("QuestionnaireResponse")) == 2)
    worker.stop(5)


def test_without_an_ehr_it_does_nothing(tmp_path: Path) -> None:
    with a_bench(tmp_path) as bench:
        settings = bench.deployment.settings.model_copy(update={"ehr_base_url": None})
        worker = Worker(replace(bench.deployment, settings=settings), bench.http, Log(bench.log))
        worker.start()
        worker.wake()
        worker.stop(1)
        assert bench.log.getvalue() == ""
        assert bench.states() == []


def test_an_ehr_that_is_down_is_not_hammered(bench: Bench) -> None:
    bench.ehr.faults = [Fault(refuses=True)] * 50
    bench.record()
    worker = a_worker(bench, bench.http)
    worker.start()
    time.sleep(2.5)
    worker.stop(5)
    assert 1 <= 50 - len(bench.ehr.faults) <= 4
    assert "confirmed" not in bench.states()


def test_a_sign_in_that_fails_is_told_and_nothing_is_lost(bench: Bench) -> None:
    bench.ehr.faults = [Fault(401, body=b'{"error": "invalid_client"}')] * 50
    changes = {
        "ehr_auth": "client-secret",
        "ehr_client_id": "us",
        "ehr_client_secret": SecretStr("s"),
        "ehr_token_url": "http://localhost:8095/fhir/token",
    }
    settings = bench.deployment.settings.model_copy(update=changes)
    bench.record()
    worker = Worker(
        replace(bench.deployment, settings=settings, clock=system_clock), bench.http, Log(bench.log)
    )
    worker.start()
    wait_until(lambda: bool(worker.ehr_troubles()))
    worker.stop(5)
    told = "the EHR's token endpoint refused our client id or secret (invalid_client)"
    assert worker.ehr_troubles() == (told,)
    assert bench.states() == ["pending"]
    assert not bench.ehr.found("QuestionnaireResponse")


def test_the_log_names_deliveries_and_nobody(bench: Bench) -> None:
    bench.record()
    worker = a_worker(bench, bench.http)
    worker.start()
    wait_until(lambda: is_all_confirmed(bench))
    worker.stop(5)
    assert "delivery_confirmed" in bench.log.getvalue()
    assert not [word for word in ("anna", "localhost", "/fhir") if word in bench.log.getvalue()]
