from dataclasses import replace
from math import sqrt

import pytest

from service.alliance.baseline import is_low_start, judge_ratings, outlook
from service.alliance.episodes import follow_dyad
from tests.service.alliance.dyads import PARAMETERS, SRS, rated, shipped, worked_examples

EXAMPLES = worked_examples("default_rule")
TITLES = [example["title"] for example in EXAMPLES]
FIGURES = ("earlier", "level", "expected", "spread", "usual_low", "usual_high", "z", "fall")


def _norm(example):
    return shipped(example["norm_id"].removesuffix("-total"))


@pytest.mark.parametrize("example", EXAMPLES, ids=TITLES)
def test_worked_example_is_reproduced(example):
    told = [row for row in example["per_session"] if row is not None]
    judged = [rating.judgement for rating in rated(example["totals"], _norm(example))]
    assert [judgement.tier for judgement in judged] == [row["tier"] for row in told]
    for judgement, row in zip(judged, told, strict=True):
        expected = row | {"earlier": row["earlier_ratings"]}
        found = {name: getattr(judgement, name) for name in FIGURES}
        assert found == pytest.approx({name: expected[name] for name in FIGURES}, abs=0.001)


@pytest.mark.parametrize("example", EXAMPLES, ids=TITLES)
def test_worked_example_gives_its_notices(example):
    episodes = follow_dyad(rated(example["totals"], _norm(example)), PARAMETERS)
    told = [
        (notice.key, notice.kind, notice.severity, episode.repaired_after(notice))
        for episode in episodes
        for notice in episode.notices
    ]
    assert told == [
        (f"srs-{n['session']}", n["notice"], n["severity"], n["repaired_at"] and f"srs-{n['repaired_at']}")
        for n in example["notices"]
    ]


@pytest.mark.parametrize("example", EXAMPLES, ids=TITLES)
def test_worked_example_tells_a_low_start(example):
    totals = [total for total in example["totals"] if total is not None]
    assert is_low_start(totals, _norm(example)) is example["low_start"]


def test_no_rating_is_no_low_start():
    assert not is_low_start([], SRS)


def test_first_rating_is_never_a_signal():
    (first,) = judge_ratings([0.0], SRS, PARAMETERS)
    assert (first.z, first.fall, first.tier) == (None, None, None)


def test_outlook_is_what_the_next_rating_will_be_judged_by():
    totals = [36.2, 37.0, 36.4, 28.0]
    after = outlook(totals, SRS, PARAMETERS)
    following = judge_ratings([*totals, 30.0], SRS, PARAMETERS)[-1]
    assert after.ratings == 4
    assert (after.level, after.usual_next.low, after.usual_next.high) == (
        following.level,
        following.usual_low,
        following.usual_high,
    )


def test_outlook_without_ratings_is_the_norms_own():
    after = outlook([], SRS, PARAMETERS)
    assert after.level == SRS.mean
    assert after.usual_next.low == pytest.approx(30.1371, abs=0.001)


def test_level_range_is_one_standard_error_either_way():
    after = outlook([36.0], SRS, PARAMETERS)
    r = 2.7**2 / SRS.sd_between**2
    assert after.level_range.high - after.level == pytest.approx(2.7 * sqrt(8 / 9) / sqrt(r + 1))
    assert after.level - after.level_range.low == pytest.approx(after.level_range.high - after.level)


def test_usual_range_is_cut_to_the_scale():
    assert outlook([40.0] * 6, SRS, PARAMETERS).usual_next.high == 40.0
    assert outlook([0.0] * 9, SRS, PARAMETERS).usual_next.low >= 0.0


def test_fall_under_one_standard_error_never_signals():
    steady = [40.0] * 12
    before, after = 38.5, 38.2
    judged = [judge_ratings([*steady, last], SRS, PARAMETERS)[-1] for last in (before, after)]
    assert [round(judgement.fall, 1) >= SRS.sem for judgement in judged] == [False, True]
    assert [judgement.tier for judgement in judged] == [None, "possible"]


def test_norms_own_prior_counts_before_the_default():
    unset = replace(SRS, prior_df=None)
    other = replace(PARAMETERS, prior_df=2.0)
    totals = [33.0, 29.0, 34.0]
    assert judge_ratings(totals, SRS, other) == judge_ratings(totals, SRS, PARAMETERS)
    assert judge_ratings(totals, unset, other) != judge_ratings(totals, unset, PARAMETERS)
    assert judge_ratings(totals, unset, PARAMETERS) == judge_ratings(totals, SRS, PARAMETERS)
