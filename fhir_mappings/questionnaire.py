"""An instrument as FHIR Questionnaire (SDC): one group ``panel`` holding the items, then the scores.

Source: hl7.org/fhir/uv/sdc (profiles sdc-questionnaire, -behave, -render, -extr-obsn).
"""

import re

from fhir_mappings.codes import EXTENSION, ITEM_CONTROL, SCORE_UNIT, SDC, UCUM, VERSION_ALGORITHM, Names
from fhir_mappings.elements import (
    PANEL,
    PUBLISHER,
    Json,
    answer_coding,
    coding,
    extension,
    measure_coding,
    narrative,
    range_of,
    survey_category,
    weights,
)
from fhir_mappings.expressions import SCORE_PLACES, calculated_expression, score_variables
from fhir_mappings.instrument import AnswerScale, Instrument, Item, ScoreRule

# The last three do not inherit the mandatory url of the first (tested), so all four are claimed.
_PROFILES = (
    "sdc-questionnaire",
    "sdc-questionnaire-behave",
    "sdc-questionnaire-render",
    "sdc-questionnaire-extr-obsn",
)

# SDC's 4.0.0 ballot knows only the first spelling, its current source only the second.
_ALGORITHM_EXTENSIONS = (
    "http://hl7.org/fhir/5.0/StructureDefinition/extension-Questionnaire.versionAlgorithm[x]",
    f"{EXTENSION}/artifact-versionAlgorithm",
)


def versioned_id(name: str, version: str) -> str:
    """Return the logical id of a definition; it ends in the version and is never overwritten.

    Example: ``srs-3``, ``1.0.0`` -> ``srs-3-1.0.0``.
    """
    return f"{name}-{version}"


def to_questionnaire(instrument: Instrument, names: Names) -> Json:
    """Return the Questionnaire of an instrument in FHIR R4 JSON.

    Items and scores are in file order, below one group ``panel``. No scored item is required: a form with
    blanks may be completed. A provisional instrument is a draft.
    """
    return {
        "resourceType": "Questionnaire",
        "id": versioned_id(instrument.id, instrument.version),
        "meta": {"profile": [f"{SDC}/{profile}" for profile in _PROFILES]},
        "text": narrative(f"{instrument.title}. {instrument.description}"),
        "extension": _root_extensions(instrument),
        "url": names.questionnaire(instrument.id),
        "version": instrument.version,
        "name": instrument.name,
        "title": instrument.title,
        "status": "draft" if instrument.status == "provisional" else "active",
        "experimental": False,
        "subjectType": ["Patient"],
        "date": instrument.date,
        "publisher": PUBLISHER,
        "description": _description(instrument),
        "copyright": instrument.copyright,
        "code": [measure_coding(names, instrument)],
        "item": [_panel(instrument, names)],
    }


def _description(instrument: Instrument) -> str:
    sentences = [
        instrument.description,
        f"Given: {instrument.timing}.",
        f"Looks back on: {instrument.looks_back}.",
        f"Source: {instrument.citation}",
    ]
    if instrument.status == "provisional":
        sentences.append(f"Provisional: {instrument.status_reason}")
    return " ".join(re.sub(r"\.\.$", ".", sentence) for sentence in sentences)


def _root_extensions(instrument: Instrument) -> list[Json]:
    semver = coding(VERSION_ALGORITHM, "semver", "SemVer")
    algorithms = [extension(url, valueCoding=semver) for url in _ALGORITHM_EXTENSIONS]
    category = extension(
        f"{SDC}/sdc-questionnaire-observation-extract-category", valueCodeableConcept=survey_category()
    )
    variables = [
        extension(f"{EXTENSION}/variable", valueExpression={"name": name} | _fhirpath(expression))
        for name, expression in score_variables(instrument).items()
    ]
    return [*algorithms, category, *variables]


def _fhirpath(expression: str) -> Json:
    return {"language": "text/fhirpath", "expression": expression}


def _panel(instrument: Instrument, names: Names) -> Json:
    return {
        "extension": [extension(f"{SDC}/sdc-questionnaire-observationExtract", valueBoolean=True)],
        "linkId": PANEL,
        "code": [measure_coding(names, instrument)],
        "text": instrument.title,
        "type": "group",
        "item": [
            *(_item(instrument, item, names) for item in instrument.items),
            *(_score_item(instrument, rule, names) for rule in instrument.scores),
        ],
    }


def _item(instrument: Instrument, item: Item, names: Names) -> Json:
    extract = _extract(observed=instrument.observed_items)
    base = {
        "linkId": item.link_id,
        "code": [measure_coding(names, instrument, item.link_id)],
        "text": item.text,
    }
    if item.scale is not None:
        options = _answer_options(item.scale, names)
        return {"extension": [extract], **base, "type": "choice", "answerOption": options}
    anchors = [_anchor(item, "lower", item.lower_anchor), _anchor(item, "upper", item.upper_anchor)]
    return {"extension": [*_mark_extensions(item), extract], **base, "type": "decimal", "item": anchors}


def _extract(*, observed: bool) -> Json:
    """Return the extraction rule of a child of the panel: no is said, since the panel's yes is inherited."""
    value: Json = {"valueCode": "member"} if observed else {"valueBoolean": False}
    return extension(f"{SDC}/sdc-questionnaire-observationExtract", **value)


def _mark_extensions(item: Item) -> list[Json]:
    # questionnaire-sliderStepValue is for integers only; the step of a decimal is its decimal places.
    places = item.decimal_places
    hint = f"{item.minimum:.{places}f} to {item.maximum:.{places}f} in steps of {item.step:f}"
    return [
        _item_control("slider", "Slider"),
        *_limits(item, places),
        extension(f"{EXTENSION}/entryFormat", valueString=hint),
        _unit(),
    ]


def _limits(part: Item | ScoreRule, places: int) -> list[Json]:
    return [
        extension(f"{EXTENSION}/minValue", valueDecimal=part.minimum),
        extension(f"{EXTENSION}/maxValue", valueDecimal=part.maximum),
        extension(f"{EXTENSION}/maxDecimalPlaces", valueInteger=places),
    ]


def _unit() -> Json:
    return extension(f"{EXTENSION}/questionnaire-unit", valueCoding=coding(UCUM, SCORE_UNIT, "score"))


def _item_control(code: str, display: str | None = None) -> Json:
    control = {"coding": [coding(ITEM_CONTROL, code, display)]}
    return extension(f"{EXTENSION}/questionnaire-itemControl", valueCodeableConcept=control)


def _anchor(item: Item, end: str, words: str) -> Json:
    return {
        "extension": [_item_control(end)],
        "linkId": f"{item.link_id}-{end}",
        "text": words,
        "type": "display",
    }


def _answer_options(scale: AnswerScale, names: Names) -> list[Json]:
    return [
        {"extension": weights(choice), "valueCoding": answer_coding(names, scale, choice)}
        for choice in scale.choices
    ]


def _score_item(instrument: Instrument, rule: ScoreRule, names: Names) -> Json:
    expression = {"description": f"{rule.title}, {range_of(rule)}"} | _fhirpath(calculated_expression(rule))
    return {
        "extension": [
            extension(f"{SDC}/sdc-questionnaire-calculatedExpression", valueExpression=expression),
            *_limits(rule, SCORE_PLACES),
            _unit(),
            _extract(observed=rule.observed),
        ],
        "linkId": rule.id,
        "code": [measure_coding(names, instrument, rule.id)],
        "text": rule.title,
        "type": "decimal",
        "readOnly": True,
    }
