"""Our codes as CodeSystems and ValueSets, and everything an EHR should hold before the first response."""

from collections.abc import Iterable, Mapping

from fhir_mappings.codes import EXTENSION, Names
from fhir_mappings.elements import PUBLISHER, Json, display_of, extension, narrative, range_of
from fhir_mappings.instrument import AnswerScale, Instrument, ScoreRule
from fhir_mappings.questionnaire import to_questionnaire, versioned_id

# CAUTION: a published pair of url and version never changes. A new instrument, item, score or alert code
# raises the first; a new or changed choice raises the second.
MEASURES_VERSION = "1.0.0"
ANSWERS_VERSION = "1.0.0"

POSSIBLE_STRAIN = "possible-strain"
POSSIBLE_STRAIN_DISPLAY = "Possible strain in the alliance"
_ALERT_CODES: tuple[tuple[str, str, str], ...] = (
    (
        POSSIBLE_STRAIN,
        POSSIBLE_STRAIN_DISPLAY,
        "Alliance scores fell below what this client's own earlier ratings let us expect: a reason to talk",
    ),
)


def to_measures_code_system(instruments: Mapping[str, Instrument], names: Names) -> Json:
    """Return the CodeSystem of all instruments, items, scores and alerts, in the order given.

    Its codes are unique: an item is ``srs-3.item-1``, a score ``srs-3.total``, a panel ``srs-3``.
    """
    concepts = [concept for one in instruments.values() for concept in _instrument_concepts(one)]
    concepts += [_concept(code, display, definition) for code, display, definition in _ALERT_CODES]
    return _head("CodeSystem", "alliance-measures", MEASURES_VERSION, names.measures) | {
        "name": "AllianceMeasures",
        "title": "Alliance measures",
        "status": "active",
        "experimental": False,
        "publisher": PUBLISHER,
        "description": "Instruments of the therapeutic alliance, their items and scores, and alerts. "
        "Local codes: no LOINC code is known for them.",
        "caseSensitive": True,
        "content": "complete",
        "count": len(concepts),
        "concept": concepts,
    }


def to_answer_code_system(scale: AnswerScale, names: Names, version: str) -> Json:
    """Return the CodeSystem of an answer scale; each choice carries its weight as ordinalValue.

    The newer itemWeight is an error on a concept (tried with the official validator).
    """
    concepts: list[Json] = [
        {
            "extension": [extension(f"{EXTENSION}/ordinalValue", valueDecimal=choice.weight)],
            "code": choice.code,
            "display": choice.display,
        }
        for choice in scale.choices
    ]
    return _head("CodeSystem", scale.id, version, names.answer_codes(scale.id)) | {
        "name": _name(scale.id),
        "title": scale.title,
        "status": "active",
        "experimental": False,
        "publisher": PUBLISHER,
        "caseSensitive": True,
        "valueSet": names.answer_values(scale.id),
        "content": "complete",
        "count": len(concepts),
        "concept": concepts,
    }


def to_answer_value_set(scale: AnswerScale, names: Names, version: str) -> Json:
    """Return the ValueSet of all choices of an answer scale."""
    return _head("ValueSet", scale.id, version, names.answer_values(scale.id)) | {
        "name": _name(scale.id),
        "title": scale.title,
        "status": "active",
        "experimental": False,
        "publisher": PUBLISHER,
        "compose": {"include": [{"system": names.answer_codes(scale.id)}]},
    }


def definitions(instruments: Mapping[str, Instrument], names: Names) -> list[Json]:
    """Return all that an EHR should hold before the first response, in the order in which to put it there.

    CodeSystems, then ValueSets, then Questionnaires: a validator remembers a form or code asked for too early
    as unknown. Each has a logical id that ends in its version, so that it is put there once.
    """
    scales = _scales(instruments.values())
    return [
        to_measures_code_system(instruments, names),
        *(to_answer_code_system(scale, names, ANSWERS_VERSION) for scale in scales),
        *(to_answer_value_set(scale, names, ANSWERS_VERSION) for scale in scales),
        *(to_questionnaire(instrument, names) for instrument in instruments.values()),
    ]


def _scales(instruments: Iterable[Instrument]) -> list[AnswerScale]:
    found = {
        item.scale.id: item.scale for instrument in instruments for item in instrument.items if item.scale
    }
    return list(found.values())


def _head(resource_type: str, name: str, version: str, url: str) -> Json:
    return {
        "resourceType": resource_type,
        "id": versioned_id(name, version),
        "text": narrative(f"{name}, version {version}"),
        "url": url,
        "version": version,
    }


def _name(scale_id: str) -> str:
    return "".join(word.capitalize() for word in scale_id.split("-"))


def _concept(code: str, display: str, definition: str) -> Json:
    return {"code": code, "display": display, "definition": definition}


def _instrument_concepts(instrument: Instrument) -> list[Json]:
    panel = _concept(instrument.code(), display_of(instrument), instrument.description)
    items = [
        _concept(instrument.code(item.link_id), display_of(instrument, item.link_id), range_of(item))
        for item in instrument.items
    ]
    scores = [
        _concept(instrument.code(rule.id), display_of(instrument, rule.id), _score_definition(rule))
        for rule in instrument.scores
    ]
    return [panel, *items, *scores]


def _score_definition(rule: ScoreRule) -> str:
    kind = "Sum" if rule.kind == "sum" else "Mean per item"
    return f"{kind} of {', '.join(rule.items)}; {range_of(rule)}"
