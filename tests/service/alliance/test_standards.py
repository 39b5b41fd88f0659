from dataclasses import replace

from service.alliance.baseline import judge_ratings
from service.alliance.standards import ApprovedNorm, ChosenRule, Standard, Standards, judge_by
from tests.service.alliance.dyads import PARAMETERS, SRS

OWN = replace(SRS, version="fitted-1", status="fitted", mean=31.5, sem=2.1)
DUTCH = replace(OWN, norm_id="srs-3-total-nl", language="nl")
TOTALS = [36.0, 37.0, 36.4, 30.2, 30.0]
STANDARDS = Standards({"srs-3-total": SRS}, [ApprovedNorm("2026-02", OWN), ApprovedNorm("2026-03", DUTCH)])


def _norm(received, language=None):
    return STANDARDS.norm_for("srs-3", "total", received, language)


def test_norm_is_the_one_in_force_when_the_rating_was_received():
    assert (_norm("2026-01"), _norm("2026-02")) == (SRS, OWN)


def test_norm_of_the_ratings_own_language_goes_first():
    assert [_norm("2026-03", language) for language in ("nl", "nl-BE", "de", None)] == [
        DUTCH,
        DUTCH,
        OWN,
        OWN,
    ]


def test_instrument_without_a_norm_has_none():
    assert STANDARDS.norm_for("wai-sr-therapist", "total", "2026-03", None) is None


def test_norm_of_one_language_is_a_norm_of_its_instrument():
    only = Standards({}, [ApprovedNorm("2026-03", DUTCH)])
    asked = [("srs-3", "2026-02"), ("srs-3", "2026-03"), ("wai-sr-client", "2026-03")]
    assert [only.has_norm(form, "total", at) for form, at in asked] == [False, True, False]


def test_rule_is_the_one_in_force_when_the_rating_was_received():
    chosen = Standards({}, chosen=[ChosenRule("", "own-baseline"), ChosenRule("2026-02", "ewma")])
    assert (chosen.rule_at("2026-01"), chosen.rule_at("2026-02")) == ("own-baseline", "ewma")
    assert Standards({}, rule="cusum").rule_at("2026-01") == "cusum"


def test_each_rating_is_judged_by_its_own_norm_over_all_earlier_ratings():
    old, new = Standard(SRS, "own-baseline"), Standard(OWN, "own-baseline")
    judged, _ = judge_by(TOTALS, [old, None, old, new, new], PARAMETERS)
    by_old, by_new = (judge_ratings(TOTALS, norm, PARAMETERS) for norm in (SRS, OWN))
    assert judged == [by_old[0], None, by_old[2], by_new[3], by_new[4]]


def test_another_rule_changes_tiers_alone():
    judged, _ = judge_by(TOTALS, [Standard(SRS, "sudden-loss")] * 5, PARAMETERS)
    default = judge_ratings(TOTALS, SRS, PARAMETERS)
    assert [one.tier for one in default] == [None, None, None, "possible", "watch"]
    assert [one.tier for one in judged] == [None, None, None, "possible", "watch"]
    assert [replace(one, tier=None) for one in judged] == [replace(one, tier=None) for one in default]
