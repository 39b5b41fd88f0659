"""The body of feedback: what people did with which cards."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fhir_mappings.codes import Names
from fhir_mappings.vocabulary import DISMISSAL_REASON_TERMS
from service.api.cds.models import LONGEST_WORDS, MOST_FEEDBACK
from service.api.cds.places import Places
from service.flows.take_feedback import Feedback

_OUTCOMES = ("accepted", "overridden")
_REASONS = tuple(term.code for term in DISMISSAL_REASON_TERMS.terms)


def read_feedback(value: Mapping[str, Any], names: Names) -> list[Feedback]:
    """Return the entries of a body in their order; raises ``FaultsInRequest``."""
    body = Places(value)
    entries = body.each("feedback", MOST_FEEDBACK)
    if not entries and not body.faults:
        body.add("feedback", "required", "A list of what was done must be given.")
    found = [_entry(one, names) for one in entries]
    body.refuse_faults()
    return found


def _entry(entry: Places, names: Names) -> Feedback:
    card, outcome = entry.uuid("card"), entry.text("outcome")
    if outcome and outcome not in _OUTCOMES:
        entry.add("outcome", "unknown-choice", f"One of {', '.join(_OUTCOMES)}.")
    for suggestion in entry.each("acceptedSuggestions", MOST_FEEDBACK):
        suggestion.text("id")
    _check_time(entry)
    told = entry.below("overrideReason")
    reason, words = told.below("reason"), told.text("userComment", required=False, longest=LONGEST_WORDS)
    system, code = reason.text("system", required=False), reason.text("code", required=False)
    # The EHR may offer reasons of its own, which mean nothing to us.
    is_ours = system == names.vocabulary(DISMISSAL_REASON_TERMS.id) and code in _REASONS
    return Feedback(
        card,
        "accepted" if outcome == "accepted" else "overridden",
        reason=code if is_ours else None,
        words=words.strip() or None,
    )


def _check_time(entry: Places) -> None:
    told = entry.text("outcomeTimestamp")
    try:
        if told and datetime.fromisoformat(told).tzinfo is None:
            entry.add("outcomeTimestamp", "no-time-zone", "The time must say its offset, or Z.")
    except ValueError:
        entry.add("outcomeTimestamp", "not-a-time", "This must be a time such as 2026-03-02T10:50:00Z.")
