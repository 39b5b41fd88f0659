"""Where a named rule's limit lay at a rating that it marked."""

import random

import pytest

from service.alliance.baseline import judge_ratings
from service.alliance.marking import Marking, marking_of
from service.alliance.rules import ALERT_RULES, DEFAULT_RULE, Session, follow_series
from tests.service.alliance.dyads import PARAMETERS, SRS

NAMED = [name for name in ALERT_RULES if name != DEFAULT_RULE]
TINY = 1e-6


def fires(rule, values):
    sessions = [Session(*one) for one in zip(values, judge_ratings(values, SRS, PARAMETERS), strict=True)]
    return follow_series(sessions, SRS, PARAMETERS, [rule])[rule][-1].fired


@pytest.mark.parametrize("rule", NAMED)
def test_the_rule_marks_the_limit_and_less_and_nothing_above(rule):
    chance, seen = random.Random(7), 0  # noqa: S311 - no secret
    for _ in range(40):
        before = [round(chance.gauss(35, 3), 1) for _ in range(chance.randint(3, 8))]
        found = marking_of(rule, [*before, 14.0], SRS, PARAMETERS)
        if found is not None:
            seen += 1
            assert fires(rule, [*before, found.limit - TINY])
            assert not fires(rule, [*before, found.limit + TINY])
    assert seen > 5


def test_it_names_the_mean_and_the_last_of_the_ratings_before():
    found = marking_of("sudden-loss", [36.0, 38.0, 20.0], SRS, PARAMETERS)
    assert (found.rule, round(found.mean, 6), round(found.last, 6)) == ("sudden-loss", 37.0, 38.0)


@pytest.mark.parametrize(("limit", "told"), [(31.85, 31.8), (31.999999999, 32.0), (31.8, 31.8)])
def test_its_limit_is_never_rounded_up(limit, told):
    assert Marking("sudden-loss", limit, 37.0, 38.0).limit_in(1) == told


def test_default_rule_has_a_range_in_its_place():
    assert marking_of(DEFAULT_RULE, [36.0, 37.0, 20.0], SRS, PARAMETERS) is None


@pytest.mark.parametrize("values", [[20.0], [36.0, 36.5]])
def test_there_is_none_where_the_rule_did_not_mark_the_rating(values):
    assert marking_of("cusum", values, SRS, PARAMETERS) is None
