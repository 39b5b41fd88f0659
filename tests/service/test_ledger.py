import pytest

from service.errors import ImpossibleStep
from service.ledger import TRANSITIONS, Event, State, delivery_state, is_parked, step


def test_only_a_frozen_part_becomes_sent() -> None:
    assert {before for (before, _), after in TRANSITIONS.items() if after is State.SENT} == {State.PENDING}


def test_a_part_whose_answer_is_lost_is_never_pending_at_once() -> None:
    assert step(State.SENT, Event.ANSWER_LOST) is State.UNKNOWN
    assert step(State.SENT, Event.OWNER_LOST) is State.UNKNOWN


def test_an_unknown_part_leaves_only_by_a_search_or_a_person() -> None:
    events = {event for before, event in TRANSITIONS if before is State.UNKNOWN}
    searches = {Event.FOUND, Event.ABSENT, Event.REFUSED, Event.UNSETTLED}
    assert events == searches | {Event.RELEASED, Event.SEEN_THERE, Event.GIVEN_UP}


@pytest.mark.parametrize("final", [State.CONFIRMED, State.DISCARDED])
def test_nothing_leads_out_of_a_final_state(final: State) -> None:
    assert not [event for before, event in TRANSITIONS if before is final]


def test_every_other_state_can_be_given_up_or_ends_by_itself() -> None:
    stuck = {State.SENT, State.CONFIRMED, State.DISCARDED}
    assert all((state, Event.GIVEN_UP) in TRANSITIONS for state in State if state not in stuck)


def test_a_step_that_the_table_lacks_is_refused() -> None:
    with pytest.raises(ImpossibleStep) as refused:
        step(State.CONFIRMED, Event.FROZEN)
    assert str(refused.value) == "confirmed and frozen"


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([], State.PENDING),
        ([State.CONFIRMED, State.CONFIRMED], State.CONFIRMED),
        ([State.CONFIRMED, State.PENDING], State.PENDING),
        ([State.CONFIRMED, State.UNKNOWN, State.PENDING], State.UNKNOWN),
        ([State.SENT, State.UNKNOWN], State.SENT),
        ([State.REJECTED, State.PENDING], State.REJECTED),
        ([State.DISCARDED, State.CONFIRMED], State.CONFIRMED),
    ],
)
def test_a_delivery_is_as_far_as_its_worst_part(parts: list[State], expected: State) -> None:
    assert delivery_state(parts) is expected


def test_unknown_is_parked_only_once_it_says_why() -> None:
    assert not is_parked(State.UNKNOWN, "")
    assert is_parked(State.UNKNOWN, "the EHR holds more than one of it")
