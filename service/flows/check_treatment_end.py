"""What must be true of an end of treatment that somebody tells: with whom, when, and why."""

import re
from collections.abc import Iterator
from datetime import date, datetime

from fhir_mappings.errors import Fault
from service.flows.check_request import EARLIEST_YEAR, EASTERNMOST, THERAPISTS, refers_to
from service.store.treatment_ends import END_REASONS

_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def find_end_faults(ended_on: str | None, reason: str | None, now: datetime) -> Iterator[Fault]:
    """Yield every fault of date and reason, at ``date`` and ``reason``."""
    yield from _day_faults(ended_on, now)
    if reason is None:
        yield Fault("reason", "required", f"One of {', '.join(END_REASONS)}.")
    elif reason not in END_REASONS:
        yield Fault("reason", "unknown-choice", f"One of {', '.join(END_REASONS)}.")


def find_therapist_faults(therapist: str | None) -> Iterator[Fault]:
    """Yield the fault of a therapist's reference; none for one that is absent."""
    if therapist and not refers_to(therapist, THERAPISTS):
        message = "Must be Practitioner/<id> or PractitionerRole/<id>, or that at an http address."
        yield Fault("therapist", "wrong-reference", message)


def _day_faults(ended_on: str | None, now: datetime) -> Iterator[Fault]:
    if not ended_on:
        yield Fault("date", "required", "The date on which treatment ended must be said.")
        return
    day = _read_day(ended_on)
    if day is None:
        yield Fault("date", "not-a-date", "Must be a whole date, such as 2026-03-02.")
    elif day.year < EARLIEST_YEAR:
        yield Fault("date", "too-early", f"The date lies before {EARLIEST_YEAR}.")
    elif day > (now + EASTERNMOST).date():
        yield Fault("date", "in-the-future", "An end is told once treatment has ended.")


def _read_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None
