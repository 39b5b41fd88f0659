"""The circuit breaker: how long an EHR in trouble is left alone."""

from datetime import timedelta

import pytest

from service.ehr.breaker import Breaker
from tests.service.build import StandingClock

Outcome = tuple[bool, float | None]
WELL: Outcome = (True, None)
LOST: Outcome = (False, None)
DOWN: Outcome = (False, 0.0)


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def breaker(clock: StandingClock) -> Breaker:
    return Breaker(clock)


def pauses(breaker: Breaker, clock: StandingClock, outcomes: list[Outcome]) -> list[float]:
    """How long the lane rests after each outcome, in seconds."""
    found = []
    for outcome in outcomes:
        breaker.note(well=outcome[0], pause_seconds=outcome[1])
        start = clock.moment
        while not breaker.may_go():
            clock.moment += timedelta(seconds=1)
        breaker.pass_on()
        found.append((clock.moment - start).total_seconds())
    return found


def test_each_pause_in_a_row_is_twice_the_last_up_to_a_minute(breaker: Breaker, clock: StandingClock) -> None:
    assert pauses(breaker, clock, [DOWN] * 8) == [
        1,
        2,
        4,
        8,
        16,
        32,
        60,
        60,
    ]


def test_an_answer_ends_the_pauses(breaker: Breaker, clock: StandingClock) -> None:
    assert pauses(breaker, clock, [DOWN, DOWN, WELL, DOWN]) == [1, 2, 0, 1]


def test_the_ehrs_own_word_is_kept(breaker: Breaker, clock: StandingClock) -> None:
    throttled = (False, 30.0)
    assert pauses(breaker, clock, [throttled]) == [30]


def test_only_several_lost_answers_in_a_row_are_the_ehrs_trouble(
    breaker: Breaker, clock: StandingClock
) -> None:
    assert pauses(breaker, clock, [LOST, LOST, WELL, LOST, LOST, LOST]) == [0, 0, 0, 0, 0, 1]


def test_after_a_pause_one_goes_first(breaker: Breaker, clock: StandingClock) -> None:
    breaker.note(well=False, pause_seconds=0.0)
    clock.pass_by(seconds=1)
    assert breaker.may_go()
    clock.pass_by(minutes=1)
    assert not breaker.may_go()


def test_one_that_had_nothing_to_send_gives_its_turn_back(breaker: Breaker, clock: StandingClock) -> None:
    breaker.note(well=False, pause_seconds=0.0)
    clock.pass_by(seconds=1)
    breaker.may_go()
    breaker.pass_on()
    assert breaker.may_go()


def test_a_probe_that_fails_opens_it_again_and_one_that_is_answered_closes_it(
    breaker: Breaker, clock: StandingClock
) -> None:
    breaker.note(well=False, pause_seconds=0.0)
    clock.pass_by(seconds=1)
    breaker.may_go()
    breaker.note(well=False, pause_seconds=0.0)
    assert (breaker.is_open, breaker.may_go(), breaker.has_answered) == (True, False, False)
    breaker.note(well=True)
    assert (breaker.is_open, breaker.may_go(), breaker.has_answered) == (False, True, True)
