from dataclasses import replace

import pytest

from service.alliance.criteria import CRITERIA, Dip, look_back, segment_starts
from tests.service.alliance.dyads import PARAMETERS, SRS

NORM = replace(SRS, sem=1.0, sd_within=2.0)


def _found(name, *totals):
    return look_back(name, totals, NORM, PARAMETERS)


@pytest.mark.parametrize("name", CRITERIA)
def test_steady_ratings_hold_nothing(name):
    assert _found(name, *[36.0] * 8) == []


@pytest.mark.parametrize("name", CRITERIA)
def test_too_few_ratings_hold_nothing(name):
    assert _found(name, 38.0) == []


@pytest.mark.parametrize(
    "name", ["stiles-like", "strauss-like", "gumz-like-1", "mclaughlin-like", "stevens-like"]
)
def test_one_dip_and_its_return_are_found(name):
    assert _found(name, 37, 37, 37, 37, 37, 37, 29, 37, 37) == [Dip(6, 7)]


def test_walk_goes_on_after_the_window_where_nothing_returned():
    assert _found("mclaughlin-like", 37, 30, 30, 30, 30, 26) == [Dip(1, None), Dip(5, None)]


def test_walk_goes_on_after_the_return():
    assert _found("mclaughlin-like", 37, 30, 37, 30, 37) == [Dip(1, 2), Dip(3, 4)]


def test_long_decline_counts_from_its_start():
    assert _found("gumz-like-2", 38, 37, 36, 35, 33, 38) == [Dip(4, 5)]


def test_stevens_like_falls_by_a_point_of_each_item():
    assert _found("stevens-like", 36, 32.1) == []
    assert _found("stevens-like", 36, 32) == [Dip(1, None)]


def test_control_chart_falls_below_its_limit():
    assert _found("lipner-like", 36, 36, 36, 36, 36, 36, 36, 31, 36) == [Dip(7, 8)]
    assert _found("chart-3-back", 36, 36, 36, 36, 36, 36, 36, 36, 33, 36) == [Dip(8, 9)]


def test_partition_cuts_where_the_level_changes():
    assert segment_starts([36, 36, 36, 28, 28, 28, 36, 36], penalty=5) == [0, 3, 6]
    assert _found("partition", 36, 36, 36, 28, 28, 28, 36, 36) == [Dip(3, 6)]


def test_dip_of_the_pooled_baseline_returns_by_half():
    assert _found("own-baseline-pooled", 37, 37, 37, 37, 28, 36, 37) == [Dip(4, 5)]
