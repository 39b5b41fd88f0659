"""The items of a Questionnaire, one encoding for each kind of question.

A line in steps below 1 is a decimal with a slider, one in whole steps an integer with a slider; a question
with a scale is a choice with weights; yes or no a boolean; a choice that counts nothing a choice without
weights; own words a text. Source: hl7.org/fhir/uv/sdc/rendering.html and behavior.html.
"""

from collections.abc import Callable, Sequence

from fhir_mappings.codes import EXTENSION, ITEM_CONTROL, SCORE_UNIT, SDC, UCUM, Names
from fhir_mappings.elements import (
    Json,
    answer_coding,
    coding,
    extension,
    in_languages,
    is_observed,
    measure_coding,
    weights,
)
from fhir_mappings.instrument import (
    AnswerScale,
    AnyItem,
    Choice,
    ChoiceItem,
    Condition,
    FlagItem,
    Instrument,
    Item,
    Option,
    OptionList,
    ScoreRule,
)
from fhir_mappings.words import Words


def to_item(instrument: Instrument, item: AnyItem, names: Names, words: Sequence[Words]) -> Json:
    """Return one item of the Questionnaire; ``required`` is said only where the item must be answered.

    ``words`` are the form's own language and its translations.
    """
    extensions, asked = _asked(item, names, words)
    extract = extraction(observed=is_observed(instrument, item))
    return {
        "extension": [*extensions, extract],
        "linkId": item.link_id,
        "code": [measure_coding(names, instrument, item.link_id)],
        **in_languages("text", words, lambda one: one.items[item.link_id]),
        "type": asked.pop("type"),
        **_enable_when(instrument, item.enabled_when, names),
        **({"required": True} if item.required else {}),
        **asked,
    }


def extraction(*, observed: bool) -> Json:
    """Return the extraction rule of a child of the panel: no is said, since the panel's yes is inherited."""
    value: Json = {"valueCode": "member"} if observed else {"valueBoolean": False}
    return extension(f"{SDC}/sdc-questionnaire-observationExtract", **value)


def decimal_limits(part: Item | ScoreRule, places: int) -> list[Json]:
    """Return minimum, maximum and decimal places of a decimal item."""
    return [
        extension(f"{EXTENSION}/minValue", valueDecimal=part.minimum),
        extension(f"{EXTENSION}/maxValue", valueDecimal=part.maximum),
        extension(f"{EXTENSION}/maxDecimalPlaces", valueInteger=places),
    ]


def unit() -> Json:
    """Return the unit of a score or mark; with it extraction gives a Quantity."""
    return extension(f"{EXTENSION}/questionnaire-unit", valueCoding=coding(UCUM, SCORE_UNIT, "score"))


def _asked(item: AnyItem, names: Names, words: Sequence[Words]) -> tuple[list[Json], Json]:
    """Return the extensions and the elements that are particular to the kind of question."""
    if isinstance(item, Item):
        return _number(item, names, words)
    if isinstance(item, FlagItem):
        return [], {"type": "boolean"}
    if isinstance(item, ChoiceItem):
        return _choice(item, names, words)
    return [], {"type": "text"}


def _number(item: Item, names: Names, words: Sequence[Words]) -> tuple[list[Json], Json]:
    if item.scale is not None:
        return [], {"type": "choice", "answerOption": _weighted_options(item.scale, names, words)}
    kind = "decimal" if item.decimal_places else "integer"
    return _line_extensions(item), {"type": kind, "item": _ends(item, words)}


def _choice(item: ChoiceItem, names: Names, words: Sequence[Words]) -> tuple[list[Json], Json]:
    control = ("check-box", "Check-box") if item.several else ("radio-button", "Radio Button")
    options = [_option(option, item.options, names, words) for option in item.options.options]
    repeats = {"repeats": True} if item.several else {}
    return [_item_control(*control)], {"type": "choice", **repeats, "answerOption": options}


def _line_extensions(item: Item) -> list[Json]:
    places = item.decimal_places
    hint = f"{item.minimum:.{places}f} to {item.maximum:.{places}f} in steps of {item.step:f}"
    limits = decimal_limits(item, places) if places else _integer_limits(item)
    entry = extension(f"{EXTENSION}/entryFormat", valueString=hint)
    return [_item_control("slider", "Slider"), *limits, entry, unit()]


def _integer_limits(item: Item) -> list[Json]:
    # sliderStepValue is for integers only; the step of a decimal is its decimal places.
    return [
        extension(f"{EXTENSION}/minValue", valueInteger=int(item.minimum)),
        extension(f"{EXTENSION}/maxValue", valueInteger=int(item.maximum)),
        extension(f"{EXTENSION}/questionnaire-sliderStepValue", valueInteger=int(item.step)),
    ]


def _item_control(code: str, display: str | None = None) -> Json:
    control = {"coding": [coding(ITEM_CONTROL, code, display)]}
    return extension(f"{EXTENSION}/questionnaire-itemControl", valueCodeableConcept=control)


def _ends(item: Item, words: Sequence[Words]) -> list[Json]:
    def both(one: Words) -> str:
        lower, upper = one.anchors[item.link_id]
        return f"{item.minimum:f} = {lower}; {item.maximum:f} = {upper}"

    # The help comes last: LHC-Forms draws no slider, takes each display for help and shows the last one only.
    return [
        _display(item, "lower", words, lambda one: one.anchors[item.link_id][0]),
        _display(item, "upper", words, lambda one: one.anchors[item.link_id][1]),
        _display(item, "help", words, both),
    ]


def _display(item: Item, control: str, words: Sequence[Words], tell: Callable[[Words], str]) -> Json:
    return {
        "extension": [_item_control(control)],
        "linkId": f"{item.link_id}-{control}",
        **in_languages("text", words, tell),
        "type": "display",
    }


def _weighted_options(scale: AnswerScale, names: Names, words: Sequence[Words]) -> list[Json]:
    return [
        {"extension": weights(choice), "valueCoding": _offered(names, scale, choice, words)}
        for choice in scale.choices
    ]


def _offered(
    names: Names, answers: AnswerScale | OptionList, choice: Choice | Option, words: Sequence[Words]
) -> Json:
    """Return the Coding of a choice as a person is shown it."""
    shown = in_languages("display", words, lambda one: one.choices[answers.id][choice.code])
    return answer_coding(names, answers, choice) | shown


def _option(option: Option, options: OptionList, names: Names, words: Sequence[Words]) -> Json:
    alone = extension(f"{EXTENSION}/questionnaire-optionExclusive", valueBoolean=True)
    marked = {"extension": [alone]} if option.exclusive else {}
    return {**marked, "valueCoding": _offered(names, options, option, words)}


def _enable_when(instrument: Instrument, condition: Condition | None, names: Names) -> Json:
    if condition is None:
        return {}
    if isinstance(condition.value, bool):
        answer: Json = {"answerBoolean": condition.value}
    else:
        answer = {"answerCoding": _condition_coding(instrument, condition, names)}
    return {"enableWhen": [{"question": condition.link_id, "operator": "=", **answer}]}


def _condition_coding(instrument: Instrument, condition: Condition, names: Names) -> Json:
    """Return the coding of the choice that opens an item; the loader checked that the other item has it."""
    return next(
        answer_coding(names, asked.options, option)
        for asked in instrument.all_items
        if isinstance(asked, ChoiceItem) and asked.link_id == condition.link_id
        for option in asked.options.options
        if option.code == condition.value
    )
