"""The small pieces that all our resources share: codings, quantities, labels, narrative, references.

Every function returns a new dictionary in FHIR JSON, never an empty one.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from html import escape
from types import MappingProxyType
from typing import Any

from fhir_mappings.codes import (
    ACT_CODE,
    CONFIDENTIALITY,
    EXTENSION,
    OBSERVATION_CATEGORY,
    SCORE_UNIT,
    UCUM,
    Names,
)
from fhir_mappings.instrument import (
    AnswerScale,
    AnyItem,
    Choice,
    ChoiceItem,
    Instrument,
    Item,
    Option,
    OptionList,
    ScoreRule,
    TextItem,
)
from fhir_mappings.words import Words

Json = dict[str, Any]

PANEL = "panel"
PUBLISHER = "Alliance service"
SERVICE_DEVICE = "Device/alliance-service"


def display_of(instrument: Instrument, part: str | None = None) -> str:
    """Return the words shown for a code: of the panel (no part), an item or a score.

    The same in the CodeSystem and in every coding, since validators compare them.
    Example: part ``item-4`` of ``srs-3`` -> ``SRS: Overall``.
    """
    if part is None:
        return instrument.title
    item = next((one for one in instrument.all_items if one.link_id == part), None)
    return f"{instrument.short_title}: {item.text}" if item else instrument.score_by_id[part].title


def coding(system: str, code: str, display: str | None = None) -> Json:
    """Return a Coding, with its display where there is one."""
    return {"system": system, "code": code} | ({"display": display} if display else {})


def measure_coding(names: Names, instrument: Instrument, part: str | None = None) -> Json:
    """Return our own Coding of a panel (no part), an item or a score."""
    return coding(names.measures, instrument.code(part), display_of(instrument, part))


def concept(*codings: Json, text: str | None = None) -> Json:
    """Return a CodeableConcept; its text is the first coding's display unless another is given."""
    words = text or codings[0].get("display")
    return {"coding": list(codings)} | ({"text": words} if words else {})


def survey_category() -> Json:
    """Return the category of every score (hl7.org/fhir/R4/valueset-observation-category.html)."""
    return {"coding": [coding(OBSERVATION_CATEGORY, "survey", "Survey")]}


def quantity(value: Decimal) -> Json:
    """Return a score or mark as Quantity in UCUM's unit of arbitrary points."""
    return {"value": value, "unit": "score", "system": UCUM, "code": SCORE_UNIT}


def extension(url: str, **value: object) -> Json:
    """Return an Extension; ``value`` is one keyword such as ``valueDecimal=...``."""
    return {"url": url, **value}


def in_languages(key: str, words: Sequence[Words], told: Callable[[Words], str]) -> Json:
    """Return an element in the first language, with its translations in the others.

    ``told`` gives its text in one language, an empty one where it has none there.
    Source: hl7.org/fhir/R4/extension-translation.html.
    """
    first, *others = words
    translations = [_translation(one.language, told(one)) for one in others if told(one)]
    return {key: told(first)} | ({f"_{key}": {"extension": translations}} if translations else {})


def _translation(language: str, content: str) -> Json:
    parts = [extension("lang", valueCode=language), extension("content", valueString=content)]
    return {"extension": parts, "url": f"{EXTENSION}/translation"}


def reference(target: str) -> Json:
    """Return a Reference to a resource, as it was sent."""
    return {"reference": target}


def service_reference() -> Json:
    """Return the Reference to this service as Device; its display stays where the EHR has no such Device."""
    return {"reference": SERVICE_DEVICE, "display": PUBLISHER}


# Source: HL7 v3 Confidentiality and ActCode (terminology.hl7.org).
LABELS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "N": (CONFIDENTIALITY, "normal"),
        "R": (CONFIDENTIALITY, "restricted"),
        "V": (CONFIDENTIALITY, "very restricted"),
        "MH": (ACT_CODE, "mental health information sensitivity"),
        "BH": (ACT_CODE, "behavioral health information sensitivity"),
        "PSY": (ACT_CODE, "psychiatry disorder information sensitivity"),
    }
)


def labels(names: Names) -> list[Json]:
    """Return the security labels of everything about a patient, those that the clinic chose of ``LABELS``.

    Unless it chose others: restricted, mental health. See README.md, "Labels".
    """
    return [coding(LABELS[code][0], code, LABELS[code][1]) for code in names.labels]


def with_labels(security: Sequence[Json], names: Names) -> list[Json]:
    """Return the labels that a resource came with, and ours that are not among them."""
    given = {(one.get("system"), one.get("code")) for one in security}
    ours = [one for one in labels(names) if (one["system"], one["code"]) not in given]
    return [*security, *ours]


def narrative(sentence: str) -> Json:
    """Return a Narrative of one escaped paragraph, in English whatever the resource's own language."""
    paragraph = f"<p>{escape(sentence, quote=False)}</p>"
    div = f'<div xml:lang="en" xmlns="http://www.w3.org/1999/xhtml" lang="en">{paragraph}</div>'
    return {"status": "generated", "div": div}


def as_marked(item: Item, value: Decimal) -> Decimal:
    """Return a checked mark with no more decimal places than the form allows: 9.40 -> 9.4, 9.0 -> 9.0.

    A validator counts digits: it refuses 9.40 where maxDecimalPlaces is 1.
    """
    exponent = value.as_tuple().exponent
    finest = -item.decimal_places
    return (
        value.quantize(Decimal(1).scaleb(finest))
        if isinstance(exponent, int) and exponent < finest
        else value
    )


def answer_coding(names: Names, answers: AnswerScale | OptionList, choice: Choice | Option) -> Json:
    """Return the Coding of one choice of a scale or option list, without its weight."""
    return coding(names.answer_codes(answers.id), choice.code, choice.display)


def is_observed(instrument: Instrument, item: AnyItem) -> bool:
    """Return whether the answer to an item becomes an Observation.

    Where the answer is a score of its own, that score says it. Words and several choices never do.
    """
    if isinstance(item, TextItem) or (isinstance(item, ChoiceItem) and item.several):
        return False
    rule = instrument.score_by_id.get(item.link_id)
    return rule.observed if rule else instrument.observed_items


def weights(choice: Choice) -> list[Json]:
    """Return the weight of a choice in both spellings: itemWeight, and ordinalValue for older readers."""
    return [
        extension(f"{EXTENSION}/itemWeight", valueDecimal=choice.weight),
        extension(f"{EXTENSION}/ordinalValue", valueDecimal=choice.weight),
    ]


def range_of(part: Item | ScoreRule) -> str:
    """Return the range of an item or score for people: ``0 to 40``."""
    return f"{part.minimum:f} to {part.maximum:f}"
