"""The fatigue rules beyond the worked examples: two series in a dyad, history, late closing, cooldown."""

import pytest

from service.alliance.episodes import follow_dyad
from service.alliance.events import Rated
from tests.service.alliance.dyads import PARAMETERS, by_session, judgement, rated, shipped

LOW = {"possible": judgement("possible", 2.2, 4.0), "marked": judgement("marked", 3.4, 8.0)}
USUAL = judgement()
WATCH = judgement("watch", 1.7, 3.0)


def _rating(key, tier=None, *, value=None, historical=False):
    """Return a rating made up by hand; ``key`` is series and session, as in ``srs-3``."""
    made = LOW.get(tier, WATCH if tier == "watch" else USUAL)
    worth = made.level - made.fall if value is None else value
    return Rated(key, key.split("-")[0], worth, made, historical)


def _dyad(*ratings):
    return [rating if isinstance(rating, Rated) else _rating(*rating.split()) for rating in ratings]


def _follow(*ratings):
    return follow_dyad(_dyad(*ratings), PARAMETERS)


def _told(episode):
    return [(notice.key, notice.kind, notice.severity) for notice in episode.notices]


def test_usual_ratings_open_nothing():
    assert _follow("srs-1", "srs-2", "srs-3 watch") == ()


def test_signal_opens_one_episode():
    (episode,) = _follow("srs-1", "srs-2 possible")
    assert (episode.opened_by, episode.series, episode.course) == ("srs-2", "srs", "low")
    assert _told(episode) == [("srs-2", "opened", "possible")]


def test_second_series_adds_evidence_without_a_notice():
    (episode,) = _follow("srs-2 possible", "wai-2 possible")
    assert episode.evidence == ("srs-2", "wai-2")
    assert _told(episode) == [("srs-2", "opened", "possible")]


def test_second_series_raises_at_most_to_its_own_tier():
    (episode,) = _follow("srs-2 possible", "wai-2 possible", "wai-3 marked")
    assert _told(episode) == [("srs-2", "opened", "possible"), ("wai-3", "raised", "marked")]


def test_watch_of_a_second_series_is_no_evidence():
    (episode,) = _follow("srs-2 possible", "wai-2 watch")
    assert episode.evidence == ("srs-2",)


def test_recovery_is_judged_on_the_series_that_opened():
    (episode,) = _follow("srs-2 possible", "wai-2", "wai-3", "wai-4", "wai-5", "wai-6")
    assert (episode.course, episode.recovered_by) == ("low", None)


def test_window_counts_ratings_of_the_opening_series_only():
    ratings = ["srs-2 possible", "srs-3 watch", "wai-3", "wai-4", "wai-5", "wai-6", "srs-6"]
    (episode,) = _follow(*ratings)
    assert (episode.course, episode.repaired_by) == ("recovered", "srs-6")


def test_second_series_never_restarts_what_has_not_recovered():
    ratings = ["srs-2 possible", *(f"srs-{session} watch" for session in range(3, 7)), "wai-6 possible"]
    (episode,) = _follow(*ratings)
    assert (episode.course, episode.judged_from) == ("not-recovered", "srs-2")
    assert episode.evidence == ("srs-2", "wai-6")
    assert len(episode.notices) == 1


def test_fourth_rating_without_recovery_ends_the_window():
    still_low = [f"srs-{session} watch" for session in range(3, 7)]
    (within,) = _follow("srs-2 marked", *still_low[:3])
    (after,) = _follow("srs-2 marked", *still_low)
    assert (within.course, after.course) == ("low", "not-recovered")


def test_late_recovery_closes_without_repair():
    (episode,) = _follow("srs-2 marked", *(f"srs-{session} watch" for session in range(3, 7)), "srs-7")
    assert (episode.course, episode.recovered_by, episode.repaired_by) == ("recovered", "srs-7", None)


def test_usual_rating_that_regains_too_little_is_no_recovery():
    (episode,) = _follow("srs-2 marked", _rating("srs-3", value=31.9))
    assert episode.course == "low"


def test_half_of_the_fall_regained_is_a_recovery():
    (episode,) = _follow("srs-2 marked", _rating("srs-3", value=32.0))
    assert (episode.course, episode.repaired_by) == ("recovered", "srs-3")


def test_new_signal_after_not_recovering_is_told_again_at_its_tier():
    still_low = [f"srs-{session} watch" for session in range(3, 7)]
    (episode,) = _follow("srs-2 marked", *still_low, "srs-7 possible", "srs-8")
    opened, again = episode.notices
    assert (again.key, again.kind, again.severity) == ("srs-7", "again", "possible")
    assert (episode.repaired_after(opened), episode.repaired_after(again)) == (None, "srs-8")


def test_cooldown_lets_two_ratings_pass():
    (first, second) = _follow("srs-2 possible", "srs-3", "srs-4 possible", "srs-5 possible", "srs-6 possible")
    assert (first.recovered_by, second.opened_by) == ("srs-3", "srs-6")


def test_tier_above_the_closed_severity_opens_in_the_cooldown():
    (_, second) = _follow("srs-2 possible", "srs-3", "srs-4 marked")
    assert second.opened_by == "srs-4"


def test_tier_no_higher_than_the_raised_severity_stays_quiet_in_the_cooldown():
    episodes = _follow("srs-2 possible", "srs-3 possible", "srs-4", "srs-5 marked")
    assert [_told(episode)[-1] for episode in episodes] == [("srs-3", "raised", "marked")]


def test_a_form_no_longer_given_does_not_keep_the_other_series_quiet():
    ratings = ["srs-2 marked", "srs-3", "wai-3 marked", "wai-4 marked", "wai-5 marked"]
    (_, second) = _follow(*ratings)
    assert (second.opened_by, second.series) == ("wai-5", "wai")


def test_other_series_is_quiet_until_one_series_has_cooled_down():
    ratings = [
        "srs-2 possible",
        "srs-3",
        "wai-3 possible",
        "srs-4",
        "wai-4 possible",
        "srs-5",
        "wai-5 possible",
    ]
    (_, second) = _follow(*ratings)
    assert (second.opened_by, second.series) == ("wai-5", "wai")


def test_episode_raised_only_by_historical_ratings_is_historical():
    (episode,) = _follow(_rating("srs-2", "possible", historical=True), "srs-3 watch")
    assert (episode.historical, episode.live_from) == (True, None)


def test_live_rating_that_raises_makes_it_live():
    (episode,) = _follow(_rating("srs-2", "possible", historical=True), "wai-3 marked")
    assert (episode.historical, episode.live_from) == (False, "wai-3")
    assert [notice.historical for notice in episode.notices] == [True, False]


@pytest.mark.parametrize("more", ["srs-3 possible", "srs-3 marked", "wai-3 possible"])
def test_live_evidence_that_raises_nothing_is_the_first_news_of_it(more):
    (episode,) = _follow(_rating("srs-2", "marked", historical=True), more, "srs-4 marked")
    assert (episode.live_from, episode.severity) == (more.split()[0], "marked")
    assert [notice.kind for notice in episode.notices] == ["opened", "again"]


def test_more_historical_evidence_leaves_it_historical():
    past = [_rating("srs-2", "marked", historical=True), _rating("srs-3", "marked", historical=True)]
    (episode,) = _follow(*past, "srs-4 watch")
    assert (episode.historical, episode.evidence) == (True, ("srs-2", "srs-3"))


def test_historical_episode_counts_for_the_cooldown():
    past = [_rating("srs-2", "possible", historical=True), _rating("srs-3", historical=True)]
    (episode,) = _follow(*past, "srs-4 possible")
    assert episode.course == "recovered"


def test_real_series_are_told_as_one_alert():
    srs = rated([36.2, 37.0, 36.4, 37.4, 28.0, 27.5, 36.9])
    wai = rated([46, None, 47, None, 30], shipped("wai-sr-client"), "wai")
    (episode,) = follow_dyad(by_session(srs, wai), PARAMETERS)
    assert episode.evidence == ("srs-5", "wai-5", "srs-6")
    assert (episode.repaired_by, _told(episode)) == ("srs-7", [("srs-5", "opened", "marked")])
