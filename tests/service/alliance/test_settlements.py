"""What a person's word does to the episodes of a dyad."""

from dataclasses import replace

from service.alliance.episodes import follow_dyad
from service.alliance.events import Rated, Settlement
from tests.service.alliance.dyads import PARAMETERS, judgement

TIERS = {"possible": judgement("possible", 2.2, 4.0), "marked": judgement("marked", 3.4, 8.0)}
WATCH = judgement("watch", 1.7, 3.0)


def _dyad(*ratings):
    """Return ratings named as in ``srs-3 marked``; without a tier one is in the usual range."""
    made = []
    for rating in ratings:
        key, _, tier = rating.partition(" ")
        found = TIERS.get(tier, WATCH if tier == "watch" else judgement())
        made.append(Rated(key, key.split("-")[0], found.level - found.fall, found, place=key.split("-")[1]))
    return made


def _settled(word, evidence, after):
    return Settlement(word, frozenset({evidence}), after)


def _opened(*ratings, settled):
    return [one.opened_by for one in follow_dyad(_dyad(*ratings), PARAMETERS, [settled])]


def test_the_next_signal_after_a_resolution_opens_another_at_once():
    settled = _settled("resolved", "srs-2", "2")
    assert _opened("srs-2 marked", "srs-3 possible", settled=settled) == ["srs-2", "srs-3"]


def test_what_was_known_at_the_resolution_opens_nothing():
    settled = _settled("resolved", "srs-2", "3")
    assert _opened("srs-2 marked", "srs-3 possible", "srs-4", settled=settled) == ["srs-2"]


def test_scores_that_return_after_a_resolution_are_told_in_the_course_alone():
    settled = _settled("resolved", "srs-2", "2")
    (episode,) = follow_dyad(_dyad("srs-2 marked", "srs-3"), PARAMETERS, [settled])
    assert (episode.course, episode.recovered_by) == ("recovered", "srs-3")


def test_a_dismissed_one_is_silent_while_scores_stay_low():
    settled = _settled("dismissed", "srs-2", "2")
    low = ["srs-3 marked", "srs-4 watch", "srs-5 marked", "srs-6 marked", "srs-7 marked"]
    (episode,) = follow_dyad(_dyad("srs-2 possible", *low), PARAMETERS, [settled])
    assert [(one.key, one.kind) for one in episode.notices] == [("srs-2", "opened")]
    assert (episode.evidence, episode.course) == (("srs-2",), "not-recovered")


def test_its_silence_ends_with_a_usual_rating_and_the_cool_down():
    settled = _settled("dismissed", "srs-2", "2")
    ratings = ["srs-2 possible", "srs-3", "srs-4 possible", "srs-5 possible", "srs-6 possible"]
    assert _opened(*ratings, settled=settled) == ["srs-2", "srs-6"]


def test_another_series_is_heard_once_it_had_a_usual_rating_of_its_own():
    settled = _settled("dismissed", "srs-2", "2")
    ratings = ["srs-2 marked", "wai-3 marked", "wai-4", "srs-5 marked", "wai-6 marked"]
    assert _opened(*ratings, settled=settled) == ["srs-2", "wai-6"]


def test_a_word_about_an_episode_that_the_scores_closed_changes_nothing():
    settled = _settled("dismissed", "srs-2", "6")
    ratings = ["srs-2 marked", "srs-3", "srs-4", "srs-5", "srs-6", "srs-7 possible"]
    assert _opened(*ratings, settled=settled) == ["srs-2", "srs-7"]


def test_a_word_is_about_the_episode_that_rests_on_the_same_rating():
    settled = _settled("resolved", "srs-3", "3")
    assert _opened("srs-2 possible", "srs-3 possible", "srs-4 possible", settled=settled) == [
        "srs-2",
        "srs-4",
    ]


def test_a_word_counts_late_where_a_correction_moved_its_rating_behind_it():
    settled = _settled("resolved", "srs-5", "3")
    assert _opened("srs-5 possible", "srs-6 possible", settled=settled) == ["srs-5", "srs-6"]


def test_nobodys_word_changes_nothing():
    ratings = _dyad("srs-2 marked", "srs-3", "srs-4 marked")
    placeless = [replace(one, place="") for one in ratings]
    assert follow_dyad(ratings, PARAMETERS) == follow_dyad(placeless, PARAMETERS)
