"""Our codes as CodeSystems and ValueSets, and everything an EHR should hold before the first response."""

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

from fhir_mappings.catalogue import shipped_instruments
from fhir_mappings.codes import EXTENSION, Names
from fhir_mappings.elements import PUBLISHER, Json, display_of, extension, narrative, range_of
from fhir_mappings.extensions import to_extension_definitions
from fhir_mappings.instrument import (
    AnswerScale,
    AnyItem,
    Choice,
    ChoiceItem,
    FlagItem,
    Instrument,
    Item,
    Option,
    OptionList,
    ScoreRule,
)
from fhir_mappings.questionnaire import to_questionnaire, versioned_id
from fhir_mappings.vocabulary import TERM_LISTS, TermList

# CAUTION: a published pair of url and version never changes. A new instrument, item, score or alert code
# raises the first; a new or changed choice raises the second; a new or changed word of ours the third.
MEASURES_VERSION = "1.0.0"
ANSWERS_VERSION = "1.0.0"
VOCABULARY_VERSION = "1.0.0"
# When one of the three was last raised.
DATE = "2026-11-25"

POSSIBLE_STRAIN = "possible-strain"
POSSIBLE_STRAIN_DISPLAY = "Possible strain in the alliance"
_ALERT_CODES: tuple[tuple[str, str, str], ...] = (
    (
        POSSIBLE_STRAIN,
        POSSIBLE_STRAIN_DISPLAY,
        "Alliance scores fell below what this client's own earlier ratings let us expect: a reason to talk",
    ),
)

AnswerList = AnswerScale | OptionList


def definitions(instruments: Mapping[str, Instrument], names: Names) -> list[Json]:
    """Return all that an EHR should hold before the first response, in the order in which to put it there.

    CodeSystems, then ValueSets, then Questionnaires, those derived from others last: a validator remembers a
    form or code asked for too early as unknown. Each has a logical id that ends in its version, so that it is
    put there once. The codes are those of every shipped instrument, on or off, and of those given: so they
    are the same whatever a clinic turned on.
    """
    lists = answer_lists(instruments.values())
    coded = {**shipped_instruments(), **instruments}
    forms = sorted(instruments.values(), key=lambda one: one.derived_from is not None)
    return [
        to_measures_code_system(coded, names),
        *(to_answer_code_system(one, names, ANSWERS_VERSION) for one in lists),
        *(to_term_code_system(one, names) for one in TERM_LISTS),
        *(to_answer_value_set(one, names, ANSWERS_VERSION) for one in lists),
        *(to_term_value_set(one, names) for one in TERM_LISTS),
        *to_measure_value_sets(coded, names),
        *(to_questionnaire(one, names) for one in forms),
    ]


def served_definitions(instruments: Mapping[str, Instrument], names: Names) -> list[Json]:
    """Return all that our own door serves: ``definitions``, and the StructureDefinitions of our extensions.

    These are not put into an EHR: none needs them to take a response, and a HAPI server with its validator on
    refuses every StructureDefinition unless it can fetch packages from the internet.
    """
    return [*to_extension_definitions(names), *definitions(instruments, names)]


def answer_lists(instruments: Iterable[Instrument]) -> list[AnswerList]:
    """Return every answer scale and option list once, in the order in which they are first used.

    One id is one list in all instruments (``find_clashes`` sees to that).
    """
    used = (_list_of(item) for instrument in instruments for item in instrument.all_items)
    return list({one.id: one for one in used if one is not None}.values())


def measures_version(instruments: Mapping[str, Instrument]) -> str:
    """Return the version of the codes of these instruments, which is our own where all of them are shipped.

    A clinic's own forms add codes, and a published version never changes: then a fingerprint of these codes
    follows, such as ``1.0.0-own.4f1c22ab``, with forms in the order of their ids.
    """
    own = [instruments[key] for key in sorted(instruments.keys() - shipped_instruments().keys())]
    if not own:
        return MEASURES_VERSION
    concepts = [concept for one in own for concept in _instrument_concepts(one)]
    return f"{MEASURES_VERSION}-own.{sha256(json.dumps(concepts).encode()).hexdigest()[:8]}"


def to_measures_code_system(instruments: Mapping[str, Instrument], names: Names) -> Json:
    """Return the CodeSystem of all instruments, items, scores and alerts, in the order given.

    Its codes are unique: an item is ``srs-3.item-1``, a score ``srs-3.total``, a panel ``srs-3``.
    """
    concepts = [concept for one in instruments.values() for concept in _instrument_concepts(one)]
    concepts += [_concept(code, display, definition) for code, display, definition in _ALERT_CODES]
    described = "Instruments of the therapeutic alliance, their items and scores, and alerts. "
    version = measures_version(instruments)
    head = _head("CodeSystem", "alliance-measures", version, names.measures, "Alliance measures")
    head["description"] = f"{described}Local codes: no LOINC code is known for them."
    return head | _content(concepts)


def to_answer_code_system(answers: AnswerList, names: Names, version: str) -> Json:
    """Return the CodeSystem of an answer scale or option list; a weight stands there as ordinalValue.

    The newer itemWeight is an error on a concept (tried with the official validator).
    """
    choices: Sequence[Choice | Option] = (
        answers.choices if isinstance(answers, AnswerScale) else answers.options
    )
    concepts = [_choice_concept(choice) for choice in choices]
    head = _head("CodeSystem", answers.id, version, names.answer_codes(answers.id), answers.title)
    return head | _content(concepts, names.answer_values(answers.id))


def to_answer_value_set(answers: AnswerList, names: Names, version: str) -> Json:
    """Return the ValueSet of all choices of an answer scale or option list."""
    head = _head("ValueSet", answers.id, version, names.answer_values(answers.id), answers.title)
    return head | _including(names.answer_codes(answers.id))


def to_term_code_system(terms: TermList, names: Names) -> Json:
    """Return the CodeSystem of one of our own lists of words."""
    concepts = [_concept(term.code, term.display, term.definition) for term in terms.terms]
    head = _head("CodeSystem", terms.id, VOCABULARY_VERSION, names.vocabulary(terms.id), terms.title)
    return head | _content(concepts, names.value_set(terms.id))


def to_term_value_set(terms: TermList, names: Names) -> Json:
    """Return the ValueSet of all words of one of our own lists."""
    head = _head("ValueSet", terms.id, VOCABULARY_VERSION, names.value_set(terms.id), terms.title)
    return head | _including(names.vocabulary(terms.id))


def to_measure_value_sets(instruments: Mapping[str, Instrument], names: Names) -> list[Json]:
    """Return the ValueSets of all instruments, all scores, and the rupture markers, each where there is one.

    Markers are the items that a score of kind ``count`` counts.
    """
    chosen = {
        "alliance-instruments": ("Instruments", [one.code() for one in instruments.values()]),
        "alliance-scores": (
            "Scores",
            [one.code(rule.id) for one in instruments.values() for rule in one.scores],
        ),
        "rupture-markers": ("Rupture markers", _marker_codes(instruments.values())),
    }
    return [
        _head("ValueSet", list_id, measures_version(instruments), names.value_set(list_id), title)
        | _including(names.measures, codes)
        for list_id, (title, codes) in chosen.items()
        if codes
    ]


def _marker_codes(instruments: Iterable[Instrument]) -> list[str]:
    return [
        one.code(link_id)
        for one in instruments
        for rule in one.scores
        if rule.kind == "count"
        for link_id in rule.items
    ]


def _list_of(item: AnyItem) -> AnswerList | None:
    if isinstance(item, ChoiceItem):
        return item.options
    return item.scale if isinstance(item, Item) else None


def _head(resource_type: str, name: str, version: str, url: str, title: str) -> Json:
    return {
        "resourceType": resource_type,
        "id": versioned_id(name, version),
        "text": narrative(f"{name}, version {version}"),
        "url": url,
        "version": version,
        "name": "".join(word.capitalize() for word in name.split("-")),
        "title": title,
        "status": "active",
        "experimental": False,
        "date": DATE,
        "publisher": PUBLISHER,
    }


def _content(concepts: list[Json], value_set: str | None = None) -> Json:
    return {
        "caseSensitive": True,
        **({"valueSet": value_set} if value_set else {}),
        "content": "complete",
        "count": len(concepts),
        "concept": concepts,
    }


def _including(system: str, codes: Sequence[str] = ()) -> Json:
    listed = {"concept": [{"code": code} for code in codes]} if codes else {}
    return {"compose": {"include": [{"system": system, **listed}]}}


def _concept(code: str, display: str, definition: str) -> Json:
    return {"code": code, "display": display, "definition": definition}


def _choice_concept(choice: Choice | Option) -> Json:
    words = {"code": choice.code, "display": choice.display}
    if isinstance(choice, Option):
        return words
    return {"extension": [extension(f"{EXTENSION}/ordinalValue", valueDecimal=choice.weight)], **words}


def _instrument_concepts(instrument: Instrument) -> list[Json]:
    """Return panel, items and scores; a score that is the answer to an item is that item."""
    panel = _concept(instrument.code(), display_of(instrument), instrument.description)
    items = [
        _concept(instrument.code(item.link_id), display_of(instrument, item.link_id), _item_definition(item))
        for item in instrument.all_items
    ]
    scores = [
        _concept(instrument.code(rule.id), display_of(instrument, rule.id), _score_definition(rule))
        for rule in instrument.scores
        if rule.kind != "answer"
    ]
    return [panel, *items, *scores]


def _item_definition(item: AnyItem) -> str:
    if isinstance(item, Item):
        return range_of(item)
    if isinstance(item, FlagItem):
        return "Yes or no"
    if isinstance(item, ChoiceItem):
        return f"{'Any' if item.several else 'One'} of: {item.options.title}"
    return "In own words"


def _score_definition(rule: ScoreRule) -> str:
    kinds = {
        "sum": "Sum",
        "mean": "Mean per item",
        "count": "How many were seen",
        "peak": "Highest",
        "answer": "Answer",
    }
    return f"{kinds[rule.kind]} of {', '.join(rule.items)}; {range_of(rule)}"
