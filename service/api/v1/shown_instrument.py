"""An instrument as /v1 shows it."""

from fhir_mappings.instrument import (
    AnswerScale,
    AnyItem,
    ChoiceItem,
    Condition,
    CutOff,
    FlagItem,
    Instrument,
    Item,
    ScoreRule,
)
from fhir_mappings.translations import descriptors
from fhir_mappings.worded import worded
from fhir_mappings.words import best_words

Json = dict[str, object]


def show_summary(instrument: Instrument) -> Json:
    """Return what a list of instruments says of one."""
    return {
        "id": instrument.id,
        "version": instrument.version,
        "reference": instrument.reference,
        "title": instrument.title,
        "short_title": instrument.short_title,
        "family": instrument.family,
        "role": instrument.role,
        "perspective": instrument.perspective,
        "status": instrument.status,
        "status_reason": instrument.status_reason or None,
        "push": instrument.push,
        "bare_total": instrument.bare_total,
        "derived_from": instrument.derived_from,
    }


def show_instrument(instrument: Instrument, language: str | None = None) -> Json:
    """Return everything a caller needs to present, fill and read the form; items in form order.

    Its texts are the clinic's own wording where there is one in use, else our descriptors; in this language
    where they have it, else in the form's own.
    """
    form = instrument.form_in_use
    words = form.words if form else descriptors(instrument)
    told = best_words(words, language)
    return _shown(worded(instrument, told)) | {
        "form": instrument.form_reference(form.version if form else None),
        "wording": "clinic" if form else "descriptors",
        "language": told.language,
        "languages": [one.language for one in words],
    }


def _shown(instrument: Instrument) -> Json:
    return show_summary(instrument) | {
        "date": instrument.date,
        "description": instrument.description,
        "timing": instrument.timing,
        "looks_back": instrument.looks_back,
        "copyright": instrument.copyright,
        "citation": instrument.citation,
        "items": [_item(item) for item in instrument.all_items],
        "scores": [_score(rule) for rule in instrument.scores],
        "cut_offs": [_cut_off(cut_off) for cut_off in instrument.cut_offs],
    }


def _item(item: AnyItem) -> Json:
    head: Json = {
        "link_id": item.link_id,
        "text": item.text,
        "required": item.required,
        "enabled_when": _condition(item.enabled_when),
    }
    match item:
        case Item():
            return head | {"kind": "number"} | _number(item)
        case ChoiceItem():
            return head | {"kind": "choice", "several": item.several, "options": _options(item)}
        case FlagItem():
            return head | {"kind": "flag"}
    return head | {"kind": "text"}


def _condition(condition: Condition | None) -> Json | None:
    return None if condition is None else {"item": condition.link_id, "answer": condition.value}


def _options(item: ChoiceItem) -> list[Json]:
    return [
        {"code": one.code, "display": one.display, "exclusive": one.exclusive} for one in item.options.options
    ]


def _number(item: Item) -> Json:
    return {
        "minimum": item.minimum,
        "maximum": item.maximum,
        "step": item.step,
        "reversed": item.reversed,
        "lower_anchor": item.lower_anchor,
        "upper_anchor": item.upper_anchor,
        "choices": _choices(item.scale),
    }


def _choices(scale: AnswerScale | None) -> list[Json]:
    """Return the choices in rising order; an answer is sent as its ``weight``. Empty for a marked line."""
    if scale is None:
        return []
    return [{"code": one.code, "weight": one.weight, "display": one.display} for one in scale.choices]


def _score(rule: ScoreRule) -> Json:
    return {
        "id": rule.id,
        "title": rule.title,
        "kind": rule.kind,
        "items": list(rule.items),
        "parts": list(rule.parts),
        "missing": rule.missing,
        "minimum": rule.minimum,
        "maximum": rule.maximum,
        "direction": rule.direction,
        "observed": rule.observed,
        "source": rule.source,
    }


def _cut_off(cut_off: CutOff) -> Json:
    return {
        "id": cut_off.id,
        "kind": cut_off.kind,
        "score": cut_off.score,
        "value": cut_off.value,
        "inclusive": cut_off.inclusive,
        "use": cut_off.use,
        "age_from": cut_off.age_from,
        "age_to": cut_off.age_to,
        "enabled": cut_off.enabled,
        "status": cut_off.status,
        "source": cut_off.source,
    }
