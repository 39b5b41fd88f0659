"""The table of states and moves."""

from typing import get_args

import pytest

from fhir_mappings.alert_states import MOVES, STATES, UNDER_WAY, Act, AlertStatus, acts_on, after, move_of

# The steps that a Task may take, as the project's FHIR notes have them (section 4).
TASK_STEPS = {
    "requested": {"accepted", "rejected", "cancelled"},
    "accepted": {"in-progress", "completed", "rejected", "cancelled"},
    "in-progress": {"in-progress", "on-hold", "completed", "failed", "cancelled"},
}


def test_every_state_has_its_steps_and_every_act_a_move():
    assert set(STATES) == set(get_args(AlertStatus))
    assert {move.act for move in MOVES} == set(get_args(Act))


@pytest.mark.parametrize("move", MOVES, ids=lambda move: f"{move.act}-{move.before}")
def test_every_move_is_a_step_that_a_task_may_take(move):
    assert move.steps.task in TASK_STEPS[STATES[move.before].task]


@pytest.mark.parametrize("act", get_args(Act))
def test_an_act_leads_to_one_state_from_wherever_it_is_legal(act):
    assert {move.after for move in MOVES if move.act == act} == {after(act)}


@pytest.mark.parametrize("status", sorted(set(STATES) - UNDER_WAY))
def test_nothing_moves_an_alert_that_has_ended(status):
    assert acts_on(status) == ()


def test_what_may_follow_is_told():
    assert acts_on("acknowledged") == ("repair-steps", "resolve-repaired", "dismiss")
    assert move_of("resolve-unresolved", "acknowledged") is None
