"""The service is killed while it sends, again and again: each time it is searched for and sent once more.

An ended process tells nothing of the EHR, unlike an answer that was lost: after two of those a person looks.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service.ehr.fake_ehr import PLAIN, Fault, Surface
from tests.service.flows.delivering import SETTLE_SECONDS, Bench, Crash, CrashPlan, a_bench

LOST_AND_UNSEEN = Fault()
_LONG_ENOUGH = 3 * SETTLE_SECONDS


@pytest.fixture(params=[Surface(), PLAIN], ids=["transaction", "one-by-one"])
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Bench]:
    with a_bench(tmp_path, surface=request.param) as made:
        yield made


@pytest.mark.parametrize("deaths", [1, 2, 6])
def test_however_often_it_died_before_it_sent_the_chart_gets_it_once(bench: Bench, deaths: int) -> None:
    bench.record()
    for _ in range(deaths):
        _die(bench, "frozen")
    _live(bench)
    assert bench.states() == ["confirmed"]
    assert len(bench.ehr.found("QuestionnaireResponse")) == 1
    assert len(bench.ehr.found("Observation")) == 6
    assert bench.outcomes().count("search sent-again") == deaths


@pytest.mark.parametrize("deaths", [1, 2, 5])
def test_however_often_it_died_after_it_arrived_it_is_found(bench: Bench, deaths: int) -> None:
    bench.record()
    for _ in range(deaths - 1):
        _die(bench, "frozen")
    _die(bench, "answered")
    _live(bench)
    assert bench.states() == ["confirmed"]
    assert len(bench.ehr.found("QuestionnaireResponse")) == 1


def test_after_seven_deaths_a_person_must_look(bench: Bench) -> None:
    bench.record()
    for _ in range(7):
        _die(bench, "frozen")
    _live(bench)
    assert bench.only().parked
    assert bench.only().reason == "not in the EHR, and this service ended each time it sent it"
    assert bench.ehr.writes == []


def test_an_answer_lost_after_a_death_is_one_too_many(bench: Bench) -> None:
    bench.record()
    _die(bench, "frozen")
    bench.ehr.faults = [LOST_AND_UNSEEN]
    _live(bench)
    assert bench.only().reason == "not in the EHR after it was sent twice"
    assert len(bench.ehr.writes) == 1


def _die(bench: Bench, moment: str) -> None:
    """Start, go on until that moment comes, and die there."""
    bench.crash_point = CrashPlan({0}, moment)
    bench.restart()
    with pytest.raises(Crash):
        bench.deliver_all(_LONG_ENOUGH)


def _live(bench: Bench) -> None:
    bench.crash_point = lambda _: None
    bench.restart()
    bench.deliver_all(_LONG_ENOUGH)
