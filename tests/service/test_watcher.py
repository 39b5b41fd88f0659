"""The watcher's thread: with a real clock, since it waits; the EHR is the sandbox in this process."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from service.log import Log
from service.watcher import Watcher
from tests.service.flows.taking_in import Clinic, a_clinic


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    with a_clinic(tmp_path) as made:
        yield made


class Woken:
    """Counts how often the worker was woken."""

    times = 0

    def __call__(self) -> None:
        self.times += 1


def a_watcher(clinic: Clinic, woken: Callable[[], None] = Woken()) -> Watcher:  # noqa: B008 - counts nothing
    return Watcher(clinic.deployment, clinic.client, Log(clinic.log), woken)


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.02)


def test_it_looks_at_once_and_wakes_the_worker(clinic: Clinic) -> None:
    clinic.fill()
    woken = Woken()
    watcher = a_watcher(clinic, woken)
    watcher.start()
    wait_until(lambda: clinic.states() == ["taken"])
    watcher.stop(5)
    assert woken.times == 1


def test_news_make_it_look_long_before_its_time(clinic: Clinic) -> None:
    watcher = a_watcher(clinic)
    watcher.start()
    wait_until(lambda: len(clinic.asked) > 1)
    clinic.fill()
    watcher.look()
    wait_until(lambda: clinic.states() == ["taken"])
    watcher.stop(5)


def test_an_ehr_in_trouble_is_noted_and_asked_again(clinic: Clinic) -> None:
    clinic.instead["metadata"] = httpx.Response(503)
    clinic.fill()
    watcher = a_watcher(clinic)
    watcher.start()
    wait_until(lambda: "status-503" in clinic.log.getvalue())
    clinic.instead.clear()
    watcher.look()
    wait_until(lambda: clinic.states() == ["taken"])
    watcher.stop(5)


def test_without_an_ehr_it_does_nothing(clinic: Clinic) -> None:
    watcher = Watcher(clinic.deployment, None, Log(clinic.log), Woken())
    watcher.start()
    watcher.look()
    watcher.stop(1)
    assert clinic.log.getvalue() == ""
