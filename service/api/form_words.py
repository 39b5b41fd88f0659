"""The words around a form (buttons, hints, thanks), by language; the form's own come from its instrument.

Source: ``service/pages/form/words/<language>.toml``.
"""

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

ENGLISH = "en"
_RIGHT_TO_LEFT = frozenset({"ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})
_RIGHT_TO_LEFT_SCRIPTS = frozenset({"arab", "hebr", "nkoo", "syrc", "thaa", "adlm"})
_TAG = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8}){0,3}")
_MOST_ASKED = 20


@dataclass(frozen=True, slots=True)
class FormWords:
    """The words in one language, by key; every language has every key.

    ``for_children`` are those said otherwise to a child: in German ``du`` for ``Sie``.
    """

    language: str
    texts: Mapping[str, str]
    for_children: Mapping[str, str]

    def to_children(self) -> "FormWords":
        """Return the words as a child is addressed."""
        return replace(self, texts={**self.texts, **self.for_children})


@cache
def all_form_words() -> Mapping[str, FormWords]:
    """Return the words by language, in alphabetical order; read once, at the first call."""
    folder = files("service") / "pages" / "form" / "words"
    read = {
        one.name.removesuffix(".toml"): tomllib.loads(one.read_text("utf-8"))
        for one in sorted(folder.iterdir(), key=lambda one: one.name)
    }
    return MappingProxyType({language: _words(language, texts) for language, texts in read.items()})


def _words(language: str, read: Mapping[str, Any]) -> FormWords:
    texts = {key: text for key, text in read.items() if key != "for_children"}
    return FormWords(language, texts, read.get("for_children", {}))


def form_words(language: str) -> FormWords:
    """Return the words in this language, else in English."""
    known = all_form_words()
    return known.get(main_language(language), known[ENGLISH])


def direction_of(language: str) -> str:
    """Return ``rtl`` for a language, or script, that is written from right to left, else ``ltr``."""
    parts = language.lower().split("-")
    scripts = [part for part in parts[1:] if len(part) == len("arab") and part.isalpha()]
    if scripts:
        return "rtl" if scripts[0] in _RIGHT_TO_LEFT_SCRIPTS else "ltr"
    return "rtl" if parts[0] in _RIGHT_TO_LEFT else "ltr"


def asked_languages(header: str) -> list[str]:
    """Return the tags of an Accept-Language header, the dearest first; what cannot be read is left out."""
    found = []
    for place, part in enumerate(header.split(",")[:_MOST_ASKED]):
        tag, _, weight = part.strip().partition(";")
        if _TAG.fullmatch(tag.strip()):
            found.append((-_weight(weight), place, tag.strip()))
    return [tag for _, _, tag in sorted(found)]


def choose_language(known: Collection[str], asked: Collection[str]) -> str:
    """Return the first that is asked for and known, in whatever country, else the first known one.

    Example: of ``de`` and ``fr``, ``["it", "fr-CH"]`` gives ``fr``.
    """
    by_main = {main_language(one): one for one in reversed(list(known))}
    for one in asked:
        if one in known:
            return one
        if main_language(one) in by_main:
            return by_main[main_language(one)]
    return next(iter(known))


def main_language(tag: str) -> str:
    """Return a tag's language without its script and country: ``de-CH`` -> ``de``."""
    return tag.lower().partition("-")[0]


def _weight(parameter: str) -> float:
    try:
        return float(parameter.strip().removeprefix("q="))
    except ValueError:
        return 1.0
