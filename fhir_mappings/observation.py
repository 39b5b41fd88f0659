"""The scores of a filled instrument as Observations: a panel with members, or one compact Observation.

Default is the panel, because a search by code never finds a component. One response never goes in both.
Source: US Core screening and assessment guidance; hl7.org/fhir/R4/observation.html.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from fhir_mappings.codes import DATA_ABSENT_REASON, Names
from fhir_mappings.elements import (
    PANEL,
    Json,
    answer_coding,
    as_marked,
    coding,
    concept,
    display_of,
    is_observed,
    labels,
    measure_coding,
    narrative,
    quantity,
    range_of,
    reference,
    survey_category,
)
from fhir_mappings.extra_codings import NO_EXTRA_CODINGS, with_extra_codings
from fhir_mappings.filled import Filled, Score
from fhir_mappings.instrument import AnyItem, ChoiceItem, Instrument, Item, ScoreRule
from fhir_mappings.scoring import is_straight_lined

Form = Literal["panel", "compact"]
COMPACT = "compact"
STRAIGHT_LINED = (
    "Every item got the same answer, on a form with reversed items: the answers contradict each other."
)


@dataclass(frozen=True, slots=True)
class _Member:
    """One result that becomes an Observation, or a component of one.

    ``result`` is its value with the range that it can have, ``words`` the same for people; ``score`` is None
    for an answer that is no score.
    """

    part: str
    result: Json
    words: str
    score: Score | None


def observation_parts(filled: Filled, *, form: Form = "panel") -> tuple[str, ...]:
    """Return the parts that become Observations, in the order of ``to_observations``; empty where none does.

    Observed answers (see ``is_observed``), then the other scores that have a value, in file order, then
    ``panel``. A bare total is ``("total",)``, without a panel. In the compact form there is one part,
    ``compact``. A form that was never completed has none.
    """
    parts = _member_parts(filled)
    if not parts:
        return ()
    if form == "compact":
        return (COMPACT,)
    return parts if _is_bare_total(filled) else (*parts, PANEL)


def observation_id(response_id: str, part: str) -> str:
    """Return the logical id of one part, which is also its identifier: ``r-7.total``."""
    return f"{response_id}.{part}"


def to_observations(
    filled: Filled,
    names: Names,
    *,
    form: Form = "panel",
    extra_codings: Mapping[str, Json] = NO_EXTRA_CODINGS,
) -> list[Json]:
    """Return the Observations of one version of a response: members first, the panel last; maybe none.

    A score without a value makes no Observation: what became of one in an earlier version is the caller's to
    withdraw (``to_withdrawn``). Status is ``amended`` where the response is. ``extra_codings`` maps a
    code of ours, exactly, to one more Coding that stands after it (``extra_codings.py``); none by default.
    """
    members = _members(filled, names)
    parts = observation_parts(filled, form=form)
    if parts == (COMPACT,):
        found = [_compact(filled, members, names)]
    else:
        found = [_member_observation(filled, member, names) for member in members]
        found += [_panel(filled, members, names)] if PANEL in parts else []
    return [with_extra_codings(one, extra_codings, names) for one in found]


def observed_results(filled: Filled, names: Names) -> tuple[tuple[str, str], ...]:
    """Return what would become members of the panel, in their order, as words: its title and its value.

    Example: ``("SRS: Overall", "9.4 (0 to 10)")``. Empty where nothing is observed.
    """
    return tuple(
        (display_of(filled.instrument, member.part), member.words) for member in _members(filled, names)
    )


def to_withdrawn(observation: Json) -> Json:
    """Return an Observation of ours as entered in error; its value stays, as FHIR keeps the record."""
    words = f"Entered in error: {observation['code']['text']}"
    return observation | {"status": "entered-in-error", "text": narrative(words)}


def _is_bare_total(filled: Filled) -> bool:
    return filled.answers.total is not None


def _member_parts(filled: Filled) -> tuple[str, ...]:
    if not filled.scored:
        return ()
    given = filled.answers.by_link_id
    answered = [
        item.link_id
        for item in filled.instrument.all_items
        if item.link_id in given and is_observed(filled.instrument, item)
    ]
    scored = [
        score.id
        for score in filled.scores
        if score.value is not None and filled.instrument.score_by_id[score.id].observed
    ]
    # A score that is the answer to an item is that item.
    return (*answered, *(part for part in scored if part not in answered))


def _members(filled: Filled, names: Names) -> list[_Member]:
    items = {item.link_id: item for item in filled.instrument.all_items}
    rules = filled.instrument.score_by_id
    scores = {score.id: score for score in filled.scores}
    values = {score.id: score.value for score in filled.scores if score.value is not None}
    return [
        _Member(part, *_answer_result(items[part], filled, names), scores.get(part))
        if part in items
        else _Member(part, *_number_result(rules[part], values[part]), scores[part])
        for part in _member_parts(filled)
    ]


def _answer_result(item: AnyItem, filled: Filled, names: Names) -> tuple[Json, str]:
    answers = filled.answers
    if isinstance(item, Item):
        return _number_result(item, as_marked(item, answers.values[item.link_id]))
    if isinstance(item, ChoiceItem):
        (code,) = answers.choices[item.link_id]
        chosen = next(option for option in item.options.options if option.code == code)
        return {"valueCodeableConcept": concept(answer_coding(names, item.options, chosen))}, chosen.display
    flag = answers.flags[item.link_id]
    return {"valueBoolean": flag}, "yes" if flag else "no"


def _number_result(rule: Item | ScoreRule, value: Decimal) -> tuple[Json, str]:
    result = {"valueQuantity": quantity(value), "referenceRange": [_scale_range(rule)]}
    return result, f"{value:f} ({range_of(rule)})"


def _member_observation(filled: Filled, member: _Member, names: Names) -> Json:
    code = concept(measure_coding(names, filled.instrument, member.part))
    return (
        _head(filled, member.part, code, f"{code['text']}: {member.words}", names)
        | member.result
        | _notes(filled, member.score)
        | _derived_from(filled)
    )


def _panel(filled: Filled, members: list[_Member], names: Names) -> Json:
    code = concept(measure_coding(names, filled.instrument))
    targets = [f"Observation/{observation_id(filled.id, member.part)}" for member in members]
    return (
        _head(filled, PANEL, code, f"{code['text']}: {_number_of_results(members)}", names)
        | _notes(filled, None)
        | {"hasMember": [reference(target) for target in targets]}
        | _derived_from(filled)
    )


def _number_of_results(members: list[_Member]) -> str:
    return f"{len(members)} result{'' if len(members) == 1 else 's'}"


def _compact(filled: Filled, members: list[_Member], names: Names) -> Json:
    """Return the main score with all else as components; where it has no value that is said.

    A form without a main score gives its panel's code, with components only.
    """
    main = _main_score(filled.instrument)
    code = concept(measure_coding(names, filled.instrument, main))
    total = next((member for member in members if member.part == main), None)
    if total is not None:
        words, result = total.words, total.result
    elif main is not None:
        absent = concept(coding(DATA_ABSENT_REASON, "unknown", "Unknown"))
        words, result = "none, too few items answered", {"dataAbsentReason": absent}
    else:
        words, result = _number_of_results(members), {}
    components = [_component(filled, member, names) for member in members if member is not total]
    return (
        _head(filled, COMPACT, code, f"{code['text']}: {words}", names)
        | result
        | _notes(filled, total.score if total else None)
        | _derived_from(filled)
        | ({"component": components} if components else {})
    )


def _main_score(instrument: Instrument) -> str | None:
    """Return the score that stands for the whole: ``total``, else the only observed one, else None."""
    observed = [rule.id for rule in instrument.scores if rule.observed]
    if "total" in observed:
        return "total"
    return observed[0] if len(observed) == 1 else None


def _component(filled: Filled, member: _Member, names: Names) -> Json:
    return {"code": concept(measure_coding(names, filled.instrument, member.part)), **member.result}


def _head(filled: Filled, part: str, code: Json, sentence: str, names: Names) -> Json:
    own_id = observation_id(filled.id, part)
    return {
        "resourceType": "Observation",
        "id": own_id,
        "meta": {
            "versionId": str(filled.version),
            "lastUpdated": filled.last_updated,
            "security": labels(names),
        },
        "text": narrative(sentence),
        "identifier": [{"system": names.identifier("score"), "value": own_id}],
        "status": _status(filled),
        "category": [survey_category()],
        "code": code,
        "subject": reference(filled.patient),
        **({"encounter": reference(filled.encounter)} if filled.encounter else {}),
        # SDC's Observation extraction: both times are the response's.
        "effectiveDateTime": filled.authored,
        "issued": filled.authored,
        "performer": [reference(filled.source)],
    }


def _status(filled: Filled) -> str:
    # A form that was filled in over several versions is final once it is completed.
    return "final" if filled.status == "completed" else filled.status


def _scale_range(rule: Item | ScoreRule) -> Json:
    # Without a type a reference range means "normal"; this one only says what the scale can give.
    return {
        "low": quantity(rule.minimum),
        "high": quantity(rule.maximum),
        "type": {"text": "possible range of the scale"},
        "text": f"Scale range {range_of(rule)}",
    }


def _notes(filled: Filled, score: Score | None) -> Json:
    notes = []
    if score is not None and score.prorated:
        notes.append(f"{score.answered} of {score.of} items answered, prorated.")
    if filled.instrument.status == "provisional":
        notes.append(f"Provisional instrument: {filled.instrument.status_reason}")
    if is_straight_lined(filled.instrument, filled.answers):
        notes.append(STRAIGHT_LINED)
    return {"note": [{"text": note} for note in notes]} if notes else {}


def _derived_from(filled: Filled) -> Json:
    return {"derivedFrom": [reference(f"QuestionnaireResponse/{filled.id}")]}
