"""Guesses are counted by address and minute."""

import pytest

from service.api.misses import Misses


class Seconds:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds():
    return Seconds()


@pytest.fixture
def misses(seconds):
    return Misses(3, seconds)


def test_an_address_is_over_once_it_missed_as_often_as_it_may(misses):
    for _ in range(2):
        misses.add("192.0.2.1")
    before = misses.is_over("192.0.2.1")
    misses.add("192.0.2.1")

    assert (before, misses.is_over("192.0.2.1"), misses.is_over("192.0.2.2")) == (False, True, False)


def test_the_next_minute_begins_anew(misses, seconds):
    for _ in range(3):
        misses.add("192.0.2.1")
    seconds.now = 60.0

    assert not misses.is_over("192.0.2.1")


def test_addresses_of_one_household_are_one(misses):
    for host in ("2001:db8::1", "2001:db8::2", "2001:db8::3"):
        misses.add(host)

    assert (misses.is_over("2001:db8::4"), misses.is_over("2001:db8:0:1::4")) == (True, False)


def test_what_is_no_address_is_counted_together(misses):
    for name in ("unknown", "", "testclient"):
        misses.add(name)

    assert misses.is_over("elsewhere")
