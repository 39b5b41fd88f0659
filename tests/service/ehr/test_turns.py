"""Requests to one EHR at a time, and who is next."""

import threading

from service.ehr.turns import Turns


def happens(act, seconds: float = 5.0) -> bool:
    """Whether another thread does this within so long; it is left alone where it does not."""
    done = threading.Event()

    def run() -> None:
        act()
        done.set()

    threading.Thread(target=run, daemon=True).start()
    return done.wait(seconds)


def take_one(turns: Turns) -> None:
    with turns.one():
        pass


def test_no_more_requests_than_that_are_on_their_way() -> None:
    turns = Turns(1)
    with turns.one():
        assert not happens(lambda: take_one(turns), 0.05)

    assert happens(lambda: take_one(turns))


def test_two_more_than_are_on_their_way_may_be_near() -> None:
    turns = Turns(1)
    for _ in range(3):
        assert happens(turns.come_near)
    assert not happens(turns.come_near, 0.05)


def test_who_is_near_sends_without_coming_near_again() -> None:
    turns = Turns(1)
    assert happens(turns.come_near)
    assert happens(turns.come_near)
    turns.come_near()
    turns.come_near()

    take_one(turns)

    assert happens(turns.come_near)
    assert not happens(turns.come_near, 0.05)


def test_who_is_not_near_cannot_make_room() -> None:
    turns = Turns(1)
    turns.go()
    for _ in range(3):
        assert happens(turns.come_near)
    assert not happens(turns.come_near, 0.05)


def test_without_a_limit_everybody_goes() -> None:
    turns = Turns(None)
    with turns.one():
        assert happens(lambda: take_one(turns))
