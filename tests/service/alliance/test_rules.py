from dataclasses import replace
from typing import get_args

import pytest

from service.alliance.baseline import judge_ratings
from service.alliance.rules import ALERT_RULES, ONLINE_RULES, Session, Verdict, follow_series, tier_by
from service.clinic_settings import AlertRule
from tests.service.alliance.dyads import PARAMETERS, SRS, judgement, simulated

FLAT = replace(SRS, sem=2.0, sd_within=3.0, sd_difference=4.0, sd_between=3.0, mean=36.0)


def _scores(rule, totals, norm=FLAT, **beside):
    judged = judge_ratings(totals, norm, PARAMETERS)
    sessions = [Session(total, one, **beside) for total, one in zip(totals, judged, strict=True)]
    return [verdict.score for verdict in follow_series(sessions, norm, PARAMETERS, [rule])[rule]]


# mean of h is 37, its spread 1, its neighbours differ by 1 and 2; the last rating is 30
TOTALS = [37.0, 36.0, 38.0, 30.0]


@pytest.mark.parametrize(
    ("rule", "score"),
    [
        ("below-mean-rci", 7 / (2 * (4 / 3) ** 0.5)),
        ("below-mean-own-sd-1", 7),
        ("below-mean-own-sd-2", 7),
        ("below-mean-pooled-sd", 7 / 3),
        ("stricter-sd-1", 7 / 3),
        ("last-fall-rci", 8 / (2 * 2**0.5)),
        ("sudden-loss", 2),
        ("control-chart-2", 7 / (1.5 / 1.128)),
    ],
)
def test_rule_divides_the_fall_by_its_own_spread(rule, score):
    assert _scores(rule, TOTALS)[-1] == pytest.approx(score)


def test_ewma_remembers_with_falling_weights():
    # m is pulled by one rating's worth of the norm: 36.5, then (1 + 0) / 3 above the mean of 36
    first = 0.3 * (36.0 - 36.5) / 3
    second = 0.3 * (30.0 - 36.0 - 1 / 3) / 3 + 0.7 * first
    expected = -second / (0.3 / 1.7 * (1 - 0.7**4)) ** 0.5
    assert _scores("ewma", [37.0, 36.0, 30.0])[-1] == pytest.approx(expected)


def test_cusum_forgets_what_lies_above_the_slack():
    assert _scores("cusum", [37.0, 40.0, 40.0]) == [None, 0, 0]
    assert _scores("cusum", [37.0, 30.0])[-1] == pytest.approx(6.5 / 3 - 0.5)


@pytest.mark.parametrize(
    ("rule", "needed"),
    [("below-mean-own-sd-1", 3), ("control-chart-3", 3), ("stricter-sd-2", 2), ("below-mean-rci", 1)],
)
def test_rule_is_silent_while_it_has_too_few_ratings(rule, needed):
    scores = _scores(rule, [36.0, 35.0, 36.0, 35.0, 36.0])
    assert [score is None for score in scores] == [place < needed for place in range(5)]


def test_missed_appointments_and_a_therapists_dip_raise_the_context():
    plain = _scores("context", TOTALS)[-1]
    assert _scores("context", TOTALS, missed=5)[-1] == pytest.approx(plain + 1.0)
    judged = judge_ratings(TOTALS, FLAT, PARAMETERS)
    told = [30.0, 32.0, 31.0, 28.0]
    sessions = [Session(*one) for one in zip(TOTALS, judged, told, strict=True)]
    dipped = follow_series(sessions, FLAT, PARAMETERS, ["context"])["context"][-1].score
    assert dipped == pytest.approx(plain + 0.3 * 3 / 1.2)


def test_therapists_ratings_of_unrated_sessions_count_as_earlier():
    judged = judge_ratings([36.0, 36.0], FLAT, PARAMETERS)
    sessions = [Session(36.0, judged[0]), Session(36.0, judged[1], 28.0, 0, (30.0, 30.0))]
    plain = [Session(36.0, one) for one in judged]
    scores = [
        follow_series(one, FLAT, PARAMETERS, ["context"])["context"][-1].score for one in (sessions, plain)
    ]
    assert scores[0] - scores[1] == pytest.approx(0.3 * 2 / 2.0)


@pytest.mark.parametrize("rule", ONLINE_RULES)
def test_later_sessions_change_nothing_about_earlier_ones(rule):
    clients, norm, _ = simulated("wai_sr")
    totals = [session.total for session in clients[2].sessions]
    whole = _scores(rule, totals, norm)
    assert [_scores(rule, totals[: end + 1], norm)[-1] for end in range(len(totals))] == whole


def test_severity_is_that_of_the_default_whichever_rule_fires():
    fired, silent = Verdict(3.0, fired=True), Verdict(0.0, fired=False)
    other = ONLINE_RULES["below-mean-rci"]
    tiers = [tier_by(other, fired, judgement(tier)) for tier in (None, "watch", "possible", "marked")]
    assert tiers == ["possible", "possible", "possible", "marked"]
    quiet = [tier_by(other, silent, judgement(tier)) for tier in (None, "watch", "possible", "marked")]
    assert quiet == [None, "watch", "watch", "watch"]


def test_default_keeps_its_own_tiers():
    default = ONLINE_RULES["own-baseline"]
    for tier in (None, "watch", "possible", "marked"):
        assert tier_by(default, Verdict(2.0, fired=True), judgement(tier)) == tier


def test_trial_rules_never_raise_alerts():
    assert set(ONLINE_RULES) - set(ALERT_RULES) == {"context"}


def test_settings_name_every_rule_that_may_raise_alerts():
    assert get_args(AlertRule) == ALERT_RULES
