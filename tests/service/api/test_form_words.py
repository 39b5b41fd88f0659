"""The words around a form: alike in every language, chosen as readers ask."""

import re

import pytest

from service.api.form_words import all_form_words, asked_languages, choose_language, direction_of, form_words

_PLACE = re.compile(r"{\w+}")
LANGUAGES = sorted(all_form_words())
# How adults are addressed, who are strangers.
_FORMAL = {
    "de": r"\b(Sie|Ihnen|Ihre?n?)\b",
    "es": r"\b([Uu]sted|[Ss]us?|[Dd]ígaselo|[Ll]e)\b",
    "fr": r"\b([Vv]ous|[Vv]otre|[Vv]os|\w+ez)\b",
    "nl": r"\b([Uu]w?)\b",
}
# On pages that are not of one form, and so for nobody in particular.
_BESIDE_THE_FORM = ("kiosk_", "busy_", "later_")
# Never told a client: what they answered is not judged, and a strain is not found by a form.
_NEVER = ("score", "result", "rupture", "punkt", "ergebnis")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_word_and_place(language):
    texts, english = form_words(language).texts, form_words("en").texts

    assert texts.keys() == english.keys()
    assert {key: set(_PLACE.findall(one)) for key, one in texts.items()} == {
        key: set(_PLACE.findall(one)) for key, one in english.items()
    }
    assert all(one.strip() == one and one for one in texts.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_children_are_told_has_the_same_places(language):
    words = form_words(language)

    assert {key: set(_PLACE.findall(one)) for key, one in words.for_children.items()} == {
        key: set(_PLACE.findall(words.texts[key])) for key in words.for_children
    }


@pytest.mark.parametrize(("language", "formal"), sorted(_FORMAL.items()))
def test_children_are_not_addressed_as_adults(language, formal):
    told = form_words(language).to_children().texts
    shown = {key: text for key, text in told.items() if not key.startswith(_BESIDE_THE_FORM)}

    assert [key for key, text in shown.items() if re.search(formal, text)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_tells_of_scores(language):
    said = " ".join(form_words(language).texts.values()).lower()

    assert [one for one in _NEVER if one in said] == []


@pytest.mark.parametrize(
    ("tag", "direction"),
    [
        ("ar", "rtl"),
        ("he-IL", "rtl"),
        ("fa", "rtl"),
        ("pa-Arab", "rtl"),
        ("ar-Latn", "ltr"),
        ("de-CH", "ltr"),
    ],
)
def test_a_language_is_written_in_its_direction(tag, direction):
    assert direction_of(tag) == direction


def test_languages_are_asked_for_by_weight():
    header = "en;q=0.2, de-CH, fr;q=0.9, *;q=0.1, bad tag, nl;q=x"

    assert asked_languages(header) == ["de-CH", "nl", "fr", "en"]


@pytest.mark.parametrize(
    ("asked", "chosen"), [(["it", "fr-CH"], "fr"), (["de"], "de-AT"), ([], "de-AT"), (["pt-BR"], "pt-BR")]
)
def test_a_language_is_chosen_in_whatever_country(asked, chosen):
    assert choose_language(["de-AT", "fr", "pt-BR"], asked) == chosen


def test_words_that_we_lack_are_told_in_english():
    assert form_words("ja").language == "en"
