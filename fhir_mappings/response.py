"""A filled instrument as QuestionnaireResponse, and back (``reading.py``)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from fhir_mappings.codes import EXTENSION, SDC, Names
from fhir_mappings.elements import (
    PANEL,
    Json,
    answer_coding,
    as_marked,
    display_of,
    extension,
    in_languages,
    labels,
    narrative,
    reference,
    weights,
)
from fhir_mappings.filled import Answers, Filled, Identifier
from fhir_mappings.form_names import form_canonical
from fhir_mappings.instrument import AnyItem, ChoiceItem, FlagItem, Instrument, Item
from fhir_mappings.reading import CheckedResponse, ReadResponse, read_and_check, read_response
from fhir_mappings.translations import words_in
from fhir_mappings.words import Words

__all__ = ["CheckedResponse", "ReadResponse", "read_and_check", "read_response", "to_response"]

PROVISIONAL = "provisional instrument"
RESPONSE_PROFILE = f"{SDC}/sdc-questionnaireresponse"


def to_response(
    filled: Filled,
    names: Names,
    *,
    identifier: Identifier | None = None,
    profiles: bool = False,
    texts: bool = True,
) -> Json:
    """Return the QuestionnaireResponse of one version of a response, in FHIR R4 JSON.

    Answered items stand in form order below one group ``panel``, then the scores that have a value; a bare
    total is its score item alone. References and ``authored`` are as they were sent. ``identifier`` takes the
    place of the response's own; ``profiles`` claims SDC's profile, for servers that declare it. ``texts``
    False leaves out answers in own words, which are never written to an EHR.

    The text of an item is the form's, and has a translation where the response is in another language that
    the form has: the official validator refuses any text that is not the form's own.
    """
    chosen = identifier or filled.identifier
    words = words_in(filled.instrument, filled.language, filled.wording)
    return {
        "resourceType": "QuestionnaireResponse",
        "id": filled.id,
        "meta": {
            "versionId": str(filled.version),
            "lastUpdated": filled.last_updated,
            **({"profile": [RESPONSE_PROFILE]} if profiles else {}),
            "security": labels(names),
        },
        **({"language": filled.language} if filled.language else {}),
        "text": narrative(_sentence(filled)),
        **session_extensions(
            names,
            session_date=filled.session_date,
            session_number=filled.session_number,
            therapist=filled.therapist,
        ),
        **({"identifier": {"system": chosen.system, "value": chosen.value}} if chosen else {}),
        **form_reference(filled.instrument, names, filled.wording, title=words[-1].title),
        "status": filled.status,
        "subject": reference(filled.patient),
        **({"encounter": reference(filled.encounter)} if filled.encounter else {}),
        "authored": filled.authored,
        **({"author": reference(filled.author)} if filled.author else {}),
        "source": reference(filled.source),
        "item": [_panel(filled, names, words, texts=texts)],
    }


def form_reference(
    instrument: Instrument, names: Names, wording: str | None = None, *, title: str = ""
) -> Json:
    """Return the elements by which a response names its form: url and version, and the title as display.

    ``wording`` is the version of the clinic's own wording, None for our own descriptors; ``title`` is said
    where it is not the instrument's.
    """
    return {
        "questionnaire": form_canonical(instrument, names, wording),
        "_questionnaire": {
            "extension": [extension(f"{EXTENSION}/display", valueString=title or instrument.title)]
        },
    }


def _sentence(filled: Filled) -> str:
    """Return how much was answered and the scores; never an answer in words."""
    of = len(filled.instrument.all_items)
    answered = f"{len(filled.answers.by_link_id)} of {of} items answered"
    if filled.answers.total is not None:
        answered = "total only"
    scores = [
        f"{display_of(filled.instrument, score.id)} {score.value:f}"
        for score in filled.scores
        if score.value is not None
    ]
    provisional = [PROVISIONAL] if filled.instrument.status == "provisional" and scores else []
    return f"{filled.instrument.title}: {'; '.join([answered, *scores, *provisional])}."


def session_extensions(
    names: Names, *, session_date: str | None, session_number: int | None, therapist: str | None
) -> Json:
    """Return the element ``extension`` with what is known of the session, or nothing."""
    found = []
    if session_date is not None:
        found.append(extension(names.extension("session-date"), valueDate=session_date))
    if session_number is not None:
        found.append(extension(names.extension("session-number"), valuePositiveInt=session_number))
    if therapist is not None:
        found.append(extension(names.extension("therapist"), valueReference=reference(therapist)))
    return {"extension": found} if found else {}


def _panel(filled: Filled, names: Names, words: Sequence[Words], *, texts: bool) -> Json:
    instrument = filled.instrument
    answers = filled.answers if texts else replace(filled.answers, texts={})
    answered = [
        _answered(item.link_id, words, lambda one: one.items, _answers(item, answers, names))
        for item in instrument.all_items
        if item.link_id in answers.by_link_id
    ]
    scored = [
        _answered(score.id, words, lambda one: one.scores, [{"valueDecimal": score.value}])
        for score in filled.scores
        if score.value is not None and instrument.score_by_id[score.id].kind != "answer"
    ]
    inside = answered + scored
    title = in_languages("text", words, lambda one: one.title)
    return {"linkId": PANEL, **title} | ({"item": inside} if inside else {})


def _answered(
    link_id: str, words: Sequence[Words], of: Callable[[Words], Mapping[str, str]], answers: list[Json]
) -> Json:
    text = in_languages("text", words, lambda one: of(one)[link_id])
    return {"linkId": link_id, **text, "answer": answers}


def _answers(item: AnyItem, answers: Answers, names: Names) -> list[Json]:
    """Return the answers to one answered item: one, or one for each of several choices."""
    if isinstance(item, Item):
        return [_number(item, answers.values[item.link_id], names)]
    if isinstance(item, FlagItem):
        return [{"valueBoolean": answers.flags[item.link_id]}]
    if isinstance(item, ChoiceItem):
        chosen = answers.choices[item.link_id]
        options = [option for option in item.options.options if option.code in chosen]
        return [{"valueCoding": answer_coding(names, item.options, option)} for option in options]
    return [{"valueString": answers.texts[item.link_id]}]


def _number(item: Item, value: Decimal, names: Names) -> Json:
    if item.scale is None and item.decimal_places:
        return {"valueDecimal": as_marked(item, value)}
    if item.scale is None:
        return {"valueInteger": int(value)}
    choice = next(choice for choice in item.scale.choices if choice.weight == value)
    weighted = {"extension": weights(choice)} | answer_coding(names, item.scale, choice)
    return {"valueCoding": weighted}
