"""The threads of several clinics end together, and many clinics look about more seldom."""

import io
import threading
import time

import pytest

from service.background import end_together, open_backgrounds, pace_of, running
from service.log import Log
from service.sealer import sealer_of_nobody
from tests.service.two_clinics import NORTH, SOUTH, of_clinic


class Slow:
    """What takes its time to end once it was told."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._told = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        self._told.wait()
        time.sleep(self._seconds)

    def leave(self) -> None:
        self._told.set()

    def stop(self, drain_seconds: float) -> None:
        self.leave()
        self._thread.join(drain_seconds)


def seconds_to_end(slow: list[Slow], within: float) -> float:
    begun = time.monotonic()
    end_together(slow, within)
    return time.monotonic() - begun


def test_what_takes_a_while_in_every_clinic_takes_it_once():
    assert 0.5 <= seconds_to_end([Slow(0.5) for _ in range(8)], 20.0) < 3


def test_what_hangs_in_every_clinic_is_left_after_one_time_for_all():
    assert seconds_to_end([Slow(20.0) for _ in range(8)], 0.5) < 3


def test_all_threads_of_all_clinics_end(deployment):
    log = Log(io.StringIO())
    both = [of_clinic(deployment, one) for one in (NORTH, SOUTH)]
    before = set(threading.enumerate())
    with open_backgrounds(both, log) as made, running(made, sealer_of_nobody(both[0], log)):
        during = set(threading.enumerate()) - before

    assert during
    assert not any(one.is_alive() for one in during)


@pytest.mark.parametrize(("clinics", "pace"), [(1, 1.0), (10, 1.0), (50, 5.0)])
def test_many_clinics_look_about_more_seldom(clinics, pace):
    assert pace_of(clinics) == pace
