"""A link's forms as the page is told them: items in order, in one language; nothing of whom it is for."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fhir_mappings.instrument import AnyItem, ChoiceItem, FlagItem, Instrument, Item
from fhir_mappings.translations import descriptors
from fhir_mappings.worded import worded
from fhir_mappings.words import Words, best_words
from service.api.form_words import FormWords, choose_language, direction_of, form_words, main_language
from service.flows.deployment import Deployment
from service.flows.form_link import FormLink, LinkedForm, linked_instruments, words_of_form

Json = dict[str, object]

_LAST_BRACKETS = re.compile(r" \([^()]*\)$")


@dataclass(frozen=True, slots=True)
class ShownForm:
    """What the page is told; ``words`` are those around the forms."""

    language: str
    words: FormWords
    told: Json


def show_form(link: FormLink, deployment: Deployment, asked: Sequence[str]) -> ShownForm:
    """Return a link's forms in its language, else in the first asked for that all of them are in."""
    found = linked_instruments(deployment, link.facts)
    known = _languages(found)
    fixed = link.facts.language
    language = fixed or choose_language(known, asked)
    words = form_words(language)
    if all(instrument.for_children for instrument, _ in found):
        words = words.to_children()
    told: Json = {
        "link": link.row.id,
        "kiosk": link.at_kiosk,
        "layout": link.facts.layout,
        "language": language,
        "languages": [] if fixed else [[one, _own_name(one)] for one in known],
        "words": dict(words.texts),
        "forms": [_form(instrument, form, language) for instrument, form in found],
    }
    return ShownForm(language, words, told)


def _own_name(language: str) -> str | None:
    """Return what a language calls itself; None where we lack words: a browser knows."""
    words = form_words(language)
    return words.texts["name"] if words.language == language.lower() else None


def _languages(found: Sequence[tuple[Instrument, LinkedForm]]) -> list[str]:
    """Return the languages that all forms are in, in the order of the first; else that of the first."""
    sets = [[one.language for one in words_of_form(instrument, form.wording)] for instrument, form in found]
    mains = [{main_language(one) for one in languages} for languages in sets]
    common = [one for one in sets[0] if all(main_language(one) in others for others in mains)]
    return common or sets[0][:1]


def _form(instrument: Instrument, form: LinkedForm, language: str) -> Json:
    words = best_words(words_of_form(instrument, form.wording), language)
    shown = worded(instrument, words)
    return {
        "id": instrument.id,
        "title": _title(instrument, words),
        "copyright": shown.copyright,
        "language": words.language,
        "direction": direction_of(words.language),
        # At the ends of each line (the manuals of CSRS and CORS).
        "faces": instrument.for_children,
        "items": [_item(item) for item in shown.all_items],
    }


def _title(instrument: Instrument, words: Words) -> str:
    """Return the form's title; our own says last, in brackets, who fills it, which its reader knows.

    One that clinicians call by a word of theirs has a plain title for clients.
    """
    ours = best_words(descriptors(instrument), words.language).title
    if words.title != ours:
        return words.title
    plain = form_words(words.language).texts.get(f"title_{instrument.id.replace('-', '_')}")
    return plain or _LAST_BRACKETS.sub("", words.title)


def _item(item: AnyItem) -> Json:
    condition = item.enabled_when
    when = None if condition is None else {"item": condition.link_id, "is": condition.value}
    head: Json = {"id": item.link_id, "text": item.text, "when": when}
    match item:
        case Item():
            return head | _number(item)
        case ChoiceItem():
            options = [
                {"value": one.code, "text": one.display, "alone": one.exclusive}
                for one in item.options.options
            ]
            return head | {"kind": "several" if item.several else "choice", "options": options}
        case FlagItem():
            return head | {"kind": "flag"}
    return head | {"kind": "text"}


def _number(item: Item) -> Json:
    """Return a mark on a line, a row of whole numbers, or a choice whose value is its weight."""
    if item.scale is not None:
        choices = [{"value": int(one.weight), "text": one.display} for one in item.scale.choices]
        return {"kind": "choice", "options": choices}
    ends: Json = {"lower": item.lower_anchor, "upper": item.upper_anchor}
    if item.decimal_places:
        limits = {"minimum": item.minimum, "maximum": item.maximum, "step": item.step}
        return {"kind": "line"} | ends | limits
    return {"kind": "row", "options": list(_whole_numbers(item))} | ends


def _whole_numbers(item: Item) -> Iterator[Json]:
    number = item.minimum
    while number <= item.maximum:
        yield {"value": int(number), "text": str(int(number))}
        number += item.step
