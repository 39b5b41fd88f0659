"""Our own descriptors in German, Spanish, French and Dutch: all of them, and no others."""

import pytest

from fhir_mappings.catalogue import shipped_instruments
from fhir_mappings.questionnaire import to_questionnaire
from fhir_mappings.release import to_release
from fhir_mappings.translations import (
    NO_OFFICIAL_TRANSLATION,
    descriptors,
    phrases_by_language,
    phrases_of,
)
from tests.builders import NAMES, srs, wai_sr
from tests.every_kind import every_kind

LANGUAGES = ("de", "es", "fr", "nl")
PHRASES = {phrase for one in shipped_instruments().values() for phrase in phrases_of(one)} | {
    ("descriptions", NO_OFFICIAL_TRANSLATION)
}


def translations(element, key="text"):
    told = [one["extension"] for one in element[f"_{key}"]["extension"]]
    return {lang["valueCode"]: content["valueString"] for lang, content in told}


def item(resource, place=0):
    return resource["item"][0]["item"][place]


def test_four_languages_beside_english_are_shipped():
    assert tuple(phrases_by_language()) == LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_phrase_is_translated_and_nothing_else(language):
    told = {(kind, phrase) for kind, all_of in phrases_by_language()[language].items() for phrase in all_of}
    assert (PHRASES - told, told - PHRASES) == (set(), set())


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_translation_is_blank_or_ragged(language):
    told = [text for all_of in phrases_by_language()[language].values() for text in all_of.values()]
    assert [text for text in told if not text or text != text.strip() or "\n" in text] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_choices_of_a_list_stay_apart(language):
    forms = [words for one in shipped_instruments().values() for words in descriptors(one)]
    lists = [told for words in forms if words.language == language for told in words.choices.values()]
    assert [told for told in lists if len(set(told.values())) < len(told)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_items_of_a_form_stay_apart(language):
    forms = [words for one in shipped_instruments().values() for words in descriptors(one)]
    texts = [list(words.items.values()) for words in forms if words.language == language]
    assert [told for told in texts if len(set(told)) < len(told)] == []


def test_a_form_carries_them_beside_its_english_texts():
    form = to_questionnaire(srs(), NAMES)
    assert (form["language"], item(form)["text"]) == ("en", "Heard and respected")
    assert translations(item(form))["de"] == "Gehört und geachtet"
    assert translations(form, "title")["nl"] == "Session Rating Scale, versie 3 (cliënt)"
    assert translations(item(form)["item"][1])["fr"] == "pleinement"


@pytest.mark.parametrize("form", ["session-check-in-client", "rupture-report-client"])
def test_our_own_forms_ask_clients_in_questions(form):
    asked = [text for words in descriptors(shipped_instruments()[form]) for text in words.items.values()]
    assert [text for text in asked if not text.endswith("?")] == []


def test_a_code_keeps_the_short_descriptor_of_what_a_form_asks():
    resource = to_questionnaire(shipped_instruments()["session-check-in-client"], NAMES)
    assert item(resource, 2)["text"] == "How well did you feel understood?"
    assert item(resource, 2)["code"][0]["display"] == "Check-in: How far understood"


def test_each_choice_carries_them_too():
    option = item(to_questionnaire(wai_sr(), NAMES))["answerOption"][0]["valueCoding"]
    assert translations(option, "display") == {
        "de": "Selten",
        "es": "Pocas veces",
        "fr": "Peu souvent",
        "nl": "Weinig",
    }


def test_a_form_says_that_they_are_not_official():
    form = to_questionnaire(srs(), NAMES)
    assert NO_OFFICIAL_TRANSLATION in form["description"]
    assert translations(form, "description")["de"].endswith("keine offizielle Übersetzung.")


@pytest.mark.parametrize("release", ["4.3.0", "5.0.0"])
def test_they_stay_in_other_releases(release):
    form, r4 = (to_release(to_questionnaire(wai_sr(), NAMES), one) for one in (release, "4.0.1"))
    assert translations(item(form)) == translations(item(r4))
    shown = [item(one)["answerOption"][0]["valueCoding"] for one in (form, r4)]
    assert translations(shown[0], "display") == translations(shown[1], "display")


def test_a_form_of_other_phrases_is_in_english_alone():
    assert [words.language for words in descriptors(every_kind())] == ["en"]
    assert "_text" not in item(to_questionnaire(every_kind(), NAMES))
