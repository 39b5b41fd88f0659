"""Hold what a flow reads and writes to what its caller may see."""

from service.errors import Duplicate, ScopeMissing
from service.flows.deployment import Write
from service.flows.new_response import NewResponse
from service.flows.patient_references import reference_here
from service.settings import Settings
from service.store.attendance import AttendanceRow
from service.store.database import Tx
from service.store.patients import find_alias
from service.store.responses import ResponseVersion
from service.store.search import is_in_sight
from service.store.sight import Sight

_BEYOND = "The credential does not reach this patient, therapist or form."


def sight_of_patient(tx: Tx, clinic: str, sight: Sight, patient_key: str) -> Sight:
    """Return what is in sight of one patient, whatever name the credential has for that patient.

    Granular scopes are left out: what is made of many things cannot be held to them.
    """
    found = []
    for part in sight.without_granular().parts:
        aliases = [find_alias(tx, clinic, reference) for reference in part.patients or ()]
        if part.patients is None or any(one and one.patient_key == patient_key for one in aliases):
            found.append(part)
    return Sight(tuple(found))


def refuse_beyond_sight(write: Write, new: NewResponse) -> None:
    """Raise ``ScopeMissing`` where a response is about somebody whom the caller may not write about."""
    settings = write.deployment.settings
    therapist = reference_here(new.therapist, settings) if new.therapist else ""
    patient = reference_here(new.patient, settings)
    if not write.access.sight.takes(patient, therapist, new.instrument.perspective):
        raise ScopeMissing((), _BEYOND)


def takes_attendance(sight: Sight, row: AttendanceRow, settings: Settings) -> bool:
    """Tell whether an appointment is in sight."""
    return sight.takes(reference_here(row.patient, settings), row.therapist, None)


def refuse_attendance_beyond_sight(write: Write, row: AttendanceRow) -> None:
    """Raise ``ScopeMissing`` where an appointment is of somebody whom the caller may not write about."""
    if not takes_attendance(write.access.sight, row, write.deployment.settings):
        raise ScopeMissing((), _BEYOND)


def taken(write: Write, stored: ResponseVersion, message: str) -> Duplicate:
    """Return the refusal of an identifier that is taken; whoever may not see by what is not told."""
    if is_in_sight(write.tx, write.clinic, "response", write.access.sight, stored.row_id):
        return Duplicate(message, stored.id)
    return Duplicate("This identifier is taken.", "")
