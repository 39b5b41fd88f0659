"""One response or alert without what names anybody: numbers and codes, days since the first session.

What is left out: ids, references, identifiers, dates and times, words of people, and the exact age. Nothing
is copied that is not listed here, so that a new field stays out until somebody decides about it.
"""

from dataclasses import dataclass

from fhir_mappings.alert import AlertFacts
from fhir_mappings.elements import Json
from fhir_mappings.filled import Filled

# A number beyond is no count of sessions: some systems number them by date.
MOST_SESSIONS = 999
# Ten years. Further from the first session lies a placeholder (1900-01-01), and days from it tell the date.
MOST_DAYS = 3652
_OLDEST = 90
_BAND_YEARS = 10


@dataclass(frozen=True, slots=True)
class Whose:
    """The pseudonyms of one thing and of whom it is about, and when it was.

    ``day`` counts from the patient's first session, which is 0, and is not written where it is over
    ``MOST_DAYS`` before or after; ``site`` is a pseudonym or ``other``, None where none was told.
    ``therapist`` is None where unknown.
    """

    own: str
    patient: str
    therapist: str | None
    site: str | None
    day: int


def to_deidentified_response(filled: Filled, whose: Whose, age_years: int | None) -> Json:
    """Return the line of a response; answers in own words are left out, so are forms' own wordings.

    ``age_years`` is the same for all lines of a patient: their age at the first session that told it.
    """
    answers = filled.answers
    number = filled.session_number
    marked = {**answers.values, **answers.flags, **answers.choices}
    return {
        **_head(whose),
        "instrument": filled.instrument.id,
        "instrument_version": filled.instrument.version,
        "perspective": filled.instrument.perspective,
        "status": filled.status,
        "session_number": number if number is not None and number <= MOST_SESSIONS else None,
        "age_band": age_band(age_years),
        "answers": marked,
        "scores": {one.id: one.value for one in filled.scores},
    }


def to_deidentified_alert(alert: AlertFacts, whose: Whose, *, historical: bool) -> Json:
    """Return the line of an alert: what the rule found and what became of it, in codes.

    ``historical``: found in an import or in ratings that came late, so that nobody was alerted.
    """
    return {
        **_head(whose),
        "historical": historical,
        "status": alert.status,
        "severity": alert.severity,
        "rule": alert.rule,
        "method": alert.method,
        "dismissal": alert.dismissal,
        "instruments": sorted({one.instrument_id for one in alert.evidence}),
        "repair_steps": len(alert.mitigations),
    }


def age_band(years: int | None) -> str | None:
    """Return the ten years that an age lies in, ``30-39``; ``90+`` from 90 on (HIPAA, 45 CFR 164.514)."""
    if years is None:
        return None
    if years >= _OLDEST:
        return f"{_OLDEST}+"
    low = years // _BAND_YEARS * _BAND_YEARS
    return f"{low}-{low + _BAND_YEARS - 1}"


def _head(whose: Whose) -> Json:
    return {
        "id": whose.own,
        "patient": whose.patient,
        "therapist": whose.therapist,
        "site": whose.site,
        "day": whose.day if abs(whose.day) <= MOST_DAYS else None,
    }
