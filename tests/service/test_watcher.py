"""The watcher's thread: with a real clock, since it waits; the EHR is the sandbox in this process."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from service.flows.record_response import record_response
from service.log import Log
from service.store.responses import find_current
from service.watcher import Watcher
from tests.service.build import a_response, an_access
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
    clinic.clock.pass_by(seconds=1)  # news of one instant are one, and the first look may still be under way
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
    clinic.clock.pass_by(seconds=1)  # news of one instant are one, and the first look may still be under way
    watcher.look()
    wait_until(lambda: clinic.states() == ["taken"])
    watcher.stop(5)


def test_without_an_ehr_it_does_nothing(clinic: Clinic) -> None:
    watcher = Watcher(clinic.deployment, None, Log(clinic.log), Woken())
    watcher.start()
    watcher.look()
    watcher.stop(1)
    assert clinic.log.getvalue() == ""


def test_news_told_to_a_process_that_does_not_watch_are_seen(clinic: Clinic) -> None:
    watcher = a_watcher(clinic)
    watcher.start()
    wait_until(lambda: len(clinic.asked) > 1)
    clinic.fill()
    clinic.clock.pass_by(seconds=1)  # as above
    a_watcher(clinic).look()  # as in an `api` beside this `worker`
    wait_until(lambda: clinic.states() == ["taken"])
    watcher.stop(5)


def test_an_encounter_that_a_response_leaves_its_therapist_to_is_looked_up(clinic: Clinic) -> None:
    people = [{"individual": {"reference": "Practitioner/ada"}}]
    clinic.put({"resourceType": "Encounter", "id": "session-7", "participant": people})
    woken = Woken()
    watcher = a_watcher(clinic, woken)
    watcher.start()
    wait_until(lambda: len(clinic.asked) > 1)
    new = a_response(therapist=None, encounter="Encounter/session-7")
    recorded = record_response(clinic.deployment, new, an_access())
    wait_until(lambda: woken.times == 1)
    watcher.stop(5)
    with clinic.deployment.database.read() as tx:
        learnt = find_current(tx, "default", recorded.filled.id)
    assert learnt is not None
    assert learnt.therapist == "Practitioner/ada"


def test_an_ehr_that_is_away_is_not_asked_each_second(clinic: Clinic) -> None:
    new = a_response(therapist=None, encounter="Encounter/session-7")
    record_response(clinic.deployment, new, an_access())
    clinic.away = True
    watcher = a_watcher(clinic)
    watcher.start()
    wait_until(lambda: "look_up_failed" in clinic.log.getvalue())
    time.sleep(1.5)
    watcher.stop(5)
    assert clinic.log.getvalue().count("look_up_failed") == 1


def test_attendance_is_read_where_the_clinic_wants_it(tmp_path: Path) -> None:
    with a_clinic(tmp_path, ehr_attendance=True) as clinic:
        watcher = a_watcher(clinic)
        watcher.start()
        wait_until(lambda: any("/Appointment" in str(one.url) for one in clinic.asked))
        watcher.stop(5)
