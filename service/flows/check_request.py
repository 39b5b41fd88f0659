"""What must be true of any filled instrument, whichever door it comes to: when, who, which session.

The answers themselves are checked by ``fhir_mappings.answers``.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import TypeVar

from fhir_mappings.errors import Fault
from fhir_mappings.filled import Identifier
from fhir_mappings.instrument import Perspective
from fhir_mappings.response_head import LANGUAGE_TAG
from service.flows.patient_references import relative_to

Read = TypeVar("Read", date, datetime)

# A sender's clock may be a little ahead of ours.
CLOCK_TOLERANCE = timedelta(minutes=5)
# No date on Earth is further ahead of UTC than this.
EASTERNMOST = timedelta(hours=14)
EARLIEST_YEAR = 1900
LONGEST_TEXT = 255
LAST_SESSION = 9999
OLDEST_YEARS = 130

_REFERENCE = re.compile(
    r"(?:https?://[^\s/]+/(?:[^\s?#]+/)?)?(?P<type>[A-Z][A-Za-z]{1,40})/[A-Za-z0-9\-.]{1,64}"
)
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
# Control characters, and halves of characters that no encoding can write.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

PATIENTS = frozenset({"Patient"})
THERAPISTS = frozenset({"Practitioner", "PractitionerRole"})
CARERS = frozenset({"RelatedPerson"})
PEOPLE = PATIENTS | THERAPISTS | CARERS
AUTHORS = PEOPLE | {"Device", "Organization"}
_REFERENCES = {
    "patient": PATIENTS,
    "therapist": THERAPISTS,
    "author": AUTHORS,
    "encounter": frozenset({"Encounter"}),
    "ehr_reference": frozenset({"QuestionnaireResponse"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionClaims:
    """What a request says beside its answers; None or an empty text where it says nothing.

    ``source`` is who answered, after the door's default (``default_source``). ``authored`` and
    ``session_date`` are texts as sent.
    """

    perspective: Perspective
    patient: str | None
    authored: str | None
    source: str | None
    therapist: str | None = None
    author: str | None = None
    encounter: str | None = None
    session_date: str | None = None
    session_number: int | None = None
    identifier: Identifier | None = None
    language: str | None = None
    age_years: int | None = None
    site: str | None = None
    team: str | None = None
    approach: str | None = None
    ehr_reference: str | None = None
    patient_identifier: Identifier | None = None


_ORDER = tuple(field.name for field in fields(SessionClaims))


def default_source(perspective: Perspective, patient: str | None, therapist: str | None) -> str | None:
    """Return who answers a form where the request does not say: the form decides; None for the others."""
    return {"client": patient, "therapist": therapist}.get(perspective)


def find_session_faults(
    claims: SessionClaims,
    now: datetime,
    places: Mapping[str, str] | None = None,
    *,
    ehr_base: str | None = None,
) -> list[Fault]:
    """Return every fault, in the order of the fields; an empty list where there is none.

    ``places`` names where each field stands in the request (field -> ``Fault.at``); without it the field's
    own name is used. An identifier's parts are ``identifier.system`` and ``identifier.value``. A reference
    below ``ehr_base`` means the same person as the relative one.
    """
    named = places or {}
    found = [*_people(claims, ehr_base), *_times(claims, now), *_numbers(claims), *_texts(claims)]
    found.sort(key=lambda fault: _ORDER.index(fault.at.partition(".")[0]))
    return [Fault(named.get(fault.at, fault.at), fault.reason, fault.message) for fault in found]


def find_attendance_faults(
    claims: SessionClaims, now: datetime, places: Mapping[str, str] | None = None
) -> list[Fault]:
    """Return every fault of what is said of an appointment, in the order of the fields.

    Of the claims only patient, therapist, encounter, session date and number, and identifier count; patient
    and date must be there. ``places`` as for ``find_session_faults``.
    """
    named = places or {}
    found = [*_references(claims), *_numbers(claims), *_texts(claims)]
    if not claims.patient:
        found.append(Fault("patient", "required", "The patient must be named."))
    if not claims.session_date:
        found.append(Fault("session_date", "required", "The date of the appointment must be said."))
    else:
        found += _session_date(claims.session_date, "", now)
    return [Fault(named.get(fault.at, fault.at), fault.reason, fault.message) for fault in found]


def _people(claims: SessionClaims, ehr_base: str | None) -> Iterator[Fault]:
    if not claims.patient:
        yield Fault("patient", "required", "The patient must be named.")
    if not claims.source and claims.perspective == "client":
        pass  # it is the patient, who was missed above
    elif not claims.source:
        yield Fault("source", "required", "Who answered must be named for this form.")
    else:
        yield from _respondent(claims, ehr_base)
    yield from _references(claims)


def _references(claims: SessionClaims) -> Iterator[Fault]:
    for name, types in _REFERENCES.items():
        reference = getattr(claims, name)
        if reference and not refers_to(reference, types):
            kinds = " or ".join(f"{one}/<id>" for one in sorted(types))
            yield Fault(name, "wrong-reference", f"A reference must be {kinds}, or that at an http address.")


def refers_to(reference: str, types: frozenset[str]) -> bool:
    """Tell whether a text is a relative or absolute reference to one of these types, without a version."""
    matched = _REFERENCE.fullmatch(reference)
    return matched is not None and matched["type"] in types and len(reference) <= LONGEST_TEXT


def _respondent(claims: SessionClaims, ehr_base: str | None) -> Iterator[Fault]:
    source, patient, therapist = (
        relative_to(ehr_base, one or "") for one in (claims.source, claims.patient, claims.therapist)
    )
    if claims.perspective == "client" and patient and source != patient:
        yield Fault("source", "wrong-respondent", "A client's form is answered by the patient it is about.")
    elif claims.perspective == "therapist" and not refers_to(source, THERAPISTS):
        message = "A therapist's form is answered by a Practitioner or PractitionerRole."
        yield Fault("source", "wrong-respondent", message)
    elif claims.perspective == "carer" and not refers_to(source, CARERS):
        yield Fault("source", "wrong-respondent", "A carer's form is answered by a RelatedPerson.")
    elif claims.perspective == "observer":
        yield from _observer(source, therapist)


def _observer(source: str, therapist: str) -> Iterator[Fault]:
    """Whoever took part in the session is no observer of it."""
    if not refers_to(source, THERAPISTS):
        message = "An observer's form is answered by a Practitioner or PractitionerRole."
        yield Fault("source", "wrong-respondent", message)
    elif source == therapist:
        yield Fault("source", "wrong-respondent", "The therapist of the session is no observer of it.")


def _times(claims: SessionClaims, now: datetime) -> Iterator[Fault]:
    if not claims.authored:
        yield Fault("authored", "required", "When the form was filled in must be said.")
    else:
        yield from _authored(claims.authored, now)
    if claims.session_date:
        yield from _session_date(claims.session_date, claims.authored or "", now)


def _authored(authored: str, now: datetime) -> Iterator[Fault]:
    matched = _DATE_TIME.fullmatch(authored)
    moment = _read(datetime.fromisoformat, authored) if matched else None
    if moment is None:
        has_date = _DATE.fullmatch(authored) and _read(date.fromisoformat, authored)
        reason = "no-time-zone" if has_date else "not-a-time"
        yield Fault("authored", reason, "Must be a date, time and offset, such as 2026-03-02T10:50:00+01:00.")
    elif moment.utcoffset() is None:
        yield Fault("authored", "no-time-zone", "The time must have an offset, such as +01:00.")
    elif moment.year < EARLIEST_YEAR:
        yield Fault("authored", "too-early", f"The time lies before {EARLIEST_YEAR}.")
    elif moment > now + CLOCK_TOLERANCE:
        yield Fault("authored", "in-the-future", "The time lies more than five minutes ahead.")


def _session_date(session_date: str, authored: str, now: datetime) -> Iterator[Fault]:
    day = _read(date.fromisoformat, session_date) if _DATE.fullmatch(session_date) else None
    if day is None:
        yield Fault("session_date", "not-a-date", "Must be a whole date, such as 2026-03-02.")
    elif day.year < EARLIEST_YEAR:
        yield Fault("session_date", "too-early", f"The date lies before {EARLIEST_YEAR}.")
    elif day > (now + EASTERNMOST).date():
        yield Fault("session_date", "in-the-future", "The session lies in the future.")
    elif _DATE.fullmatch(authored[:10]) and session_date > authored[:10]:
        yield Fault("session_date", "after-authored", "The session lies after the form was filled in.")


def _read(parse: Callable[[str], Read], text: str) -> Read | None:
    try:
        return parse(text)
    except ValueError:
        return None


def _numbers(claims: SessionClaims) -> Iterator[Fault]:
    number, age = claims.session_number, claims.age_years
    if number is not None and not 1 <= number <= LAST_SESSION:
        message = f"Sessions are numbered from 1 to {LAST_SESSION}."
        yield Fault("session_number", "not-a-session-number", message)
    if age is not None and not 0 <= age <= OLDEST_YEARS:
        yield Fault("age_years", "out-of-range", f"An age is 0 to {OLDEST_YEARS} years.")


def _texts(claims: SessionClaims) -> Iterator[Fault]:
    texts = {name: getattr(claims, name) for name in ("site", "team", "approach")}
    if claims.identifier:
        texts["identifier.system"] = claims.identifier.system
        texts["identifier.value"] = claims.identifier.value
    if claims.patient_identifier:
        texts["patient_identifier.system"] = claims.patient_identifier.system
        texts["patient_identifier.value"] = claims.patient_identifier.value
    for name, text in texts.items():
        if text is None:
            continue
        if not text.strip():
            yield Fault(name, "required", "The text must not be blank.")
        elif len(text) > LONGEST_TEXT:
            yield Fault(name, "too-long", f"At most {LONGEST_TEXT} characters are kept.")
        elif _UNPRINTABLE.search(text):
            yield Fault(name, "unprintable", "Control characters are not taken.")
    if claims.language and not LANGUAGE_TAG.fullmatch(claims.language):
        yield Fault("language", "not-a-language", "Must be a language tag, such as en or de-CH.")
