"""The items of a received QuestionnaireResponse: which answers and scores it claims, and where they stand."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from fhir_mappings.codes import Names
from fhir_mappings.elements import PANEL, Json
from fhir_mappings.errors import Fault
from fhir_mappings.instrument import (
    AnswerScale,
    AnyItem,
    ChoiceItem,
    FlagItem,
    Instrument,
    Item,
    OptionList,
    TextItem,
)

ITEMS = "QuestionnaireResponse.item"
_NUMBERS = ("valueDecimal", "valueInteger")


@dataclass(frozen=True, slots=True)
class SubmittedItems:
    """What the items of a response claim.

    ``answers`` holds them by link id as ``check_answers`` takes them, not yet checked against the instrument:
    numbers (a choice with a weight as that weight), true or false, codes, texts; ``scores`` the score items
    by score id. Blank ones are left out. ``places`` gives the FHIRPath of
    each link id that occurs: its answer, or the item itself where it has none.
    """

    answers: dict[str, object] = field(default_factory=dict)
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
    """What a link id takes: the answer to an item, or where ``item`` is None the value of a score."""

    names: Names
    item: AnyItem | None

    @property
    def scale(self) -> AnswerScale | None:
        return self.item.scale if isinstance(self.item, Item) else None


def read_items(resource: Json, instrument: Instrument, names: Names) -> SubmittedItems:
    """Return what the items claim, with every fault in them, in the order of the resource.

    Items may stand inside ``panel`` or beside each other at the root. Marks come as decimal or integer,
    choices as coding of our system (or of none) or, where they have one, as their weight, scores as decimal
    or integer.
    """
    found = SubmittedItems()
    items = {item.link_id: item for item in instrument.all_items}
    for question in _questions(resource, found.faults):
        link_id = question.content.get("linkId")
        if not isinstance(link_id, str) or not (link_id in items or link_id in instrument.score_by_id):
            found.faults.append(Fault(f"{question.at}.linkId", "unknown-item", "the form has no such item"))
        elif link_id in found.places:
            found.faults.append(Fault(f"{question.at}.linkId", "doubled-item", "the item is there twice"))
        else:
            _take(found, question, link_id, _Expected(names, items.get(link_id)))
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
    """Put the answers of one question where they belong, or their faults."""
    answers = _only_answers(question, expected, found.faults)
    found.places[link_id] = f"{question.at}.answer[0]" if answers else question.at
    values: list[Decimal | bool | str] = []
    for index, answer in enumerate(answers):
        at = f"{question.at}.answer[{index}]"
        if "item" in answer:
            found.faults.append(Fault(f"{at}.item", "unknown-item", "the form has no item here"))
        value = _value(answer, at, expected)
        if isinstance(value, Fault):
            found.faults.append(value)
        else:
            values.append(value)
    if expected.item is None:
        found.scores.update((link_id, value) for value in values if isinstance(value, Decimal))
    elif values:
        found.answers[link_id] = values if _takes_several(expected.item) else values[0]


def _takes_several(item: AnyItem | None) -> bool:
    return isinstance(item, ChoiceItem) and item.several


def _only_answers(question: _Question, expected: _Expected, faults: list[Fault]) -> list[Json]:
    """Return the answers; none where it is blank, or not as many objects as the item takes (a fault)."""
    answers = question.content.get("answer", [])
    if not isinstance(answers, list) or not all(isinstance(answer, dict) for answer in answers):
        faults.append(Fault(f"{question.at}.answer", "wrong-type", "must be a list of objects"))
        return []
    if len(answers) > 1 and not _takes_several(expected.item):
        faults.append(Fault(f"{question.at}.answer", "more-than-one-answer", "takes one answer"))
        return []
    return answers


def _value(answer: Json, at: str, expected: _Expected) -> Decimal | bool | str | Fault:
    """Return the value as ``check_answers`` takes it, or its fault."""
    kinds = [key for key in answer if key.startswith("value")]
    kind, value = (kinds[0], answer[kinds[0]]) if len(kinds) == 1 else ("", None)
    match expected.item:
        case FlagItem():
            taken = value if kind == "valueBoolean" and isinstance(value, bool) else None
            return taken if taken is not None else Fault(at, "wrong-type", "must hold true or false")
        case TextItem():
            taken_text = value if kind == "valueString" and isinstance(value, str) else None
            return taken_text if taken_text is not None else Fault(at, "wrong-type", "must hold one text")
        case ChoiceItem(options=options):
            if kind == "valueCoding" and isinstance(value, dict):
                return _code(value, at, expected.names, options)
            return Fault(at, "wrong-type", "must hold one coding")
        case _:
            return _number(kind, value, at, expected)


def _number(kind: str, value: object, at: str, expected: _Expected) -> Decimal | Fault:
    if kind == "valueCoding" and expected.scale is not None and isinstance(value, dict):
        code = _code(value, at, expected.names, expected.scale)
        weights = {choice.code: choice.weight for choice in expected.scale.choices}
        return code if isinstance(code, Fault) else weights[code]
    # True is an int in Python, and no number in FHIR.
    if isinstance(value, Decimal | int) and not isinstance(value, bool) and kind in _NUMBERS:
        number = Decimal(value)
        return number if number.is_finite() else Fault(at, "not-a-number", "must be a finite number")
    wanted = "one coding or number" if expected.scale else "one number"
    return Fault(at, "wrong-type", f"must hold {wanted}")


def _code(coding: Json, at: str, names: Names, answers: AnswerScale | OptionList) -> str | Fault:
    """Return the code of a choice that the form has."""
    if coding.get("system", names.answer_codes(answers.id)) != names.answer_codes(answers.id):
        return Fault(f"{at}.value.system", "foreign-coding", "the code is of another code system")
    choices = answers.choices if isinstance(answers, AnswerScale) else answers.options
    code = coding.get("code")
    if isinstance(code, str) and code in [choice.code for choice in choices]:
        return code
    return Fault(f"{at}.value.code", "unknown-choice", "the form has no such choice")
