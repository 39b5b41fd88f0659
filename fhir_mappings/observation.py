"""The scores of a filled instrument as Observations: a panel with members, or one compact Observation.

Default is the panel, because a search by code never finds a component. One response never goes in both.
Source: US Core screening and assessment guidance; hl7.org/fhir/R4/observation.html.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from fhir_mappings.codes import DATA_ABSENT_REASON, Names
from fhir_mappings.elements import (
    PANEL,
    Json,
    as_marked,
    coding,
    concept,
    labels,
    measure_coding,
    narrative,
    quantity,
    range_of,
    reference,
    survey_category,
)
from fhir_mappings.filled import Filled, Score
from fhir_mappings.instrument import Item, ScoreRule

Form = Literal["panel", "compact"]
COMPACT = "compact"


@dataclass(frozen=True, slots=True)
class _Member:
    """One number that becomes an Observation, or a component of one; ``score`` is None for a mark."""

    part: str
    value: Decimal
    rule: Item | ScoreRule
    score: Score | None


def observation_parts(filled: Filled, *, form: Form = "panel") -> tuple[str, ...]:
    """Return the parts that become Observations, in the order of ``to_observations``; empty where none does.

    Marks (where the instrument observes items), then scores that have a value, in file order, then ``panel``.
    A bare total is ``("total",)``, without a panel. In the compact form there is one part, ``compact``.
    """
    members = tuple(member.part for member in _members(filled))
    if not members:
        return ()
    if form == "compact":
        return (COMPACT,)
    return members if _is_bare_total(filled) else (*members, PANEL)


def observation_id(response_id: str, part: str) -> str:
    """Return the logical id of one part, which is also its identifier: ``r-7.total``."""
    return f"{response_id}.{part}"


def to_observations(filled: Filled, names: Names, *, form: Form = "panel") -> list[Json]:
    """Return the Observations of one version of a response: members first, the panel last; maybe none.

    A score without a value makes no Observation: what became of one in an earlier version is the caller's to
    withdraw (``to_withdrawn``). Status is ``amended`` from the second version on.
    """
    members = _members(filled)
    parts = observation_parts(filled, form=form)
    if parts == (COMPACT,):
        return [_compact(filled, members, names)]
    found = [_member_observation(filled, member, names) for member in members]
    return [*found, _panel(filled, members, names)] if PANEL in parts else found


def to_withdrawn(observation: Json) -> Json:
    """Return an Observation of ours as entered in error; its value stays, as FHIR keeps the record."""
    words = f"Entered in error: {observation['code']['text']}"
    return observation | {"status": "entered-in-error", "text": narrative(words)}


def _is_bare_total(filled: Filled) -> bool:
    return filled.answers.total is not None


def _members(filled: Filled) -> list[_Member]:
    instrument = filled.instrument
    marks = [
        _Member(item.link_id, as_marked(item, filled.answers.values[item.link_id]), item, None)
        for item in instrument.items
        if instrument.observed_items and item.link_id in filled.answers.values
    ]
    scores = [
        _Member(score.id, score.value, instrument.score_by_id[score.id], score)
        for score in filled.scores
        if score.value is not None and instrument.score_by_id[score.id].observed
    ]
    return [*marks, *scores]


def _member_observation(filled: Filled, member: _Member, names: Names) -> Json:
    code = concept(measure_coding(names, filled.instrument, member.part))
    sentence = f"{code['text']}: {member.value:f} ({range_of(member.rule)})"
    return (
        _head(filled, member.part, code, sentence, names)
        | {"valueQuantity": quantity(member.value), "referenceRange": [_scale_range(member.rule)]}
        | _notes(filled, member.score)
        | _derived_from(filled)
    )


def _panel(filled: Filled, members: list[_Member], names: Names) -> Json:
    code = concept(measure_coding(names, filled.instrument))
    targets = [f"Observation/{observation_id(filled.id, member.part)}" for member in members]
    return (
        _head(filled, PANEL, code, f"{code['text']}: {len(members)} results", names)
        | _notes(filled, None)
        | {"hasMember": [reference(target) for target in targets]}
        | _derived_from(filled)
    )


def _compact(filled: Filled, members: list[_Member], names: Names) -> Json:
    """Return the total with all other numbers as components; without a total it says that one is absent."""
    main = _main_score(filled)
    total = next((member for member in members if member.part == main.id), None)
    code = concept(measure_coding(names, filled.instrument, main.id))
    components = [_component(filled, member, names) for member in members if member is not total]
    if total is None:
        sentence = f"{code['text']}: none, too few items answered"
        value: Json = {"dataAbsentReason": concept(coding(DATA_ABSENT_REASON, "unknown", "Unknown"))}
    else:
        sentence = f"{code['text']}: {total.value:f} ({range_of(main)})"
        value = {"valueQuantity": quantity(total.value), "referenceRange": [_scale_range(main)]}
    return (
        _head(filled, COMPACT, code, sentence, names)
        | value
        | _notes(filled, total.score if total else None)
        | _derived_from(filled)
        | ({"component": components} if components else {})
    )


def _main_score(filled: Filled) -> ScoreRule:
    """Return the score that stands for the whole: ``total``, else the last observed one."""
    observed = [rule for rule in filled.instrument.scores if rule.observed]
    return next((rule for rule in observed if rule.id == "total"), observed[-1])


def _component(filled: Filled, member: _Member, names: Names) -> Json:
    return {
        "code": concept(measure_coding(names, filled.instrument, member.part)),
        "valueQuantity": quantity(member.value),
        "referenceRange": [_scale_range(member.rule)],
    }


def _head(filled: Filled, part: str, code: Json, sentence: str, names: Names) -> Json:
    own_id = observation_id(filled.id, part)
    return {
        "resourceType": "Observation",
        "id": own_id,
        "meta": {
            "versionId": str(filled.version),
            "lastUpdated": filled.last_updated,
            "security": labels(),
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
    if filled.status == "entered-in-error":
        return "entered-in-error"
    return "amended" if filled.version > 1 or filled.status == "amended" else "final"


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
    return {"note": [{"text": note} for note in notes]} if notes else {}


def _derived_from(filled: Filled) -> Json:
    return {"derivedFrom": [reference(f"QuestionnaireResponse/{filled.id}")]}
