"""What a therapist is offered around an alert and around a session, in the languages of our descriptors.

Texts are practice advice that clinicians agree on, not proven effects, and every one is an offer. They are
drafts until a clinician who speaks the language natively has reviewed them; ``Guidance.status`` says so.
Source: ``guidance/<language>.toml``; 134 experts on what comes first after a strain, as told there.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Literal

DEFAULT_LANGUAGE = "en"

Part = Literal["goals", "tasks", "bond"]
# Which part of the alliance a mark or subscale is about, by its id: the marks of the SRS and its kin, the
# subscales of the WAI and its kin. What is about the whole (the fourth mark, a total) has none.
_PART_OF: Mapping[str, Part] = {
    "item-1": "bond",
    "item-2": "goals",
    "item-3": "tasks",
    "bond": "bond",
    "goal": "goals",
    "task": "tasks",
}

# What clinics call an approach -> the one of the three that its offer is written for.
_APPROACH_OF: Mapping[str, str] = {
    **dict.fromkeys(("person-centred", "person-centered", "client-centred", "humanistic"), "person-centred"),
    **dict.fromkeys(("collaborative", "cbt", "cognitive-behavioural", "motivational"), "collaborative"),
    **dict.fromkeys(("relational", "psychodynamic"), "relational"),
}


@dataclass(frozen=True, slots=True)
class Way:
    """One way to take up a strain: a title and its steps in order."""

    id: str
    title: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Guidance:
    """All texts of one language.

    ``status`` is ``draft`` or ``reviewed``. ``phases``: before, opening, middle, closing, after -> offers.
    ``parts``: goals, tasks, bond -> questions to ask. ``approaches``: person-centred, collaborative,
    relational -> an offer. ``signs`` are for a person to note, never worked out from scores.
    """

    language: str
    status: Literal["draft", "reviewed"]
    note: str
    ways: tuple[Way, ...]
    order: str
    cultural: Way
    cultural_text: str
    signs: Mapping[str, str]
    phases: Mapping[str, tuple[str, ...]]
    prompts: tuple[str, ...]
    low_mark: str
    full_marks: str
    parts: Mapping[str, tuple[str, ...]]
    approaches: Mapping[str, str]
    power_and_culture: tuple[str, ...]
    self_disclosure: tuple[str, ...]
    self_disclosure_text: str
    supervision: tuple[str, ...]
    supervision_tools: tuple[str, ...]
    supervision_text: str


@dataclass(frozen=True, slots=True)
class Offer:
    """What goes with one alert: the first steps, the questions on what fell most, and what to read on.

    ``part`` is what the questions are about, None where nothing told fell or the whole did.
    """

    language: str
    status: str
    note: str
    steps: tuple[str, ...]
    part: Part | None
    questions: tuple[str, ...]
    approach: str | None


def guidance_in(language: str | None) -> Guidance:
    """Return the texts in the language asked for, its region left aside; English where there is none."""
    known = guidance_by_language()
    wanted = (language or DEFAULT_LANGUAGE).lower()
    return known.get(wanted) or known.get(wanted.partition("-")[0]) or known[DEFAULT_LANGUAGE]


@cache
def guidance_by_language() -> Mapping[str, Guidance]:
    """Return language -> texts; the files are read once."""
    folder = files("service.alliance") / "guidance"
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".toml"))
    read = {
        name.removesuffix(".toml"): tomllib.loads((folder / name).read_text(encoding="utf-8"))
        for name in names
    }
    return MappingProxyType({language: _guidance(language, table) for language, table in read.items()})


def offer_for(guidance: Guidance, fallen: str | None, approach: str | None = None) -> Offer:
    """Return the part of the guidance that fits an alert.

    ``fallen`` is the id of the mark or subscale that fell most (``item-3``, ``bond``), None where
    none did; ``approach`` is the dyad's in the clinic's words; one that we do not know adds nothing.
    Example: ``CBT`` gets the offer for collaborative work.
    """
    part = part_of(fallen)
    return Offer(
        language=guidance.language,
        status=guidance.status,
        note=guidance.note,
        steps=guidance.ways[0].steps,
        part=part,
        questions=guidance.parts[part] if part else guidance.prompts[:1],
        approach=guidance.approaches.get(_APPROACH_OF.get((approach or "").casefold(), "")),
    )


def part_of(fallen: str | None) -> Part | None:
    """Return the part of the alliance that a mark or subscale is about, None for the whole of it.

    Example: ``item-3`` (of an SRS) -> tasks, ``bond`` (of a WAI) -> bond, ``item-4`` -> None.
    """
    return _PART_OF.get(fallen or "")


def texts_of(guidance: Guidance) -> Sequence[str]:
    """Return every text of a language that can be shown, for checks of their words."""
    found: list[str] = []
    for field in fields(guidance):
        if field.name not in ("language", "status"):
            found += _texts(getattr(guidance, field.name))
    return found


def _texts(value: Any) -> list[str]:  # noqa: ANN401 - any field of the guidance
    if isinstance(value, str):
        return [value]
    if isinstance(value, Way):
        return [value.title, *value.steps]
    kept = value.values() if isinstance(value, Mapping) else value
    return [text for one in kept for text in _texts(one)]


def _guidance(language: str, table: Mapping[str, Any]) -> Guidance:
    cultural, supervision = table["cultural"], table["supervision"]
    return Guidance(
        language=language,
        status=table["status"],
        note=table["note"],
        ways=tuple(Way(way["id"], way["title"], tuple(way["steps"])) for way in table["ways"]),
        order=table["order"]["text"],
        cultural=Way("cultural", cultural["title"], tuple(cultural["steps"])),
        cultural_text=cultural["text"],
        signs=MappingProxyType(table["signs"]),
        phases=_lists(table["phases"]),
        prompts=tuple(table["prompts"]["session"]),
        low_mark=table["prompts"]["low_mark"],
        full_marks=table["prompts"]["full_marks"],
        parts=_lists(table["parts"]),
        approaches=MappingProxyType(table["approaches"]),
        power_and_culture=tuple(table["power_and_culture"]["offers"]),
        self_disclosure=tuple(table["self_disclosure"]["questions"]),
        self_disclosure_text=table["self_disclosure"]["text"],
        supervision=tuple(supervision["questions"]),
        supervision_tools=tuple(supervision["tools"]),
        supervision_text=supervision["text"],
    )


def _lists(table: Mapping[str, Sequence[str]]) -> Mapping[str, tuple[str, ...]]:
    return MappingProxyType({name: tuple(texts) for name, texts in table.items()})
