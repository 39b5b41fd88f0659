from dataclasses import replace

import pytest

from service.alliance.trend import SeriesContext, describe_series
from tests.service.alliance.dyads import PARAMETERS, SRS, points, world
from tests.service.alliance.forbidden import forbidden_in


def _trend(totals, norm=SRS, **facts):
    return describe_series(points(totals), norm, PARAMETERS, SeriesContext(**facts))


def test_every_point_stays_and_rated_ones_are_judged():
    trend = _trend([36.2, None, 37.0, 28.0])
    assert [judged.point.key for judged in trend.points] == ["r1", "r2", "r3", "r4"]
    assert trend.points[1].judgement is None
    assert trend.points[3].judgement.tier == "marked"


def test_level_is_a_first_impression_until_four_ratings():
    assert _trend([36.0] * 3).level.first_impression
    assert not _trend([36.0] * 4).level.first_impression


def test_level_carries_its_range():
    level = _trend([36.2, 37.0, 36.4]).level
    assert level.low < level.value < level.high


def test_form_without_norm_has_a_slope_but_no_judgement():
    trend = _trend([40.0, 41, 42, 43, 44, 45], norm=None, maximum=60)
    assert (trend.norm, trend.level, trend.usual_next) == (None, None, None)
    assert {judged.judgement for judged in trend.points} == {None}
    assert (trend.slope.per_session, trend.at_maximum_share, trend.low_start) == (1.0, 0.0, False)
    assert "No norm for this form yet: its course is shown, but not judged." in trend.notes


def test_unknown_maximum_gives_no_ceiling_share():
    assert _trend([60.0], norm=None).at_maximum_share is None


def test_slope_needs_session_numbers():
    trend = describe_series(points([36.0] * 6, numbered=False), SRS, PARAMETERS)
    assert trend.slope is None
    assert "No slope: session numbers are missing." in trend.notes


def test_slope_of_one_session_says_why_not():
    one_session = [replace(point, session_number=1) for point in points([36.0] * 6)]
    trend = describe_series(one_session, SRS, PARAMETERS)
    assert "No slope: the ratings share one session number." in trend.notes


def test_nothing_rated_is_said_and_nothing_else():
    trend = _trend([None, None])
    assert (trend.level, trend.usual_next, trend.slope, trend.at_maximum_share) == (None, None, None, None)
    assert trend.notes == ("Nothing was rated yet.",)


@pytest.mark.parametrize(
    ("totals", "note"),
    [
        ([36.0], "1 of 1 attended session rated."),
        ([36.0, 36.0, None], "2 of 3 attended sessions rated: strain is easily missed."),
        ([36.0, None, None], "1 of 3 attended sessions rated: no signal means little here."),
        ([36.0, 36.0, 36.0], "First impression: 3 ratings so far."),
        ([24.0], "Low start: the first rating lies below the lowest tenth of first ratings in the norm."),
        ([40.0, 36.0], "At least half of the ratings are at the maximum: the scale cannot show more."),
        ([36.0] * 4, "No slope yet: it needs 5 ratings."),
        ([36.0, 36.1, 35.9, 36.0, 36.1], "No clear direction: 0.01 points per attended session (interval "),
        (
            [38.0, 37, 36, 35, 34, 33],
            "Falling: \N{MINUS SIGN}1.00 points per attended session (interval \N{MINUS SIGN}1.00 to ",
        ),
        (
            [36.0, None, None, 36.0],
            (
                "Gap: 2 attended sessions unrated, 21 days between ratings, after session 1. "
                "A dip that came and went there cannot be seen."
            ),
        ),
        (
            [None, None, 36.0],
            "Gap: 2 attended sessions unrated, before the first rating. How it began cannot be seen.",
        ),
        (
            [36.0, None, None],
            "Gap: 2 attended sessions unrated, after session 1. How it went on since cannot be seen.",
        ),
        ([None, 36.0, 36.0], "2 of the first 3 sessions rated: the own baseline starts late."),
        ([None], "Nothing was rated yet."),
        (
            [30.0, 36.0],
            (
                "6.0 points from the first rating to the last: better by more than measurement error "
                "(at least 4.7, reliability .88)."
            ),
        ),
        (
            [36.0, 34.0],
            (
                "\N{MINUS SIGN}2.0 points from the first rating to the last: within measurement error "
                "(less than 4.7, reliability .88)."
            ),
        ),
        ([36.0], "Judged with an assumed norm (srs-3-total|assumed-1), not with this clinic's own."),
    ],
)
def test_notes_say_what_the_figures_cannot_carry(totals, note):
    notes = _trend(totals).notes
    assert [told for told in notes if told.startswith(note)] != []
    assert forbidden_in(" ".join(notes)) == []


def test_gap_without_numbers_is_named_by_its_date():
    trend = describe_series(points([36.0, 36.0], numbered=False, days=40), SRS, PARAMETERS)
    gap = "Gap: 40 days between ratings, after the rating of 2026-02-14."
    assert f"{gap} A dip that came and went there cannot be seen." in trend.notes
    assert "2 ratings; attended sessions are not known: session numbers are missing." in trend.notes


def test_fitted_norm_is_named_without_a_warning():
    norm = world("base").norm
    assert f"Judged with the norm {norm.reference}." in _trend([36.0], norm=norm).notes


def test_full_coverage_has_no_warning():
    assert "4 of 4 attended sessions rated." in _trend([36.0] * 4).notes


def test_sessions_of_the_dyad_count_as_attended():
    assert _trend([36.0, 36.0], attended=10).coverage.attended == 10


def test_missed_appointments_are_told_without_a_reason():
    notes = _trend([36.0], missed=1, late_cancelled=2).notes
    assert "1 appointment missed, 2 appointments cancelled late." in notes
    assert forbidden_in(" ".join(notes)) == []


def test_item_that_stays_lowest_is_named():
    marks = [{"item-1": 9.0, "item-2": 7.9}] * 3
    trend = _trend([36.0] * 3, marks=marks, item_names={"item-2": "Goals and topics"})
    assert "Goals and topics was lowest by a point or more in 3 of the last 3 ratings." in trend.notes


def test_change_needs_two_ratings_and_a_norm():
    assert (_trend([36.0]).first_to_last, _trend([36.0]).last_to_this) == (None, None)
    assert _trend([36.0, 30.0], norm=None).first_to_last is None


def test_change_is_told_from_first_to_last_and_from_the_rating_before():
    trend = _trend([30.0, 38.0, 37.0])
    assert (trend.first_to_last.earlier, trend.first_to_last.verdict) == ("r1", "better")
    assert (trend.last_to_this.earlier, trend.last_to_this.verdict) == ("r2", "same")


def test_slope_counts_attended_sessions_where_they_are_recorded():
    numbered_twice = [
        replace(point, session_number=2 * point.session_number, place=point.session_number)
        for point in points([30.0, 31.0, 32.0, 33.0, 34.0])
    ]
    assert describe_series(numbered_twice, SRS, PARAMETERS).slope.per_session == 1.0
