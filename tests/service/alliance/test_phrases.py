"""The sentences of alerts and cards in every language: the same ones, with the same places."""

import re
from datetime import date

import pytest

from fhir_mappings.alert_note import CAUTION
from fhir_mappings.vocabulary import DISMISSAL_REASON_TERMS
from service.alliance.card_wording import LONGEST_SUMMARY, strain_summary
from service.alliance.phrases import phrases_by_language, phrases_in
from service.alliance.session_names import SessionName
from service.alliance.wording import AlertFacts, PartChange, SignalWords, alert_text, split_next_step

FIVE = SessionName(5, date(2026, 3, 2))
FACTS = AlertFacts(
    "marked",
    "low",
    FIVE,
    SignalWords("SRS", 28.0, 33.9, 39.6, 4),
    [PartChange("Vorgehen", 9.2, 5.8)],
    unrated=1,
)


def places(language):
    texts = phrases_by_language()[language].texts
    return {
        (topic, key): sorted(re.findall(r"\{(\w+)\}", text))
        for topic, told in texts.items()
        for key, text in told.items()
    }


@pytest.mark.parametrize("language", list(phrases_by_language()))
def test_a_language_has_every_sentence_with_its_places(language):
    assert places(language) == places("en")


@pytest.mark.parametrize("language", ["xx", "", None])
def test_what_nobody_translated_is_said_in_english(language):
    assert phrases_in(language).language == "en"


def test_an_alert_speaks_german():
    assert alert_text(FACTS, "de") == (
        "Deutlicher Einbruch nach Sitzung 5, mögliche Belastung. SRS 28.0; für diese Person bisher üblich: "
        "33.9\N{EN DASH}39.6 (4 Bewertungen). Am stärksten fiel Vorgehen, 9.2 → 5.8. Fehlend: 1 Bogen. "
        "Ein Wert sagt weder, welcher Art eine Belastung ist, noch woher sie kommt. "
        "Sie könnten die nächste Sitzung mit der Frage beginnen, wie die letzte war."
    )


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_step_that_an_alert_ends_with_is_told_apart(language):
    text = alert_text(FACTS, language)
    told, step = split_next_step(text)
    assert f"{told} {step}" == text


def test_a_card_says_in_english_what_the_ehr_is_told():
    said = phrases_in("en")
    assert said.say("card", "caution") == CAUTION
    assert dict(said.texts["reasons"]) == {one.code: one.display for one in DISMISSAL_REASON_TERMS.terms}


@pytest.mark.parametrize("news", ["opened", "raised", "again"])
@pytest.mark.parametrize("day", [FIVE, SessionName(None, date(2026, 3, 2))])
def test_a_german_card_stays_short_too(news, day):
    ended = day.session_date
    assert len(strain_summary(day, "marked", news, "de", ended=ended)) <= LONGEST_SUMMARY
