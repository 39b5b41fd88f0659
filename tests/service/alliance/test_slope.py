import pytest

from service.alliance.slope import Slope, fit_slope
from tests.service.alliance.dyads import PARAMETERS, worked_examples


@pytest.mark.parametrize("example", worked_examples("slope"))
def test_worked_example_is_reproduced(example):
    slope = fit_slope(example["session"], example["total"], PARAMETERS)
    told = (example["slope_per_session"], example["low_95"], example["high_95"])
    assert (slope.per_session, slope.low, slope.high) == pytest.approx(told, abs=0.001)
    assert slope.direction == example["direction"]


def test_rising_series_is_told_rising():
    assert fit_slope(range(1, 8), [30.0, 31, 32, 33, 34, 35, 36], PARAMETERS) == Slope(1.0, 1.0, 1.0, 7)
    assert Slope(1.0, 0.2, 1.4, 7).direction == "rising"


def test_four_ratings_give_no_slope():
    assert fit_slope([1, 2, 3, 4], [30.0, 31, 32, 33], PARAMETERS) is None


def test_ratings_of_one_session_give_no_slope():
    assert fit_slope([3] * 5, [30.0, 31, 32, 33, 34], PARAMETERS) is None


def test_pairs_within_one_session_are_left_out():
    slope = fit_slope([1, 1, 2, 3, 4], [30.0, 39.0, 31.0, 32.0, 33.0], PARAMETERS)
    assert slope.per_session == 1.0
    assert slope.low == -8.0


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="as many session numbers"):
        fit_slope([1, 2], [30.0], PARAMETERS)
