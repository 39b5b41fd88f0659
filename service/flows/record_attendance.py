"""Record, correct, read and list whether a client came to an appointment.

Nothing is judged by it: it says how many sessions were attended, and which the client missed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Literal
from uuid import uuid4

from fhir_mappings.errors import Fault
from fhir_mappings.filled import Identifier
from service.alliance.attendance import AttendanceStatus
from service.errors import Duplicate, FaultsInRequest, NotFound, StaleVersion
from service.flows.deployment import Access, Deployment, Write
from service.flows.keep_in_sight import (
    refuse_attendance_beyond_sight,
    sight_of_patient,
    takes_attendance,
)
from service.flows.own_ids import refuse_erased_appointment
from service.flows.patient_references import reference_here
from service.flows.take_in_visit import let_ehr_give_way, visit_system
from service.flows.write_version import audit_row
from service.store.attendance import (
    AttendanceRow,
    attendance_of_patient,
    end_attendance,
    find_attendance,
    find_attendance_by_identifier,
    insert_attendance,
    list_attendance,
)
from service.store.audit import add_audit
from service.store.database import Tx
from service.store.patients import alias_rows, find_alias, take_alias, take_dyad
from service.store.responses import IN_ERROR

CREATED, OK = 201, 200
# What two versions may differ in and still say the same.
_BOOKKEEPING = {"version", "believed_from", "received_at", "row_id", "id", "patient"}


@dataclass(frozen=True, slots=True)
class NewAttendance:
    """One appointment, checked already. References are as sent; an absent one is None."""

    status: AttendanceStatus | Literal["entered-in-error"]
    patient: str
    therapist: str | None
    session_date: str
    session_number: int | None
    encounter: str | None
    identifier: Identifier


def record_attendance(
    deployment: Deployment, new: NewAttendance, access: Access
) -> tuple[AttendanceRow, bool]:
    """Return what is stored, and whether it is new: the same again changes nothing.

    Raises ``Duplicate`` naming the stored id where the identifier is taken by other content, or where the
    same appointment was recorded before: the same encounter, or the same outcome of the same session number
    (the same date where one has no number).
    """
    with deployment.database.write() as tx:
        write = Write(tx, deployment, access, deployment.clock())
        row = _row(write, new, str(uuid4()), version=1)
        refuse_attendance_beyond_sight(write, row)
        stored = find_attendance_by_identifier(tx, write.clinic, new.identifier.system, new.identifier.value)
        if stored is not None and not _says_the_same(stored, row):
            message = f"This identifier belongs to attendance {stored.id} with other content: correct that."
            raise _taken(write, stored, message)
        if stored is None:
            refuse_erased_appointment(write, new.identifier)
            _refuse_same_appointment(write, row)
            let_ehr_give_way(write, row)
            insert_attendance(tx, row)
        add_audit(
            tx, audit_row(access, write.now, OK if stored else CREATED, (stored or row).id, row.alias_row)
        )
    return stored or row, stored is None


def correct_attendance(
    deployment: Deployment, attendance_id: str, expected_version: int, new: NewAttendance, access: Access
) -> AttendanceRow:
    """Return the corrected version; the same content again changes nothing. Earlier versions are kept.

    Raises ``NotFound``, ``StaleVersion``, ``FaultsInRequest`` where the patient would change (make it
    entered-in-error and record anew), and ``Duplicate`` as ``record_attendance`` does.
    """
    with deployment.database.write() as tx:
        write = Write(tx, deployment, access, deployment.clock())
        stored = _find(write.tx, deployment, write.access, attendance_id)
        if stored.version != expected_version:
            raise StaleVersion("The attendance was changed since: read it again.", at="If-Match")
        row = replace(_row(write, new, stored.id, version=stored.version + 1), received_at=stored.received_at)
        refuse_attendance_beyond_sight(write, row)
        if row.alias_row != stored.alias_row:
            message = "The patient cannot change: make it entered-in-error and record it anew."
            raise FaultsInRequest([Fault("patient", "another-patient", message)])
        add_audit(tx, audit_row(access, write.now, OK, stored.id, stored.alias_row))
        if _says_the_same(stored, row):
            return stored
        _refuse_taken_identifier(write, row)
        _refuse_same_appointment(write, row)
        end_attendance(tx, stored, write.now)
        let_ehr_give_way(write, row)
        insert_attendance(tx, row)
    return row


def read_attendance(deployment: Deployment, attendance_id: str, access: Access) -> AttendanceRow:
    """Return the current version; raises ``NotFound``."""
    with deployment.database.read() as tx:
        return _find(tx, deployment, access, attendance_id)


def list_attendance_page(
    deployment: Deployment,
    references: Sequence[str],
    access: Access,
    *,
    after: tuple[str, int] | None,
    limit: int,
) -> tuple[Sequence[AttendanceRow], tuple[str, int] | None]:
    """Return one page by session date, and the place of the next one, None on the last.

    Those entered in error are listed too; a patient never seen here has none.
    """
    with deployment.database.read() as tx:
        aliases = alias_rows(tx, access.clinic, references)
        therapists = _therapists_in_sight(tx, references, access)
        found = list_attendance(
            tx, access.clinic, aliases, after=after, limit=limit + 1, therapists=therapists
        )
    if len(found) <= limit:
        return found, None
    last = found[limit - 1]
    return found[:limit], (last.session_date, last.row_id or 0)


def _therapists_in_sight(tx: Tx, references: Sequence[str], access: Access) -> list[str] | None:
    """Return of which therapists a patient's appointments are in sight, None for all."""
    if access.sight.is_whole:
        return None
    keys = {alias.patient_key for one in references if (alias := find_alias(tx, access.clinic, one))}
    parts = [part for key in keys for part in sight_of_patient(tx, access.clinic, access.sight, key).parts]
    if any(part.therapists is None for part in parts):
        return None
    return [one for part in parts for one in part.therapists or ()]


def _taken(write: Write, stored: AttendanceRow, message: str) -> Duplicate:
    if takes_attendance(write.access.sight, stored, write.deployment.settings):
        return Duplicate(message, stored.id)
    return Duplicate("This identifier is taken.", "")


def _find(tx: Tx, deployment: Deployment, access: Access, attendance_id: str) -> AttendanceRow:
    stored = find_attendance(tx, access.clinic, attendance_id)
    if stored is None or not takes_attendance(access.sight, stored, deployment.settings):
        raise NotFound("There is no such attendance.")
    return stored


def _row(write: Write, new: NewAttendance, attendance_id: str, *, version: int) -> AttendanceRow:
    settings = write.deployment.settings
    alias = take_alias(write.tx, write.clinic, reference_here(new.patient, settings), write.now)
    therapist = reference_here(new.therapist, settings) if new.therapist else ""
    # The dyad's row is the lock under which two callers cannot record one appointment twice.
    take_dyad(write.tx, write.clinic, alias.patient_key, therapist, write.now)
    return AttendanceRow(
        clinic=write.clinic,
        id=attendance_id,
        version=version,
        status=new.status,
        alias_row=alias.row,
        patient=new.patient,
        therapist=therapist,
        session_date=new.session_date,
        session_number=new.session_number,
        encounter=new.encounter,
        identifier_system=new.identifier.system,
        identifier_value=new.identifier.value,
        received_at=write.now,
        believed_from=write.now,
    )


def _says_the_same(one: AttendanceRow, other: AttendanceRow) -> bool:
    return all(
        getattr(one, column.name) == getattr(other, column.name)
        for column in fields(AttendanceRow)
        if column.name not in _BOOKKEEPING
    )


def _refuse_taken_identifier(write: Write, row: AttendanceRow) -> None:
    taken = find_attendance_by_identifier(write.tx, write.clinic, row.identifier_system, row.identifier_value)
    if taken is not None and taken.id != row.id:
        raise _taken(write, taken, f"This identifier belongs to attendance {taken.id}.")


def _refuse_same_appointment(write: Write, row: AttendanceRow) -> None:
    if row.status == IN_ERROR:
        return
    names = [row.patient, reference_here(row.patient, write.deployment.settings)]
    for stored in attendance_of_patient(write.tx, write.clinic, alias_rows(write.tx, write.clinic, names)):
        is_by_ehr = stored.identifier_system == visit_system(write)  # it gives way
        if stored.id != row.id and not is_by_ehr and _is_same_appointment(stored, row):
            raise Duplicate(f"This appointment is attendance {stored.id}: correct that one.", stored.id)


def _is_same_appointment(one: AttendanceRow, other: AttendanceRow) -> bool:
    if one.therapist != other.therapist:
        return False
    if one.encounter is not None and other.encounter is not None:
        return one.encounter == other.encounter
    if one.status != other.status:  # missed in the morning, attended in the afternoon
        return False
    if one.session_number is not None and other.session_number is not None:
        return one.session_number == other.session_number
    return one.session_date == other.session_date
