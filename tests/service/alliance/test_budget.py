"""The budget of notices, and the threshold that would keep to it."""

from dataclasses import replace

import pytest

from service.alliance.budget import per_hundred, propose_threshold
from service.alliance.events import Rated
from tests.service.alliance.dyads import PARAMETERS, judgement


def dyad(name, z):
    """Return one dyad whose only signal has this z."""
    tier = "marked" if z >= PARAMETERS.marked_z else "possible"
    return [Rated(name, "srs", 30.0, judgement(tier, z, 6.0))]


DYADS = [dyad("a", 2.1), dyad("b", 2.4), dyad("c", 2.7), dyad("d", 3.4)]
KEYS = {"a", "b", "c", "d"}


def proposed(rated_sessions, **changes):
    found = propose_threshold(DYADS, KEYS, rated_sessions, replace(PARAMETERS, **changes))
    return found.alert_z, found.per_100, found.is_within_budget


def test_the_rate_is_per_hundred_rated_sessions():
    assert (per_hundred(3, 60), per_hundred(0, 0)) == (5.0, None)


@pytest.mark.parametrize(("rated_sessions", "expected"), [(60, (2.2, 5.0)), (40, (2.5, 5.0))])
def test_the_lowest_threshold_within_the_budget_is_proposed(rated_sessions, expected):
    assert proposed(rated_sessions) == (*expected, True)


def test_where_none_is_within_it_the_highest_is_proposed_and_says_so():
    assert proposed(10) == (3.0, 10.0, False)


def test_historical_and_uncounted_notices_do_not_count():
    past = [replace(one, historical=True) for one in DYADS[3]]
    found = propose_threshold([past, DYADS[2]], {"d"}, 10, PARAMETERS)
    assert found.per_100 == 0.0
