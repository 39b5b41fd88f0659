"""Which type a strain has by what people told of it."""

import pytest

from service.alliance.strain_type import KindsTold, type_of


def told(by, *kinds):
    return KindsTold(by, frozenset(kinds))


def test_nobody_told_it():
    assert (type_of([]).type, type_of([told("client")]).source) == ("unknown", "none")


@pytest.mark.parametrize(
    ("kinds", "name"),
    [
        (["withdrawal"], "withdrawal"),
        (["confrontation"], "confrontation"),
        (["withdrawal", "confrontation"], "mixed"),
    ],
)
def test_its_name_is_what_was_seen(kinds, name):
    assert type_of([told("observer", *kinds)]).type == name


def test_what_one_told_of_two_sessions_is_put_together():
    typed = type_of([told("therapist", "withdrawal"), told("therapist", "confrontation")])
    assert (typed.type, typed.source) == ("mixed", "therapist-report")


def test_an_observer_goes_before_a_therapist():
    typed = type_of([told("therapist", "confrontation"), told("observer", "withdrawal")])
    assert (typed.type, typed.source) == ("withdrawal", "observer-3RS")


def test_an_observer_who_named_none_leaves_it_to_the_therapist():
    typed = type_of([told("observer"), told("therapist", "confrontation")])
    assert (typed.type, typed.source) == ("confrontation", "therapist-report")
