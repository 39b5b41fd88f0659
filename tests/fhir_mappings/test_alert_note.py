"""The words of a note about an alert."""

import pytest

from fhir_mappings.alert_note import is_worth_a_note, note_words
from fhir_mappings.alert_states import STATES, UNDER_WAY
from tests.builders import an_alert


def words(**changes):
    return note_words(an_alert(**changes))


def test_a_click_makes_no_note():
    assert not is_worth_a_note(an_alert(status="acknowledged", news=""))


@pytest.mark.parametrize(
    ("news", "title"),
    [("opened", "opened"), ("raised", "now marked"), ("again", "low again"), ("closed", "closed")],
)
def test_news_makes_one_that_says_what_is_new(news, title):
    assert is_worth_a_note(an_alert(news=news))
    assert words(news=news).title == f"Possible strain in the alliance: {title}"


def test_it_holds_the_alerts_own_text_with_what_it_rests_on():
    text = words(news="opened").text
    assert "Possible strain after session 7." in text
    assert "Rule own-baseline, method eb-own-baseline/1, norms srs-3-total|assumed-1." in text


@pytest.mark.parametrize("status", sorted(set(STATES) - UNDER_WAY))
def test_every_end_is_told_in_words_of_its_own(status):
    ends = {one: words(status=one, news="closed").text for one in STATES}
    assert len([one for one in ends.values() if one == ends[status]]) == 1


def test_a_dismissal_says_its_reason():
    assert (
        "Dismissed by a person: Known cause."
        in words(status="dismissed", news="closed", dismissal="known-cause").text
    )


def test_scores_alone_never_say_repaired():
    told = "".join(
        words(status=one, news=news).text.lower()
        for one in set(STATES) - {"repaired"}
        for news in ("opened", "raised", "again", "closed")
    )
    assert "repaired" not in told
