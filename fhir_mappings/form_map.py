"""A form that the EHR owns, mapped to one of our instruments: canonical, link ids and codes, in both ways.

Where an EHR answers only Questionnaires of its own (Epic), or a clinic rebuilt the form there, answers come
and go under its names. A map says which of them mean which of ours; nothing is guessed.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from fhir_mappings.codes import Names
from fhir_mappings.elements import Json
from fhir_mappings.errors import Fault, ResourceRefused
from fhir_mappings.form_names import form_canonical
from fhir_mappings.instrument import AnyItem, ChoiceItem, FlagItem, Instrument, Item, TextItem
from fhir_mappings.scoring import plain

ValueKind = Literal["decimal", "integer", "coding", "string", "boolean"]
ROOT = "QuestionnaireResponse"
_NUMBER = re.compile(r"-?[0-9]{1,6}(\.[0-9]{1,6})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class MappedItem:
    """One item or score of ours in the EHR's form.

    ``ours`` is our link id, ``link_id`` the EHR's, below these ``groups`` (outermost first). ``codes`` gives
    the EHR's code or word for each answer of ours: a choice's code, ``true`` or ``false``, or a number.
    """

    ours: str
    link_id: str
    value: ValueKind
    groups: tuple[str, ...]
    system: str | None
    codes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FormMap:
    """One form of the EHR. ``questionnaire`` is its canonical; without a version every version is meant.

    ``items`` are in the order of the map's file; ``ignored`` are link ids of the EHR's that say nothing here.
    """

    instrument: str
    questionnaire: str
    items: tuple[MappedItem, ...]
    ignored: frozenset[str]

    def is_of(self, canonical: object) -> bool:
        """Tell whether a response with this canonical is to this form."""
        url, _, version = canonical.partition("|") if isinstance(canonical, str) else ("", "", "")
        ours, _, only = self.questionnaire.partition("|")
        return url == ours and (not only or version in ("", only))


@dataclass(frozen=True, slots=True)
class Translated:
    """An EHR's response as one to our own form, its items flat, and where each of them stood before."""

    resource: Json
    places: tuple[str, ...]

    def found_at(self, fault: Fault) -> Fault:
        """Return a fault of our own form with the place in the EHR's response that it comes from."""
        for index, place in enumerate(self.places):
            ours = f"{ROOT}.item[{index}]"
            if fault.at == ours or fault.at.startswith(f"{ours}."):
                return replace(fault, at=place)
        return fault


def answers_of(instrument: Instrument, part: str) -> tuple[str, ...]:
    """Return every answer that an item may have, as the keys of ``codes``; none for texts and scores.

    A line has its numbers, where there are at most 101 of them: ``0``, ``0.1``, …
    """
    item = _item(instrument, part)
    if isinstance(item, FlagItem):
        return ("true", "false")
    if isinstance(item, ChoiceItem):
        return tuple(option.code for option in item.options.options)
    if isinstance(item, Item) and item.scale is not None:
        return tuple(choice.code for choice in item.scale.choices)
    if isinstance(item, Item):
        steps = int((item.maximum - item.minimum) / item.step)
        return tuple(_digits(item.minimum + item.step * step) for step in range(min(steps, 100) + 1))
    return ()


def to_ehr_form(response: Json, form: FormMap, instrument: Instrument) -> Json | None:
    """Return our response as one to the EHR's form; None where nothing that was answered has a place in it.

    Item texts and the form's title are left out: they are ours, not the EHR's. Scores without a place go
    as Observations alone.
    """
    given = {one["linkId"]: one["answer"] for one in _answered(response)}
    items: list[Json] = []
    for one in form.items:
        answers = [_theirs(one, answer, instrument) for answer in given.get(one.ours, ())]
        if answers:
            _below(items, one.groups).append({"linkId": one.link_id, "answer": answers})
    if not items:
        return None
    head = {key: value for key, value in response.items() if key not in ("_questionnaire", "item")}
    return {**head, "questionnaire": form.questionnaire, "item": items}


def from_ehr_form(resource: Json, form: FormMap, instrument: Instrument, names: Names) -> Translated:
    """Return an EHR's response as one to our own form; whether the answers are good is judged there.

    Raises ``ResourceRefused`` with every answer that the map does not know: an item, a code, a kind of value.
    """
    by_link = {one.link_id: one for one in form.items}
    faults: list[Fault] = []
    items: list[Json] = []
    places: list[str] = []
    seen: set[str] = set()
    for at, item in _walk(resource, ROOT, form.ignored, faults):
        link_id, answers = item.get("linkId"), item.get("answer", [])
        mapped = by_link.get(link_id) if isinstance(link_id, str) else None
        if mapped is None:
            if answers:
                faults.append(Fault(at, "unknown-item", "The map of this form does not have this item."))
        elif mapped.link_id in seen:
            faults.append(Fault(at, "doubled-item", "The item is there twice."))
        elif not isinstance(answers, list):
            faults.append(Fault(f"{at}.answer", "wrong-type", "must be a list of objects"))
        elif answers:
            seen.add(mapped.link_id)
            item_of_ours = _item(instrument, mapped.ours)
            ours = [_ours(mapped, answer, at, item_of_ours, names) for answer in answers]
            faults += [one for one in ours if isinstance(one, Fault)]
            items.append({"linkId": mapped.ours, "answer": ours})
            places.append(at)
    if faults:
        raise ResourceRefused(faults)
    head = {key: value for key, value in resource.items() if key not in ("_questionnaire", "item")}
    questionnaire = form_canonical(instrument, names)
    told = {**head, "questionnaire": questionnaire, **({"item": items} if items else {})}
    return Translated(told, tuple(places))


def _item(instrument: Instrument, part: str) -> AnyItem | None:
    return next((one for one in instrument.all_items if one.link_id == part), None)


def _digits(number: Decimal) -> str:
    return format(plain(number), "f")


def _answered(parent: Json) -> Iterator[Json]:
    """Yield every answered item of a response of ours."""
    for one in parent.get("item", []):
        if "answer" in one:
            yield one
        yield from _answered(one)


def _below(items: list[Json], groups: tuple[str, ...]) -> list[Json]:
    """Return the list of items inside these groups, which are made where they are missing."""
    for link_id in groups:
        group = next((one for one in items if one["linkId"] == link_id and "item" in one), None)
        if group is None:
            group = {"linkId": link_id, "item": []}
            items.append(group)
        items = group["item"]
    return items


def _theirs(mapped: MappedItem, answer: Json, instrument: Instrument) -> Json:
    key, number = _key(mapped, answer, instrument)
    if mapped.value == "coding":
        system = {"system": mapped.system} if mapped.system else {}
        return {"valueCoding": {**system, "code": mapped.codes[key]}}
    if mapped.value == "string":
        return {"valueString": mapped.codes.get(key, key if number is None else _digits(number))}
    if mapped.value == "boolean":
        return {"valueBoolean": key == "true"}
    if number is None:  # the file's check lets only numbers be written as numbers
        raise LookupError(mapped.ours)
    return {"valueInteger": int(number)} if mapped.value == "integer" else {"valueDecimal": number}


def _key(mapped: MappedItem, answer: Json, instrument: Instrument) -> tuple[str, Decimal | None]:
    """Return an answer of ours as a key of ``codes``, and its number where it has one."""
    (value,) = (one for name, one in answer.items() if name.startswith("value"))
    if isinstance(value, bool):
        return ("true" if value else "false"), None
    if isinstance(value, dict):
        item = _item(instrument, mapped.ours)
        scale = item.scale if isinstance(item, Item) else None
        weights = {choice.code: choice.weight for choice in scale.choices} if scale else {}
        return value["code"], weights.get(value["code"])
    if isinstance(value, str):
        return value, None
    return _digits(Decimal(value)), Decimal(value)


def _walk(
    parent: Mapping[str, object], at: str, ignored: frozenset[str], faults: list[Fault]
) -> Iterator[tuple[str, Json]]:
    """Yield every item with its FHIRPath, groups and items below answers too; ignored ones are passed by."""
    items = parent.get("item", [])
    if not isinstance(items, list):
        faults.append(Fault(f"{at}.item", "wrong-type", "must be a list"))
        return
    for index, item in enumerate(items):
        here = f"{at}.item[{index}]"
        if not isinstance(item, dict):
            faults.append(Fault(here, "wrong-type", "must be an object"))
        elif "modifierExtension" in item:
            faults.append(Fault(here, "unknown-modifier", "no modifier extension is understood here"))
        elif item.get("linkId") not in ignored:
            yield here, item
            yield from _walk(item, here, ignored, faults)
            answers = item.get("answer", [])
            for number, answer in enumerate(answers if isinstance(answers, list) else []):
                if isinstance(answer, dict):
                    yield from _walk(answer, f"{here}.answer[{number}]", ignored, faults)


def _ours(mapped: MappedItem, answer: object, at: str, item: AnyItem | None, names: Names) -> Json | Fault:
    """Return one answer of the EHR's as one of ours, or its fault."""
    named = answer if isinstance(answer, dict) else {}
    values = [(name, one) for name, one in named.items() if name.startswith("value")]
    if len(values) != 1:
        return Fault(at, "wrong-type", "must hold one value")
    kind, value = values[0]
    key = _our_key(mapped, kind, value)
    found = _plain_answer(item, kind, value) if key is None else _from_key(item, key, names)
    if found is None:
        reason = "unknown-choice" if kind == "valueCoding" else "wrong-type"
        return Fault(at, reason, "The map of this form does not say what this answer means.")
    return found


def _our_key(mapped: MappedItem, kind: str, value: object) -> str | None:
    """Return the answer of ours that the map gives for a code or word of the EHR's, or None."""
    told = value
    if kind == "valueCoding" and isinstance(value, dict):
        if mapped.system is not None and value.get("system", mapped.system) != mapped.system:
            return None
        told = value.get("code")
    elif kind != "valueString":
        return None
    return next((ours for ours, theirs in mapped.codes.items() if theirs == told), None)


def _from_key(item: AnyItem | None, key: str, names: Names) -> Json:
    if isinstance(item, FlagItem):
        return {"valueBoolean": key == "true"}
    answers = item.options if isinstance(item, ChoiceItem) else item.scale if isinstance(item, Item) else None
    if answers is None:
        return {"valueDecimal": Decimal(key)}
    return {"valueCoding": {"system": names.answer_codes(answers.id), "code": key}}


def _plain_answer(item: AnyItem | None, kind: str, value: object) -> Json | None:
    """Return an answer that needs no code: a number (a choice's weight too), yes or no, words."""
    if isinstance(item, TextItem):
        return {"valueString": value} if kind == "valueString" else None
    if isinstance(item, FlagItem):
        return {"valueBoolean": value} if kind == "valueBoolean" else None
    if isinstance(item, ChoiceItem):
        return None
    number = value.get("value") if kind == "valueQuantity" and isinstance(value, dict) else value
    if kind == "valueString" and isinstance(number, str) and _NUMBER.fullmatch(number.strip()):
        return {"valueDecimal": Decimal(number.strip())}
    is_number = isinstance(number, Decimal | int) and not isinstance(number, bool)
    return {"valueDecimal": number} if is_number and kind != "valueString" else None
