"""The items of a Questionnaire, one encoding for each kind of question.

A line in steps below 1 is a decimal with a slider, one in whole steps an integer with a slider; a question
with a scale is a choice with weights; yes or no a boolean; a choice that counts nothing a choice without
weights; own words a text. Source: hl7.org/fhir/uv/sdc/rendering.html and behavior.html.
"""

from fhir_mappings.codes import EXTENSION, ITEM_CONTROL, SCORE_UNIT, SDC, UCUM, Names
from fhir_mappings.elements import (
    Json,
    answer_coding,
    coding,
    extension,
    is_observed,
    measure_coding,
    weights,
)
from fhir_mappings.instrument import (
    AnswerScale,
    AnyItem,
    ChoiceItem,
    Condition,
    FlagItem,
    Instrument,
    Item,
    Option,
    OptionList,
    ScoreRule,
)


def to_item(instrument: Instrument, item: AnyItem, names: Names) -> Json:
    """Return one item of the Questionnaire; ``required`` is said only where the item must be answered."""
    extensions, asked = _asked(item, names)
    extract = extraction(observed=is_observed(instrument, item))
    return {
        "extension": [*extensions, extract],
        "linkId": item.link_id,
        "code": [measure_coding(names, instrument, item.link_id)],
        "text": item.text,
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


def _asked(item: AnyItem, names: Names) -> tuple[list[Json], Json]:
    """Return the extensions and the elements that are particular to the kind of question."""
    if isinstance(item, Item):
        return _number(item, names)
    if isinstance(item, FlagItem):
        return [], {"type": "boolean"}
    if isinstance(item, ChoiceItem):
        return _choice(item, names)
    return [], {"type": "text"}


def _number(item: Item, names: Names) -> tuple[list[Json], Json]:
    if item.scale is not None:
        return [], {"type": "choice", "answerOption": _weighted_options(item.scale, names)}
    kind = "decimal" if item.decimal_places else "integer"
    return _line_extensions(item), {"type": kind, "item": _ends(item)}


def _choice(item: ChoiceItem, names: Names) -> tuple[list[Json], Json]:
    control = ("check-box", "Check-box") if item.several else ("radio-button", "Radio Button")
    options = [_option(option, item.options, names) for option in item.options.options]
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


def _ends(item: Item) -> list[Json]:
    # The help comes last: LHC-Forms draws no slider, takes each display for help and shows the last one only.
    both = f"{item.minimum:f} = {item.lower_anchor}; {item.maximum:f} = {item.upper_anchor}"
    return [
        _display(item, "lower", item.lower_anchor),
        _display(item, "upper", item.upper_anchor),
        _display(item, "help", both),
    ]


def _display(item: Item, control: str, words: str) -> Json:
    return {
        "extension": [_item_control(control)],
        "linkId": f"{item.link_id}-{control}",
        "text": words,
        "type": "display",
    }


def _weighted_options(scale: AnswerScale, names: Names) -> list[Json]:
    return [
        {"extension": weights(choice), "valueCoding": answer_coding(names, scale, choice)}
        for choice in scale.choices
    ]


def _option(option: Option, options: OptionList, names: Names) -> Json:
    alone = extension(f"{EXTENSION}/questionnaire-optionExclusive", valueBoolean=True)
    marked = {"extension": [alone]} if option.exclusive else {}
    return {**marked, "valueCoding": answer_coding(names, options, option)}


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
