"""Made-up facts that tests build resources from. Nobody here exists."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from fhir_mappings.alert import AlertFacts, EvidenceFacts
from fhir_mappings.answers import check_answers
from fhir_mappings.catalogue import builtin_instruments
from fhir_mappings.codes import Names
from fhir_mappings.filled import Filled
from fhir_mappings.instrument import Instrument
from fhir_mappings.response import to_response
from fhir_mappings.scoring import score

NAMES = Names()
# The last has one digit more than the form, as a caller may write it.
SRS_MARKS = ("9.2", "9.0", "8.7", "9.40")
WAI_CHOICES = ("3", "4", "5", "2", "5", "3", "4", "2", "4", "4", "3", "4")


def srs() -> Instrument:
    """Return the four marks of the client."""
    return builtin_instruments()["srs-3"]


def wai_sr() -> Instrument:
    """Return the twelve choices of the client."""
    return builtin_instruments()["wai-sr-client"]


def numbered(values: tuple[str | None, ...]) -> dict[str, Decimal]:
    """Return values as the answers of item-1, item-2, …; None is a blank."""
    return {f"item-{number}": Decimal(value) for number, value in enumerate(values, 1) if value is not None}


def a_filled(
    instrument: Instrument | None = None,
    answers: Mapping[str, object] | None = None,
    total: Decimal | None = None,
    **changes: Any,
) -> Filled:
    """Return a filled instrument (the SRS unless said otherwise), checked and scored."""
    form = instrument or srs()
    if answers is None and total is None:
        answers = numbered(SRS_MARKS if form.id == "srs-3" else WAI_CHOICES)
    checked = check_answers(form, answers or {}, total)
    facts: dict[str, Any] = {
        "id": "r-7",
        "version": 1,
        "status": "completed",
        "patient": "Patient/anna",
        "source": "Patient/anna",
        "author": None,
        "therapist": "Practitioner/ada",
        "encounter": "Encounter/session-7",
        "authored": "2026-03-02T10:50:00+01:00",
        "identifier": None,
        "session_date": "2026-03-02",
        "session_number": 7,
        "language": "en",
        "last_updated": "2026-03-02T09:50:04Z",
    }
    return Filled(instrument=form, answers=checked, scores=score(form, checked), **(facts | changes))


def a_response(**changes: Any) -> dict[str, Any]:
    """Return the SRS of session 7 as QuestionnaireResponse; a change to None leaves that element out."""
    merged = to_response(a_filled(), NAMES) | changes
    return {key: value for key, value in merged.items() if value is not None}


def an_alert(**changes: Any) -> AlertFacts:
    """Return an open alert, possible, resting on one SRS total."""
    facts: dict[str, Any] = {
        "id": "a-1",
        "version": 1,
        "status": "open",
        "severity": "possible",
        "patient": "Patient/anna",
        "therapist": "Practitioner/ada",
        "raised_at": "2026-03-02T10:50:04+01:00",
        "updated_at": "2026-03-02T10:50:04+01:00",
        "text": "Possible strain after session 7. SRS 33.2; this client's usual range so far: 34.9-39.6.",
        "rule": "own-baseline",
        "method": "eb-own-baseline/1",
        "norms": "srs-3-total|assumed-1",
        "evidence": (EvidenceFacts("srs-3", "r-7", "srs-3.total", "total", "SRS total"),),
    }
    return AlertFacts(**(facts | changes))
