"""What the parameters of responses, scores and alerts find: their values read into conditions.

Source: hl7.org/fhir/R4/search.html. How a value is written stands in values.py and spans.py.
"""

from collections.abc import Callable

from fhir_mappings.codes import (
    OBSERVATION_CATEGORY,
    OBSERVATION_STATUS,
    RESPONSE_STATUS,
    SCORE_UNIT,
    UCUM,
)
from fhir_mappings.elements import SERVICE_DEVICE
from fhir_mappings.terminology import POSSIBLE_STRAIN
from service.api.fhir.spans import number_span, spans
from service.api.fhir.values import (
    BadValueError,
    Context,
    Pair,
    alternatives,
    observation_pair,
    own_ids,
    references,
    tokens,
)
from service.flows.search_chart import Implicated
from service.store.conditions import (
    Always,
    Condition,
    NumberWithin,
    OfIdentified,
    OfPatient,
    OneOf,
    PairOneOf,
    PanelOver,
    Within,
)

ConditionReader = Callable[[str, Context], Condition]


def ids(value: str, _: Context) -> Condition:
    """Return the condition of ``_id`` on responses and alerts."""
    return OneOf("id", tuple(alternatives(value)))


def patients(value: str, context: Context) -> Condition:
    """Return the condition of ``patient`` and ``subject``: logical ids, relative or absolute references."""
    return OfPatient(_all_forms(value, ("Patient",), context))


def patient_identifiers(value: str, _: Context) -> Condition:
    """Return the condition of ``patient.identifier``: patients by an identifier of theirs that is known."""
    pairs = tokens(value)
    if any(code is None for _, code in pairs):
        raise BadValueError("needs the identifier's value beside its system")
    return OfIdentified(tuple((system, code) for system, code in pairs if code is not None))


def referring(column: str, *types: str) -> ConditionReader:
    """Return the reader of a reference to a resource of the EHR, of one of these types."""
    return lambda value, context: OneOf(column, _all_forms(value, types, context))


def _all_forms(value: str, types: tuple[str, ...], context: Context) -> tuple[str, ...]:
    return tuple(form for one in alternatives(value) for form in references(one, types, context))


def observation_ids(value: str, _: Context) -> Condition:
    """Return the condition of ``_id`` on Observations."""
    return PairOneOf(("response", "part"), tuple(observation_pair(one) for one in alternatives(value)))


def observation_identifiers(value: str, context: Context) -> Condition:
    """Return the condition of ``identifier`` on Observations: ours is their id."""
    found = _own_identifiers(value, context.names.identifier("score"))
    if found is None:
        return Always(holds=True)
    return PairOneOf(("response", "part"), tuple(observation_pair(one) for one in found if "." in one))


def alert_identifiers(value: str, context: Context) -> Condition:
    """Return the condition of ``identifier`` on DetectedIssues: ours is their id."""
    found = _own_identifiers(value, context.names.identifier("alert"))
    return Always(holds=True) if found is None else OneOf("id", tuple(found))


def _own_identifiers(value: str, system: str) -> list[str] | None:
    """Return the values asked for, None where the system alone is: every resource has one of it."""
    pairs = tokens(value)
    if (system, None) in pairs:
        return None
    return [found for of, found in pairs if found is not None and of in {None, system}]


def identifiers(value: str, _: Context) -> Condition:
    """Return the condition of ``identifier`` on responses: the caller's own."""
    return PairOneOf(("identifier_system", "identifier_value"), tuple(tokens(value)))


def response_statuses(value: str, _: Context) -> Condition:
    """Return the condition of ``status`` on responses; its system need not be named."""
    return _statuses(value, RESPONSE_STATUS)


def observation_statuses(value: str, _: Context) -> Condition:
    """Return the condition of ``status`` on Observations; its system need not be named."""
    return _statuses(value, OBSERVATION_STATUS)


def _statuses(value: str, system: str) -> Condition:
    pairs = tokens(value)
    if (system, None) in pairs:
        return Always(holds=True)
    return OneOf("status", tuple(code for of, code in pairs if code is not None and of in {None, system}))


def codes(value: str, context: Context) -> Condition:
    """Return the condition of ``code``: ours, with or without system, and those that stand beside ours."""
    pairs = tokens(value)
    if (context.names.measures, None) in pairs:
        return Always(holds=True)
    asked = {code for of, code in pairs if code is not None and of in {None, context.names.measures}}
    beside = {
        ours
        for ours, theirs in context.extra_codings.items()
        for pair in pairs
        if _is_coding(theirs["system"], theirs["code"], pair)
    }
    return OneOf("code", tuple(sorted(asked | beside)))


def component_codes(value: str, _: Context) -> Condition:
    """Return the condition of ``component-code``: each item and score is an Observation of its own."""
    tokens(value)
    return Always(holds=False)


def categories(value: str, _: Context) -> Condition:
    """Return the condition of ``category``: every Observation is a survey."""
    return Always(any(_is_coding(OBSERVATION_CATEGORY, "survey", pair) for pair in tokens(value)))


def alert_codes(value: str, context: Context) -> Condition:
    """Return the condition of ``code`` on DetectedIssues: every one is a possible strain."""
    return Always(any(_is_coding(context.names.measures, POSSIBLE_STRAIN, pair) for pair in tokens(value)))


def _is_coding(system: str, code: str, asked: Pair) -> bool:
    return asked[0] in {None, system} and asked[1] in {None, code}


def alert_authors(value: str, context: Context) -> Condition:
    """Return the condition of ``author`` on DetectedIssues: this service wrote every one."""
    return Always(SERVICE_DEVICE in _all_forms(value, ("Device",), context))


def questionnaires(value: str, context: Context) -> Condition:
    """Return the condition of ``questionnaire``: a canonical URL, with or without ``|version``.

    It finds responses to that very form: those to a clinic's own wording are found by its URL, not by ours.
    """
    base = context.names.questionnaire("")
    pairs: list[Pair] = []
    for one in alternatives(value):
        url, _, version = one.partition("|")
        if url.startswith(base):
            pairs.append((url.removeprefix(base) or "-", version or None))
    return PairOneOf(("form", "form_version"), tuple(pairs))


def derived_from(value: str, context: Context) -> Condition:
    """Return the condition of ``derived-from``: our own QuestionnaireResponses."""
    return OneOf("response", tuple(own_ids(value, "QuestionnaireResponse", context)))


def has_member(value: str, context: Context) -> Condition:
    """Return the condition of ``has-member``: our own Observations."""
    return PanelOver(tuple(observation_pair(one) for one in own_ids(value, "Observation", context)))


def implicated(value: str, context: Context) -> Implicated:
    """Return the condition of ``implicated``: our own Observations."""
    return Implicated(tuple(observation_pair(one) for one in own_ids(value, "Observation", context)))


def quantities(value: str, _: Context) -> Condition:
    """Return the condition of ``value-quantity``: ``number``, ``number|system|code`` or ``number||unit``."""
    found = []
    for one in alternatives(value):
        number, *unit = one.split("|")
        span = number_span(number)
        if len(unit) not in {0, 2}:
            raise BadValueError("takes number, number|system|code or number||unit")
        if not unit or _is_our_unit(*unit):
            found.append(span)
    return NumberWithin("value", tuple(found))


def _is_our_unit(system: str, code: str) -> bool:
    # Without a system the unit's words count too.
    return (system, code) == (UCUM, SCORE_UNIT) or (not system and code in {"", SCORE_UNIT, "score"})


def moments(value: str, context: Context) -> Within:
    """Return the condition of ``authored``, ``date`` and ``identified``: prefixed dates and times."""
    return Within(spans(value, context))


def last_updates(value: str, context: Context) -> Condition:
    """Return the condition of ``_lastUpdated``: when the version was stored."""
    return Within(spans(value, context), "updated")
