from dataclasses import replace

import pytest

from service.alliance.coverage import NO_NUMBERS, Coverage, Gap, count_coverage, find_gaps
from tests.service.alliance.dyads import PARAMETERS, points


def test_attended_is_the_highest_number_seen():
    coverage = count_coverage(points([36.0, None, 37.0, None]), PARAMETERS)
    assert (coverage.rated, coverage.attended, coverage.share) == (2, 4, 0.5)


def test_sessions_seen_in_another_series_count_as_attended():
    assert count_coverage(points([36.0, 37.0]), PARAMETERS, highest_session=8).share == 0.25


def test_two_forms_of_one_session_are_one_rated_session():
    first, second = points([36.0, 37.0])
    found = count_coverage([first, replace(second, session_number=1)], PARAMETERS)
    assert found == Coverage(1, 1, None, 1, 1, None, 7.0)


@pytest.mark.parametrize("unnumbered", [points([36.0, 37.0], numbered=False), points([None], numbered=False)])
def test_attendance_without_numbers_is_unknown(unnumbered):
    coverage = count_coverage(unnumbered, PARAMETERS)
    assert (coverage.attended, coverage.share, coverage.reason) == (None, None, NO_NUMBERS)


def test_one_rating_without_number_makes_attendance_unknown():
    first, second = points([36.0, 37.0])
    assert count_coverage([first, replace(second, session_number=None)], PARAMETERS, 9).attended is None


def test_two_unrated_sessions_in_a_row_are_a_gap():
    found = find_gaps(points([36.0, None, None, 35.0, None, 36.0]), PARAMETERS)
    assert found == (Gap("r1", "r4", 2, 21),)


def test_more_than_28_days_between_ratings_are_a_gap():
    assert find_gaps(points([36.0, 36.0], days=28), PARAMETERS) == ()
    assert find_gaps(points([36.0, 36.0], days=29), PARAMETERS) == (Gap("r1", "r2", 0, 29),)


def test_gap_by_days_needs_no_numbers():
    found = find_gaps(points([36.0, 36.0], days=40, numbered=False), PARAMETERS)
    assert found == (Gap("r1", "r2", None, 40),)


def test_sessions_before_the_first_and_after_the_last_rating_count():
    found = find_gaps(points([None, None, 36.0]), PARAMETERS, highest_session=6)
    assert found == (Gap(None, "r3", 2, None), Gap("r3", None, 3, None))


def test_numbers_against_the_dates_leave_no_gap():
    first, second = points([36.0, 37.0])
    swapped = [replace(first, session_number=9), replace(second, session_number=1)]
    assert [gap for gap in find_gaps(swapped, PARAMETERS) if gap.after == "r1" and gap.before == "r2"] == []


def test_nothing_rated_has_no_gap():
    assert find_gaps(points([None, None, None]), PARAMETERS) == ()


def test_first_three_sessions_are_counted_apart():
    coverage = count_coverage(points([36.0, None, 37.0, 36.0]), PARAMETERS)
    assert (coverage.first_rated, coverage.first_attended) == (2, 3)


def test_fewer_sessions_than_three_are_counted_as_they_are():
    coverage = count_coverage(points([36.0, None]), PARAMETERS)
    assert (coverage.first_rated, coverage.first_attended) == (1, 2)


def test_cadence_is_the_median_step_from_rating_to_rating():
    coverage = count_coverage(points([36.0, None, None, 37.0, None, None, 36.0, 36.0]), PARAMETERS)
    assert (coverage.sessions_between, coverage.days_between) == (3.0, 21.0)


def test_one_rating_has_no_cadence():
    coverage = count_coverage(points([36.0, None]), PARAMETERS)
    assert (coverage.sessions_between, coverage.days_between) == (None, None)


def test_recorded_attendance_counts_before_the_session_number():
    late = [replace(point, place=point.session_number + 2) for point in points([36.0, 37.0])]
    assert count_coverage(late, PARAMETERS, 5).attended == 5
    assert [(gap.after, gap.unrated_sessions) for gap in find_gaps(late, PARAMETERS, 4)] == [(None, 2)]
