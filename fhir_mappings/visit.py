"""What an EHR's Encounter or Appointment says of a session: whose, with whom, on which day, attended or not.

Nothing is guessed: what it leaves open, or says of several, is empty.
Source: hl7.org/fhir/R4/encounter.html and hl7.org/fhir/R4/appointment.html.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Literal

from fhir_mappings.attendance import Attendance, attendance_of_appointment, attendance_of_encounter
from fhir_mappings.elements import Json

VisitType = Literal["Appointment", "Encounter"]

_PATIENTS = ("Patient",)
_THERAPISTS = ("Practitioner", "PractitionerRole")
# What is under one of these was never held as it stands there: it tells of no session.
_VOID = ("entered-in-error", "cancelled")
_LONGEST = 255
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


@dataclass(frozen=True, slots=True)
class Visit:
    """One Encounter or Appointment.

    ``patient`` and ``therapist`` are relative references without a version, '' where there is none or more
    than one. ``day`` is the date on which it begins, in the offset that it is written in; '' where not told.
    ``attendance`` is None where it does not tell whether the client came.
    """

    patient: str
    therapist: str
    day: str
    attendance: Attendance | None


def visit_of_encounter(encounter: Json, base: str) -> Visit:
    """Return what an Encounter says; ``base`` is the FHIR base of the EHR, without a slash at its end.

    One that was cancelled or entered in error names no therapist and no day.
    Example: ``period.start`` 2026-03-02T00:10:00+01:00 -> the day 2026-03-02.
    """
    patient = _only([target_of(encounter.get("subject"), base)], _PATIENTS)
    if encounter.get("status") in _VOID:
        return Visit(patient, "", "", None)
    people = [target_of(one.get("individual"), base) for one in _objects(encounter.get("participant"))]
    day = day_of(_object(encounter.get("period")).get("start"))
    return Visit(patient, _only(people, _THERAPISTS), day, attendance_of_encounter(encounter))


def visit_of_appointment(appointment: Json, base: str) -> Visit:
    """Return what an Appointment says; who declined it does not take part in it."""
    people = [
        target_of(one.get("actor"), base)
        for one in _objects(appointment.get("participant"))
        if one.get("status") != "declined"
    ]
    day = day_of(appointment.get("start"))
    attendance = attendance_of_appointment(appointment)
    return Visit(_only(people, _PATIENTS), _only(people, _THERAPISTS), day, attendance)


VISITS: Mapping[VisitType, Callable[[Json, str], Visit]] = MappingProxyType(
    {"Appointment": visit_of_appointment, "Encounter": visit_of_encounter}
)


def target_of(value: object, base: str) -> str:
    """Return a Reference as relative and without a version, '' where it is none; ``base`` is the EHR's.

    One of over 255 characters, which nobody keeps, is none.
    """
    told = _object(value).get("reference")
    target = told.removeprefix(f"{base}/").partition("/_history/")[0] if isinstance(told, str) else ""
    return target if len(target) <= _LONGEST else ""


def day_of(moment: object) -> str:
    """Return the date of a moment, in the offset that it is written in; '' where it has no whole date.

    One that no calendar has (2026-02-30) is none: nothing could be counted by it.
    """
    found = _DATE.match(moment) if isinstance(moment, str) else None
    if found is None:
        return ""
    try:
        date.fromisoformat(found[0])
    except ValueError:
        return ""
    return found[0]


def _only(targets: Iterable[str], types: tuple[str, ...]) -> str:
    found = {one for one in targets if one.partition("/")[0] in types}
    return found.pop() if len(found) == 1 else ""


def _objects(value: object) -> list[Json]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}
