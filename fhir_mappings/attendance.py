"""What an EHR's Appointment and Encounter say of attendance: attended, missed, cancelled late, or nothing.

Source: hl7.org/fhir/R4/valueset-appointmentstatus.html, hl7.org/fhir/R4/valueset-encounter-status.html and
hl7.org/fhir/R5/valueset-encounter-status.html. Why a client did not come is not read.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal

from fhir_mappings.elements import Json

Attendance = Literal["attended", "missed", "late-cancelled"]

CANCELLATION_REASONS = "http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason"
LATE = timedelta(hours=24)

# Whatever is not named says nothing yet (booked, arrived) or nothing of use (entered-in-error).
_OF_APPOINTMENT: Mapping[str, Attendance] = MappingProxyType({"fulfilled": "attended", "noshow": "missed"})
_OF_ENCOUNTER: Mapping[str, Attendance] = MappingProxyType(
    dict.fromkeys(("in-progress", "onleave", "on-hold", "finished", "discharged", "completed"), "attended")
)


def attendance_of_appointment(appointment: Json, late: timedelta = LATE) -> Attendance | None:
    """Return whether the client came, None where the Appointment does not tell.

    One cancelled is *late* where it was last changed less than ``late`` before its start, or after it, since
    R4 keeps no moment of cancelling; without start or ``meta.lastUpdated`` nobody can tell. One that the
    provider cancelled (code ``prov`` and below) is nothing that the client did.
    Example: status ``noshow`` -> ``missed``.
    """
    status = appointment.get("status")
    if status != "cancelled":
        return _OF_APPOINTMENT.get(str(status))
    start = _moment(appointment.get("start"))
    changed = _moment(_object(appointment.get("meta")).get("lastUpdated"))
    if start is None or changed is None or _is_by_provider(appointment):
        return None
    return "late-cancelled" if changed > start - late else None


def attendance_of_encounter(encounter: Json) -> Attendance | None:
    """Return ``attended`` where the Encounter is being held or was, else None: it says nothing of misses."""
    return _OF_ENCOUNTER.get(str(encounter.get("status")))


def _is_by_provider(appointment: Json) -> bool:
    codings = _object(appointment.get("cancelationReason")).get("coding")  # R4's own spelling
    codings = codings if isinstance(codings, list) else []
    return any(
        _object(coding).get("system") == CANCELLATION_REASONS
        and str(_object(coding).get("code")).partition("-")[0] == "prov"
        for coding in codings
    )


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.utcoffset() is not None else None
