"""What people report in the following of a dyad, with no scores about."""

import pytest

from service.alliance.episodes import follow_dyad
from service.alliance.events import Reported
from tests.service.alliance.dyads import PARAMETERS


def said(key, signal=None, *, resolved=False, series="report"):
    return Reported(key, series, signal, resolved)


def follow(*events):
    return follow_dyad(events, PARAMETERS)


def test_a_report_opens_an_episode_at_its_own_strength():
    (episode,) = follow(said("a", "marked"))
    assert (episode.opened_by, episode.severity, episode.course) == ("a", "marked", "low")
    assert [(one.kind, one.key) for one in episode.notices] == [("opened", "a")]


def test_no_strain_opens_nothing():
    assert follow(said("a"), said("b", resolved=True)) == ()


def test_a_stronger_report_raises_it_and_a_weaker_one_does_not():
    (episode,) = follow(said("a", "possible"), said("b", "marked"), said("c", "possible"))
    assert [one.kind for one in episode.notices] == ["opened", "raised"]
    assert episode.evidence == ("a", "b", "c")


@pytest.mark.parametrize(("series", "course"), [("report", "recovered"), ("other", "low")])
def test_only_its_own_form_closes_it(series, course):
    (episode,) = follow(said("a", "possible"), said("b", "possible", resolved=True, series=series))
    assert episode.course == course


def test_after_it_was_closed_the_next_report_opens_another():
    first, second = follow(said("a", "marked"), said("b", resolved=True), said("c", "possible"))
    assert (first.recovered_by, second.opened_by, second.severity) == ("b", "c", "possible")
