import tomllib
from importlib.resources import files

import pytest

from service.alliance.guidance import (
    guidance_by_language,
    guidance_in,
    offer_for,
    part_of,
    texts_of,
)

LANGUAGES = ("de", "en", "es", "fr", "nl")
FOLDER = files("service.alliance") / "guidance"
# Claims of the field that have no source that can be followed, or better evidence against them.
UNSUPPORTED = (
    *("%", "per cent", "percent", "prozent", "por ciento", "pour cent", "procent"),
    *("proven to", "halves", "doubles", "dropout", "vagus", "amygdala", "cortex", "neuro", "stronger than"),
    *("you must", "you should", "sie müssen", "usted debe", "vous devez", "u moet"),
)


def shape(value):
    if isinstance(value, dict):
        return {key: shape(one) for key, one in value.items()}
    if isinstance(value, list):
        return [shape(one) for one in value]
    return value if value in ("acknowledge", "notice") else type(value).__name__


def read(language):
    return tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))


def test_guidance_is_there_in_the_languages_of_our_descriptors():
    assert tuple(guidance_by_language()) == LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_all_that_english_says(language):
    assert shape(read(language)) == shape(read("en"))


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != "en"])
def test_nothing_is_left_in_english(language):
    assert not set(texts_of(guidance_in(language))) & set(texts_of(guidance_in("en")))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_makes_a_claim_without_support_or_gives_an_order(language):
    told = [
        (word, text)
        for text in texts_of(guidance_in(language))
        for word in UNSUPPORTED
        if word in text.lower()
    ]
    assert told == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_draft_is_marked_as_one(language):
    assert guidance_in(language).status == "draft"


def test_a_region_gets_its_language_and_an_unknown_language_english():
    assert [guidance_in(asked).language for asked in ("de-AT", "pt-BR", None)] == ["de", "en", "en"]


@pytest.mark.parametrize(
    ("fallen", "part"),
    [("item-1", "bond"), ("item-2", "goals"), ("item-3", "tasks"), ("item-4", None), (None, None)],
)
def test_what_fell_is_a_part_of_the_alliance_or_the_whole(fallen, part):
    assert part_of(fallen) == part


@pytest.mark.parametrize(("fallen", "part"), [("bond", "bond"), ("goal", "goals"), ("task", "tasks")])
def test_a_subscale_of_the_wai_is_its_part(fallen, part):
    assert part_of(fallen) == part


def test_an_alert_gets_the_questions_on_what_fell_most():
    offer = offer_for(guidance_in("en"), "item-3")
    assert (offer.part, offer.questions) == ("tasks", guidance_in("en").parts["tasks"])


def test_without_a_part_the_first_prompt_is_offered():
    assert offer_for(guidance_in("en"), None).questions == ("How was today for you?",)


def test_an_approach_adds_its_own_offer_and_an_unknown_one_nothing():
    english = guidance_in("en")
    assert offer_for(english, None, "relational").approach == english.approaches["relational"]
    assert offer_for(english, None, "astrology").approach is None


@pytest.mark.parametrize(("told", "offered"), [("CBT", "collaborative"), ("Psychodynamic", "relational")])
def test_an_approach_is_known_by_what_clinics_call_it(told, offered):
    english = guidance_in("en")
    assert offer_for(english, None, told).approach == english.approaches[offered]
