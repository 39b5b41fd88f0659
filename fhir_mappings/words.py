"""The words of a form in one language, and a clinic's own wording: the same form in licensed words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

DESCRIPTORS_LANGUAGE = "en"


@dataclass(frozen=True, slots=True)
class Words:
    """All words of one form in one language (BCP 47: ``de``, ``pt-BR``).

    ``items`` and ``anchors`` (lower, upper; marked lines only) go by link id, ``choices`` by the id of the
    scale or option list and then by code, ``scores`` by score id.
    """

    language: str
    title: str
    description: str
    copyright: str
    items: Mapping[str, str]
    anchors: Mapping[str, tuple[str, str]]
    choices: Mapping[str, Mapping[str, str]]
    scores: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ClinicForm:
    """One version of a clinic's own wording of an instrument; codes and link ids are the instrument's.

    ``id`` is ``<instrument>-<clinic>``. ``words`` begins with the language that the form is in; the others
    are its translations. ``in_use``: what the service writes names this version; else it is kept since a
    published form never changes.
    """

    id: str
    version: str
    words: tuple[Words, ...]
    in_use: bool

    @property
    def reference(self) -> str:
        """Return the form with its version, e.g. ``srs-3-north|1.2.0``."""
        return f"{self.id}|{self.version}"


def best_words(words: Sequence[Words], language: str | None) -> Words:
    """Return the words in this language: the tag itself, else the same language elsewhere, else the first.

    Example: of ``de`` and ``fr``, ``fr-CH`` gives ``fr``, and ``pt`` or None gives ``de``.
    """
    wanted = (language or "").lower()
    for same in (str, _main_language):
        for one in words:
            if same(one.language.lower()) == same(wanted):
                return one
    return words[0]


def _main_language(tag: str) -> str:
    return tag.partition("-")[0]
