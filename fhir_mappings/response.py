"""A filled instrument as QuestionnaireResponse, and back (``reading.py``)."""

from decimal import Decimal

from fhir_mappings.codes import EXTENSION, SDC, Names
from fhir_mappings.elements import (
    PANEL,
    Json,
    answer_coding,
    as_marked,
    extension,
    labels,
    narrative,
    reference,
    weights,
)
from fhir_mappings.filled import Filled, Identifier
from fhir_mappings.instrument import Item
from fhir_mappings.reading import CheckedResponse, ReadResponse, read_and_check, read_response

__all__ = ["CheckedResponse", "ReadResponse", "read_and_check", "read_response", "to_response"]

RESPONSE_PROFILE = f"{SDC}/sdc-questionnaireresponse"


def to_response(
    filled: Filled, names: Names, *, identifier: Identifier | None = None, profiles: bool = False
) -> Json:
    """Return the QuestionnaireResponse of one version of a response, in FHIR R4 JSON.

    Answered items stand in form order below one group ``panel``, then the scores that have a value; a bare
    total is its score item alone. References and ``authored`` are as they were sent. ``identifier`` takes the
    place of the response's own; ``profiles`` claims SDC's profile, for servers that declare it.
    """
    chosen = identifier or filled.identifier
    return {
        "resourceType": "QuestionnaireResponse",
        "id": filled.id,
        "meta": {
            "versionId": str(filled.version),
            "lastUpdated": filled.last_updated,
            **({"profile": [RESPONSE_PROFILE]} if profiles else {}),
            "security": labels(),
        },
        **({"language": filled.language} if filled.language else {}),
        "text": narrative(_sentence(filled)),
        **_extensions(filled, names),
        **({"identifier": {"system": chosen.system, "value": chosen.value}} if chosen else {}),
        "questionnaire": f"{names.questionnaire(filled.instrument.id)}|{filled.instrument.version}",
        "_questionnaire": {
            "extension": [extension(f"{EXTENSION}/display", valueString=filled.instrument.title)]
        },
        "status": filled.status,
        "subject": reference(filled.patient),
        **({"encounter": reference(filled.encounter)} if filled.encounter else {}),
        "authored": filled.authored,
        **({"author": reference(filled.author)} if filled.author else {}),
        "source": reference(filled.source),
        "item": [_panel(filled, names)],
    }


def _sentence(filled: Filled) -> str:
    of = len(filled.instrument.items)
    answered = f"{len(filled.answers.values)} of {of} items answered"
    if filled.answers.total is not None:
        answered = "total only"
    scores = [
        f"{filled.instrument.score_by_id[score.id].title} {score.value:f}"
        for score in filled.scores
        if score.value is not None
    ]
    return f"{filled.instrument.title}: {'; '.join([answered, *scores])}."


def _extensions(filled: Filled, names: Names) -> Json:
    found = []
    if filled.session_date is not None:
        found.append(extension(names.extension("session-date"), valueDate=filled.session_date))
    if filled.session_number is not None:
        found.append(extension(names.extension("session-number"), valuePositiveInt=filled.session_number))
    if filled.therapist is not None:
        found.append(extension(names.extension("therapist"), valueReference=reference(filled.therapist)))
    return {"extension": found} if found else {}


def _panel(filled: Filled, names: Names) -> Json:
    instrument = filled.instrument
    answered = [
        _answered(item.link_id, item.text, _answer(item, filled.answers.values[item.link_id], names))
        for item in instrument.items
        if item.link_id in filled.answers.values
    ]
    scored = [
        _answered(score.id, instrument.score_by_id[score.id].title, {"valueDecimal": score.value})
        for score in filled.scores
        if score.value is not None
    ]
    inside = answered + scored
    return {"linkId": PANEL, "text": instrument.title} | ({"item": inside} if inside else {})


def _answered(link_id: str, text: str, answer: Json) -> Json:
    return {"linkId": link_id, "text": text, "answer": [answer]}


def _answer(item: Item, value: Decimal, names: Names) -> Json:
    if item.scale is None:
        return {"valueDecimal": as_marked(item, value)}
    choice = next(choice for choice in item.scale.choices if choice.weight == value)
    weighted = {"extension": weights(choice)} | answer_coding(names, item.scale, choice)
    return {"valueCoding": weighted}
