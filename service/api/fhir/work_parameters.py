"""The values of the search parameters of Task and Flag: their words are those of the alert behind them."""

from collections.abc import Iterable

from fhir_mappings.elements import SERVICE_DEVICE
from fhir_mappings.task import PRIORITIES, REVIEW, TASK_STATUSES
from fhir_mappings.vocabulary import ALERT_STATUS_TERMS, ALERT_TASK_TERMS
from service.api.fhir.parameters import Context, alternatives, moments, own_ids, references, token
from service.store.search import Condition, Lasting, OneOf, PairOneOf, Within

_TASK_STATUS = "http://hl7.org/fhir/task-status"
_PRIORITY = "http://hl7.org/fhir/request-priority"
# With these in front a part of the time is enough; else the value bounds all of it.
_PARTLY = frozenset({"gt", "lt", "ge", "le"})
_OWNERS = ("Practitioner", "PractitionerRole")


def task_statuses(value: str, _: Context) -> Condition:
    """Return the condition of ``status`` on Tasks."""
    return OneOf("status", _behind(value, _TASK_STATUS, TASK_STATUSES.items()))


def business_statuses(value: str, context: Context) -> Condition:
    """Return the condition of ``business-status``: the alert's own status."""
    own = [(term.code, term.code) for term in ALERT_STATUS_TERMS.terms]
    return OneOf("status", _behind(value, context.names.vocabulary(ALERT_STATUS_TERMS.id), own))


def priorities(value: str, _: Context) -> Condition:
    """Return the condition of ``priority``."""
    return OneOf("severity", _behind(value, _PRIORITY, PRIORITIES.items()))


def task_codes(value: str, context: Context) -> Condition:
    """Return the condition of ``code`` on Tasks: all have the same."""
    return all_or_none(bool(_named(value, context.names.vocabulary(ALERT_TASK_TERMS.id), {REVIEW.code})))


def owners(value: str, context: Context) -> Condition:
    """Return the condition of ``owner``: the dyad's therapist."""
    listed = alternatives(value)
    found = [form for one in listed for kind in _OWNERS for form in references(one, kind, context)]
    return OneOf("therapist", tuple(dict.fromkeys(found)))


def focuses(value: str, context: Context) -> Condition:
    """Return the condition of ``focus``: our own DetectedIssues, whose ids are those of the Tasks."""
    return OneOf("id", tuple(own_ids(value, "DetectedIssue", context)))


def authors(value: str, context: Context) -> Condition:
    """Return the condition of ``author``: this service made all of them."""
    device = SERVICE_DEVICE.removeprefix("Device/")
    return all_or_none(device in own_ids(value, "Device", context))


def changes(value: str, context: Context) -> Condition:
    """Return the condition of ``modified`` and ``_lastUpdated``: when this version began."""
    return Within(moments(value, context).spans, "updated")


def periods(value: str, context: Context) -> Condition:
    """Return the condition of ``period`` and ``date``: from when until when the alert wanted attention.

    Source: hl7.org/fhir/R4/search.html#date: ``eq`` holds a period wholly, ``ge`` one that goes on after it.
    """
    listed = [(moments(one, context).spans, one[:2] not in _PARTLY) for one in alternatives(value)]
    return Lasting(tuple((span, wholly) for spans, wholly in listed for span in spans))


def all_or_none(matches: bool) -> Condition:  # noqa: FBT001 - the one thing that it is about
    """Return a condition that everything fits, or nothing does."""
    return PairOneOf(("id", "id"), ((None, None),) if matches else ())


def _behind(value: str, system: str, words: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Return the alert's own words for which these tokens stand."""
    pairs = list(words)
    asked = _named(value, system, {shown for _, shown in pairs})
    return tuple(own for own, shown in pairs if shown in asked)


def _named(value: str, system: str, known: set[str]) -> set[str]:
    """Return which of the known codes these tokens name; ``system|`` names all."""
    pairs = [token(one) for one in alternatives(value)]
    if (system, None) in pairs:
        return known
    return known & {code for of, code in pairs if of in {None, system} and code is not None}
