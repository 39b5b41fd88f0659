"""The values of the search parameters of Task and Flag: their words are those of the alert behind them."""

from collections.abc import Iterable

from fhir_mappings.alert_states import STATES
from fhir_mappings.task import PRIORITIES, REVIEW
from fhir_mappings.vocabulary import ALERT_STATUS_TERMS, ALERT_TASK_TERMS
from service.api.fhir.chart_parameters import ID, PATIENT, SUBJECT, UPDATED
from service.api.fhir.parameters import alert_authors, alert_identifiers, last_updates, moments, referring
from service.api.fhir.search_parameter import Parameter
from service.api.fhir.values import Context, alternatives, own_ids, tokens
from service.store.conditions import Always, Condition, Lasting, OneOf

_TASK_STATUS = "http://hl7.org/fhir/task-status"
_PRIORITY = "http://hl7.org/fhir/request-priority"
# With these in front a part of the time is enough; else the value bounds all of it.
_PARTLY = frozenset({"gt", "lt", "ge", "le"})
_OWNERS = ("Practitioner", "PractitionerRole")


def task_statuses(value: str, _: Context) -> Condition:
    """Return the condition of ``status`` on Tasks."""
    return OneOf("status", _behind(value, _TASK_STATUS, [(own, steps.task) for own, steps in STATES.items()]))


def business_statuses(value: str, context: Context) -> Condition:
    """Return the condition of ``business-status``: the alert's own status."""
    own = [(term.code, term.code) for term in ALERT_STATUS_TERMS.terms]
    return OneOf("status", _behind(value, context.names.vocabulary(ALERT_STATUS_TERMS.id), own))


def priorities(value: str, _: Context) -> Condition:
    """Return the condition of ``priority``."""
    return OneOf("severity", _behind(value, _PRIORITY, PRIORITIES.items()))


def task_codes(value: str, context: Context) -> Condition:
    """Return the condition of ``code`` on Tasks: all have the same."""
    return Always(bool(_named(value, context.names.vocabulary(ALERT_TASK_TERMS.id), {REVIEW.code})))


def focuses(value: str, context: Context) -> Condition:
    """Return the condition of ``focus``: our own DetectedIssues, whose ids are those of the Tasks."""
    return OneOf("id", tuple(own_ids(value, "DetectedIssue", context)))


def periods(value: str, context: Context) -> Condition:
    """Return the condition of ``period`` and ``date``: from when until when the alert wanted attention.

    Source: hl7.org/fhir/R4/search.html#date: ``eq`` holds a period wholly, ``ge`` one that goes on after it.
    """
    listed = [(moments(one, context).spans, one[:2] not in _PARTLY) for one in alternatives(value)]
    return Lasting(tuple((span, wholly) for spans, wholly in listed for span in spans))


def _behind(value: str, system: str, words: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Return the alert's own words for which these tokens stand."""
    pairs = list(words)
    asked = _named(value, system, {shown for _, shown in pairs})
    return tuple(own for own, shown in pairs if shown in asked)


def _named(value: str, system: str, known: set[str]) -> set[str]:
    """Return which of the known codes these tokens name; ``system|`` names all."""
    pairs = tokens(value)
    if (system, None) in pairs:
        return known
    return known & {code for of, code in pairs if of in {None, system} and code is not None}


_ALERT = Parameter("identifier", "token", "Our identifier of the alert", alert_identifiers)
TASK = (
    ID,
    UPDATED,
    PATIENT,
    SUBJECT,
    _ALERT,
    Parameter("owner", "reference", "Who took it, else the therapist", referring("owner", *_OWNERS)),
    Parameter("status", "token", "requested, accepted, in-progress, …", task_statuses),
    Parameter("business-status", "token", "The status of the alert: open, …", business_statuses),
    Parameter("code", "token", "review-possible-strain: all of ours", task_codes),
    Parameter("focus", "reference", "The DetectedIssue", focuses),
    Parameter("priority", "token", "routine or urgent", priorities),
    Parameter("authored-on", "date", "When the alert was raised", moments),
    Parameter("modified", "date", "When this version began", last_updates),
    Parameter("period", "date", "From when until when it was to be done", periods),
)
FLAG = (
    ID,
    UPDATED,
    PATIENT,
    SUBJECT,
    _ALERT,
    Parameter("date", "date", "From when until when it shows", periods),
    Parameter("author", "reference", "Device/alliance-service: all of ours", alert_authors),
)
