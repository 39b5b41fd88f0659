"""Our own descriptors in other languages; no official translation of any measure.

Source: ``languages/<language>.toml``, each English phrase beside its translation.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from importlib import resources
from types import MappingProxyType
from typing import Literal

from fhir_mappings.instrument import (
    AnswerScale,
    AnyItem,
    ChoiceItem,
    Instrument,
    Item,
    OptionList,
    asked_text,
)
from fhir_mappings.words import DESCRIPTORS_LANGUAGE, Words, best_words

Kind = Literal["titles", "descriptions", "items", "anchors", "lists", "choices", "scores"]
Phrases = Mapping[str, Mapping[str, str]]

# Stands at the end of the description of every form that has translations.
NO_OFFICIAL_TRANSLATION = "Translations are our own descriptors, not official translations."
_SENTENCE_END = re.compile(r"(?<=\.) ")


@cache
def phrases_by_language() -> Mapping[str, Phrases]:
    """Return language -> kind -> English phrase -> translation, languages in alphabetical order.

    The files are read once, at the first call.
    """
    folder = resources.files("fhir_mappings") / "languages"
    files = {
        file.name.removesuffix(".toml"): file for file in folder.iterdir() if file.name.endswith(".toml")
    }
    read = {name: tomllib.loads(files[name].read_text(encoding="utf-8")) for name in sorted(files)}
    return MappingProxyType(read)


def phrases_of(instrument: Instrument) -> Iterator[tuple[Kind, str]]:
    """Yield every phrase of an instrument that is shown to people, with its kind; some more than once."""
    yield "titles", instrument.title
    yield from (("descriptions", sentence) for sentence in _sentences(instrument.description))
    for item in instrument.all_items:
        yield "items", asked_text(item)
        if isinstance(item, Item) and item.scale is None:
            yield from (("anchors", anchor) for anchor in (item.lower_anchor, item.upper_anchor))
        answers = answers_of(item)
        if answers is not None:
            yield "lists", answers.title
            yield from (("choices", display) for display in choice_words(answers).values())
    yield from (("scores", rule.title) for rule in instrument.scores)


def descriptors(instrument: Instrument) -> tuple[Words, ...]:
    """Return our own words of an instrument: in English, then in every other language that has all of them.

    A clinic's own instrument is in English alone, but for one made of phrases that ours use too.
    ``copyright`` is told in English only; elsewhere it is empty.
    """
    return _descriptors(_Same(instrument))


class _Same:
    """An instrument as the one object that it is: to compare all that it says takes as long as its words."""

    __slots__ = ("instrument",)

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument

    def __hash__(self) -> int:
        return id(self.instrument)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.instrument is other.instrument


# Asked for with every response; so many are all instruments of a dozen clinics.
@lru_cache(maxsize=512)
def _descriptors(same: _Same) -> tuple[Words, ...]:
    instrument = same.instrument
    phrases = {
        language: known
        for language, known in phrases_by_language().items()
        if all(phrase in known[kind] for kind, phrase in phrases_of(instrument))
    }
    notes = [NO_OFFICIAL_TRANSLATION] if phrases else []
    english = _words(instrument, DESCRIPTORS_LANGUAGE, {}, notes)
    others = [replace(_words(instrument, one, phrases[one], notes), copyright="") for one in phrases]
    return english, *others


def words_in(instrument: Instrument, language: str | None, wording: str | None = None) -> tuple[Words, ...]:
    """Return the form's own words, and those in this language where it has it and it is another.

    ``wording`` is the version of the clinic's own wording, None for our own descriptors.
    """
    form = instrument.clinic_form(wording)
    words = form.words if form else descriptors(instrument)
    wanted = best_words(words, language)
    return words[:1] if wanted is words[0] else (words[0], wanted)


def translated_list(answers: AnswerScale | OptionList) -> Mapping[str, Mapping[str, str]]:
    """Return language -> code -> words, for every language that has all words of a scale or option list."""
    displays = choice_words(answers)
    return {
        language: {code: phrases["choices"][display] for code, display in displays.items()}
        for language, phrases in phrases_by_language().items()
        if all(display in phrases["choices"] for display in displays.values())
    }


def answers_of(item: AnyItem) -> AnswerScale | OptionList | None:
    """Return the scale or option list that an item is answered from, None where it has none."""
    if isinstance(item, ChoiceItem):
        return item.options
    return item.scale if isinstance(item, Item) else None


def choice_words(answers: AnswerScale | OptionList) -> dict[str, str]:
    """Return code -> words of every answer, in order."""
    if isinstance(answers, AnswerScale):
        return {choice.code: choice.display for choice in answers.choices}
    return {option.code: option.display for option in answers.options}


def _words(instrument: Instrument, language: str, phrases: Phrases, notes: Sequence[str]) -> Words:
    def told(kind: Kind, phrase: str) -> str:
        return phrases[kind][phrase] if phrases else phrase

    lists = [found for item in instrument.all_items if (found := answers_of(item)) is not None]
    lines = [item for item in instrument.items if item.scale is None]
    sentences = [*_sentences(instrument.description), *notes]
    return Words(
        language=language,
        title=told("titles", instrument.title),
        description=" ".join(told("descriptions", sentence) for sentence in sentences),
        copyright=instrument.copyright,
        items={item.link_id: told("items", asked_text(item)) for item in instrument.all_items},
        anchors={
            line.link_id: (told("anchors", line.lower_anchor), told("anchors", line.upper_anchor))
            for line in lines
        },
        choices={
            one.id: {code: told("choices", display) for code, display in choice_words(one).items()}
            for one in lists
        },
        scores={rule.id: told("scores", rule.title) for rule in instrument.scores},
    )


def _sentences(description: str) -> list[str]:
    return _SENTENCE_END.split(description)
