"""Take in what one Appointment or Encounter says of attendance; what a caller recorded wins.

Only visits of a patient and therapist who have responses here count as sessions: another practitioner's are
no therapy that we know of, and nothing of them is kept.
"""

from dataclasses import dataclass, replace
from uuid import uuid4

from fhir_mappings.visit import Visit, VisitType
from service.flows.deployment import Write
from service.flows.intake import Intake
from service.flows.name_therapist import name_therapist
from service.flows.write_version import audit_row
from service.store.attendance import (
    AttendanceRow,
    attendance_of_patient,
    end_attendance,
    find_attendance_by_identifier,
    insert_attendance,
)
from service.store.audit import add_audit
from service.store.database import Tx
from service.store.lost_races import repeat_lost_races
from service.store.patients import Alias, alias_rows, find_alias, knows_dyad, take_dyad
from service.store.responses import IN_ERROR

CREATED, OK = 201, 200
_SAID = ("status", "alias_row", "therapist", "session_date", "encounter")


@dataclass(frozen=True, slots=True)
class Came:
    """One Appointment or Encounter of the EHR's, by its logical id there, and what it says."""

    visit_type: VisitType
    ehr_id: str
    visit: Visit


def take_in_visit(intake: Intake, came: Came) -> bool:
    """Tell whether something was recorded, corrected or withdrawn by it. Raises ``EhrError``."""
    visit = came.visit
    if visit.patient and visit.therapist:
        therapist = name_therapist(intake, visit.patient, visit.therapist)
        came = replace(came, visit=replace(visit, therapist=therapist))
    with intake.deployment.database.read() as tx:  # most visits are none of ours: that costs no write
        if _stored(tx, intake, came) is None and _dyad_of(tx, intake, came.visit) is None:
            return False
    return _record(intake, came)


def visit_system(write: Write) -> str:
    """Return the system of the identifiers under which attendance by the EHR is kept."""
    return write.deployment.names.identifier("visit")


def let_ehr_give_way(write: Write, row: AttendanceRow) -> None:
    """Withdraw what the EHR said of the same appointment: a caller recorded it now."""
    for stored in _of_patient(write.tx, write.clinic, row):
        if stored.identifier_system == visit_system(write) and is_same_visit(stored, row):
            _replace(write, stored, replace(stored, status=IN_ERROR))


def is_same_visit(one: AttendanceRow, other: AttendanceRow) -> bool:
    """Tell whether the EHR and a caller speak of one appointment, whatever they say of it.

    The same encounter where both have one, else the same therapist on the same day.
    """
    if one.encounter is not None and other.encounter is not None:
        return one.encounter == other.encounter
    return one.therapist == other.therapist and one.session_date == other.session_date


@repeat_lost_races
def _record(intake: Intake, came: Came) -> bool:
    deployment = intake.deployment
    with deployment.database.write() as tx:
        write = Write(tx, deployment, intake.access("U"), deployment.clock())
        stored, alias = _stored(tx, intake, came), _dyad_of(tx, intake, came.visit)
        wanted = _row(write, intake, came, alias) if alias else None
        if wanted is not None and _is_recorded_by_a_caller(write, wanted):
            wanted = None
        if stored is None:
            return wanted is not None and _add(write, wanted)
        if wanted is None:
            return stored.status != IN_ERROR and _replace(write, stored, replace(stored, status=IN_ERROR))
        return not _says_the_same(stored, wanted) and _replace(write, stored, wanted)


def _stored(tx: Tx, intake: Intake, came: Came) -> AttendanceRow | None:
    system = intake.deployment.names.identifier("visit")
    return find_attendance_by_identifier(tx, intake.clinic, system, _identifier(intake, came))


def _identifier(intake: Intake, came: Came) -> str:
    return f"{intake.ehr}/{came.visit_type}/{came.ehr_id}"


def _dyad_of(tx: Tx, intake: Intake, visit: Visit) -> Alias | None:
    """Return the patient's alias where a visit tells of a session of a dyad that we know, else None."""
    if visit.attendance is None or not (visit.patient and visit.therapist and visit.day):
        return None
    alias = find_alias(tx, intake.clinic, visit.patient)
    if alias is None or not knows_dyad(tx, intake.clinic, alias.patient_key, visit.therapist):
        return None
    return alias


def _row(write: Write, intake: Intake, came: Came, alias: Alias) -> AttendanceRow:
    visit = came.visit
    # The dyad's row is the lock under which a caller and the EHR cannot both record one appointment.
    take_dyad(write.tx, write.clinic, alias.patient_key, visit.therapist, write.now)
    return AttendanceRow(
        clinic=write.clinic,
        id=str(uuid4()),
        version=1,
        status=visit.attendance or IN_ERROR,
        alias_row=alias.row,
        patient=visit.patient,
        therapist=visit.therapist,
        session_date=visit.day,
        session_number=None,
        encounter=f"Encounter/{came.ehr_id}" if came.visit_type == "Encounter" else None,
        identifier_system=visit_system(write),
        identifier_value=_identifier(intake, came),
        received_at=write.now,
        believed_from=write.now,
    )


def _is_recorded_by_a_caller(write: Write, row: AttendanceRow) -> bool:
    return any(
        stored.identifier_system != row.identifier_system and is_same_visit(stored, row)
        for stored in _of_patient(write.tx, write.clinic, row)
    )


def _of_patient(tx: Tx, clinic: str, row: AttendanceRow) -> list[AttendanceRow]:
    """Return every appointment of the row's patient that counts, under whatever name."""
    return attendance_of_patient(tx, clinic, [row.alias_row, *alias_rows(tx, clinic, [row.patient])])


def _add(write: Write, row: AttendanceRow) -> bool:
    insert_attendance(write.tx, row)
    access = replace(write.access, action="C")
    add_audit(write.tx, audit_row(access, write.now, CREATED, row.id, row.alias_row))
    return True


def _replace(write: Write, stored: AttendanceRow, said: AttendanceRow) -> bool:
    kept = {name: getattr(said, name) for name in (*_SAID, "patient")}
    end_attendance(write.tx, stored, write.now)
    insert_attendance(
        write.tx,
        replace(stored, **kept, version=stored.version + 1, believed_from=write.now, row_id=None),
    )
    add_audit(write.tx, audit_row(write.access, write.now, OK, stored.id, said.alias_row))
    return True


def _says_the_same(one: AttendanceRow, other: AttendanceRow) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in _SAID)
