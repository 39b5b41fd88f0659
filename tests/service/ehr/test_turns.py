"""Requests to one EHR at a time: who has a turn keeps it until its request is over."""

import threading

from service.ehr.turns import Turns


def taken_by_another(turns: Turns, seconds: float = 0.05) -> bool:
    """Whether another thread gets a turn within so long; it gives it back."""
    got = threading.Event()

    def take() -> None:
        with turns.one():
            got.set()

    threading.Thread(target=take, daemon=True).start()
    return got.wait(seconds)


def test_a_turn_is_nobody_elses_until_it_is_given_back() -> None:
    turns = Turns(1)
    turns.take()
    assert not taken_by_another(turns)

    turns.give_back()

    assert taken_by_another(turns, 5)


def test_a_turn_that_was_taken_before_is_that_of_the_next_request() -> None:
    turns = Turns(1)
    turns.take()
    turns.take()

    with turns.one():
        assert not taken_by_another(turns)

    assert taken_by_another(turns, 5)


def test_a_turn_that_nobody_took_cannot_be_given_back() -> None:
    turns = Turns(1)
    turns.give_back()
    turns.take()

    assert not taken_by_another(turns)


def test_without_a_limit_everybody_goes() -> None:
    turns = Turns(None)
    turns.take()

    assert taken_by_another(turns, 5)
