"""The items of a received QuestionnaireResponse: which answers and scores it claims, and where they stand."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from fhir_mappings.codes import Names
from fhir_mappings.elements import PANEL, Json
from fhir_mappings.errors import Fault
from fhir_mappings.instrument import AnswerScale, Instrument

ITEMS = "QuestionnaireResponse.item"
_NUMBERS = ("valueDecimal", "valueInteger")


@dataclass(frozen=True, slots=True)
class SubmittedItems:
    """What the items of a response claim.

    ``answers`` holds numbers by link id, not yet checked against the instrument, a choice as its weight;
    ``scores`` the score items by score id. Blank ones are left out. ``places`` gives the FHIRPath of
    each link id that occurs: its answer, or the item itself where it has none.
    """

    answers: dict[str, Decimal] = field(default_factory=dict)
    scores: dict[str, Decimal] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Question:
    """One item that is not the panel, and its FHIRPath."""

    at: str
    content: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Expected:
    """What kind of answer a link id takes: a choice where there is a scale, else a number."""

    names: Names
    is_item: bool
    scale: AnswerScale | None


def read_items(resource: Json, instrument: Instrument, names: Names) -> SubmittedItems:
    """Return what the items claim, with every fault in them, in the order of the resource.

    Items may stand inside ``panel`` or beside each other at the root. Marks come as decimal or integer,
    choices as coding of our system (or of none) or as their weight, scores as decimal or integer.
    """
    found = SubmittedItems()
    scales = {item.link_id: item.scale for item in instrument.items}
    for question in _questions(resource, found.faults):
        link_id = question.content.get("linkId")
        if not isinstance(link_id, str) or not (link_id in scales or link_id in instrument.score_by_id):
            found.faults.append(Fault(f"{question.at}.linkId", "unknown-item", "the form has no such item"))
        elif link_id in found.places:
            found.faults.append(Fault(f"{question.at}.linkId", "doubled-item", "the item is there twice"))
        else:
            _take(found, question, link_id, _Expected(names, link_id in scales, scales.get(link_id)))
    return found


def _questions(resource: Json, faults: list[Fault]) -> Iterator[_Question]:
    """Yield every item but the panel itself; items nested anywhere else than in a root panel are faults."""
    for at, item in _children(resource, "QuestionnaireResponse", faults):
        question = _Question(at, item)
        if item.get("linkId") != PANEL:
            yield from _with_nested(question, faults)
            continue
        if "answer" in item:
            faults.append(Fault(f"{at}.answer", "wrong-type", "a group has no answer"))
        for inner_at, inner in _children(item, at, faults):
            yield from _with_nested(_Question(inner_at, inner), faults)


def _with_nested(question: _Question, faults: list[Fault]) -> Iterator[_Question]:
    yield question
    for at, _ in _children(question.content, question.at, faults):
        faults.append(Fault(at, "unknown-item", "the form has no item here"))


def _children(parent: Mapping[str, object], at: str, faults: list[Fault]) -> list[tuple[str, Json]]:
    """Return the ``item`` entries with their FHIRPaths; whatever is not an object is a fault."""
    items = parent.get("item", [])
    if not isinstance(items, list):
        faults.append(Fault(f"{at}.item", "wrong-type", "must be a list"))
        return []
    found = []
    for index, item in enumerate(items):
        here = f"{at}.item[{index}]"
        if not isinstance(item, dict):
            faults.append(Fault(here, "wrong-type", "must be an object"))
        elif "modifierExtension" in item:
            faults.append(_modifier(here))
        else:
            found.append((here, item))
    return found


def _modifier(at: str) -> Fault:
    # FHIR forbids acting on a resource whose modifier extensions one does not know (extensibility.html).
    return Fault(f"{at}.modifierExtension", "unknown-modifier", "no modifier extension is understood here")


def _take(found: SubmittedItems, question: _Question, link_id: str, expected: _Expected) -> None:
    """Put the answer of one question where it belongs, or its fault."""
    answer = _only_answer(question, found.faults)
    found.places[link_id] = question.at if answer is None else f"{question.at}.answer[0]"
    if answer is None:
        return
    if "item" in answer:
        at = f"{question.at}.answer[0].item"
        found.faults.append(Fault(at, "unknown-item", "the form has no item here"))
    value = _value(answer, f"{question.at}.answer[0]", expected)
    if isinstance(value, Fault):
        found.faults.append(value)
    elif expected.is_item:
        found.answers[link_id] = value
    else:
        found.scores[link_id] = value


def _only_answer(question: _Question, faults: list[Fault]) -> Json | None:
    """Return the one answer; None where it is blank, or not one object (a fault)."""
    answers = question.content.get("answer", [])
    if answers == []:
        return None
    if not isinstance(answers, list) or not all(isinstance(answer, dict) for answer in answers):
        faults.append(Fault(f"{question.at}.answer", "wrong-type", "must be a list of objects"))
        return None
    if len(answers) > 1:
        faults.append(Fault(f"{question.at}.answer", "more-than-one-answer", "takes one answer"))
        return None
    first: Json = answers[0]
    return first


def _value(answer: Json, at: str, expected: _Expected) -> Decimal | Fault:
    kinds = [key for key in answer if key.startswith("value")]
    value = answer[kinds[0]] if len(kinds) == 1 else None
    if kinds == ["valueCoding"] and expected.scale is not None and isinstance(value, dict):
        return _weight(value, at, expected.names, expected.scale)
    # True is an int in Python, and no number in FHIR.
    if isinstance(value, Decimal | int) and not isinstance(value, bool) and kinds[0] in _NUMBERS:
        number = Decimal(value)
        return number if number.is_finite() else Fault(at, "not-a-number", "must be a finite number")
    wanted = "one coding or number" if expected.scale else "one number"
    return Fault(at, "wrong-type", f"must hold {wanted}")


def _weight(coding: Json, at: str, names: Names, scale: AnswerScale) -> Decimal | Fault:
    if coding.get("system", names.answer_codes(scale.id)) != names.answer_codes(scale.id):
        return Fault(f"{at}.value.system", "foreign-coding", "the code is of another code system")
    for choice in scale.choices:
        if choice.code == coding.get("code"):
            return choice.weight
    return Fault(f"{at}.value.code", "unknown-choice", "the form has no such choice")
