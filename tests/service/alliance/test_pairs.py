from dataclasses import replace

import pytest

from service.alliance.pairs import pair_ratings
from tests.service.alliance.dyads import PARAMETERS, points

LENGTH = 48.0


def _named(totals, letter, **facts):
    return [replace(point, key=f"{letter}{point.key[1:]}") for point in points(totals, **facts)]


def _pairs(client, therapist, **facts):
    own, other = _named(client, "c", **facts), _named(therapist, "t", **facts)
    return pair_ratings(own, other, LENGTH, PARAMETERS)


def test_sessions_that_both_rated_stand_side_by_side():
    found = _pairs([50.0, None, 52.0], [44.0, 45.0, 41.0])
    assert [(pair.client.key, pair.therapist.key) for pair in found.pairs] == [("c1", "t1"), ("c3", "t3")]


def test_each_change_is_from_the_own_rating_before():
    last = _pairs([50.0, None, 52.0], [44.0, 45.0, 41.0]).pairs[-1]
    assert (last.client.change, last.therapist.change) == (2.0, -4.0)


def test_first_rating_has_no_change():
    assert _pairs([50.0], [44.0]).pairs[0].client.change is None


def test_own_units_need_three_earlier_ratings():
    found = _pairs([50.0, 52.0, 54.0, 48.0], [44.0] * 4)
    assert [pair.client.own_units for pair in found.pairs] == [None, None, None, pytest.approx(-2.0)]


def test_a_steady_raters_small_step_is_no_leap():
    last = _pairs([50.0] * 4, [44.0, 44.0, 44.0, 43.0]).pairs[-1]
    assert last.therapist.own_units == pytest.approx(-1 / (0.02 * LENGTH))


def test_usual_gap_is_the_median_of_at_least_three_pairs():
    assert _pairs([50.0, 52.0], [44.0, 44.0]).usual_gap is None
    assert _pairs([50.0, 52.0, 60.0], [44.0] * 3).usual_gap == 8.0


def test_without_numbers_the_date_tells_the_session():
    found = _pairs([50.0, 51.0], [44.0, None], numbered=False)
    assert [(pair.client.key, pair.therapist.key) for pair in found.pairs] == [("c1", "t1")]


def test_two_numbers_on_one_date_are_two_sessions():
    (client,), (therapist,) = _named([50.0], "c"), _named([44.0], "t")
    found = pair_ratings([client], [replace(therapist, session_number=2)], LENGTH, PARAMETERS)
    assert found.pairs == ()
