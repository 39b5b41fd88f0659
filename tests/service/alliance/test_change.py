from math import sqrt

import pytest

from service.alliance.change import judge_change
from tests.service.alliance.dyads import PARAMETERS, SRS, points


def _change(before, now, norm=SRS):
    return judge_change(*points([before, now]), norm, PARAMETERS)


@pytest.mark.parametrize(
    ("before", "now", "verdict"),
    [(30.0, 34.8, "better"), (30.0, 34.7, "same"), (34.8, 30.0, "worse"), (30.0, 30.0, "same")],
)
def test_only_more_than_measurement_error_is_a_change(before, now, verdict):
    assert _change(before, now).verdict == verdict


def test_what_was_needed_and_the_reliability_come_along():
    change = _change(30.0, 36.0)
    assert change.needed == pytest.approx(1.96 * sqrt(2) * 1.7)
    assert (change.points, change.reliability, change.sem) == (6.0, 0.88, 1.7)
    assert change.basis == SRS.sem_basis


def test_without_norm_or_value_there_is_no_change():
    assert _change(30.0, 36.0, norm=None) is None
    assert _change(None, 36.0) is None
    assert _change(36.0, None) is None
