"""Of several watchers one looks at a time, none before it is due, and news are lost to nobody."""

import pytest

from service.flows.deployment import Deployment
from service.flows.watch import LEASE_SECONDS, Watch
from tests.service.build import StandingClock

EVERY = 60.0


def a_watch(deployment: Deployment, owner: str) -> Watch:
    return Watch(deployment, "default", "ehr", owner, EVERY)


@pytest.fixture
def two(deployment: Deployment) -> tuple[Watch, Watch]:
    return a_watch(deployment, "first"), a_watch(deployment, "second")


def test_the_first_look_is_due_at_once_and_is_one(two: tuple[Watch, Watch]) -> None:
    first, second = two
    assert first.begin()
    assert not second.begin()
    first.end()
    assert not second.begin()


def test_the_next_is_due_after_a_while_whoever_looks(two: tuple[Watch, Watch], clock: StandingClock) -> None:
    first, second = two
    first.begin()
    first.end()
    clock.pass_by(seconds=EVERY)
    assert second.begin()
    assert not first.begin()


def test_news_told_to_one_make_the_other_look(two: tuple[Watch, Watch]) -> None:
    first, second = two
    first.begin()
    first.end()
    first.tell()
    assert second.begin()
    second.end()
    assert not second.begin()


def test_news_told_during_a_look_make_another_one_due(two: tuple[Watch, Watch], clock: StandingClock) -> None:
    first, second = two
    first.begin()
    clock.pass_by(seconds=1)
    second.tell()
    assert not second.begin()
    first.end()
    assert second.begin()


def test_who_died_over_a_look_keeps_the_others_waiting_for_the_lease_alone(
    two: tuple[Watch, Watch], clock: StandingClock
) -> None:
    first, second = two
    first.tell()
    first.begin()
    clock.pass_by(seconds=LEASE_SECONDS - 1)
    assert not second.begin()
    clock.pass_by(seconds=1)
    assert second.begin()  # the news are still to be looked for


def test_a_long_look_keeps_its_lease(two: tuple[Watch, Watch], clock: StandingClock) -> None:
    first, second = two
    first.begin()
    for _ in range(5):
        clock.pass_by(seconds=LEASE_SECONDS / 2)
        first.still()
    second.tell()
    assert not second.begin()


def test_one_who_lost_its_lease_takes_it_from_nobody(two: tuple[Watch, Watch], clock: StandingClock) -> None:
    first, second = two
    first.begin()
    clock.pass_by(seconds=LEASE_SECONDS)
    second.begin()
    first.still()
    first.end()
    first.tell()
    assert not first.begin()
