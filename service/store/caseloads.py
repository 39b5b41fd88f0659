"""What one therapist has to do with: their alerts, and the patients seen lately with all their ratings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Table, or_, select

from fhir_mappings.alert_states import UNDER_WAY
from service.store.alerts import AlertRow
from service.store.attendance import AttendanceRow, attendance_of_patient
from service.store.database import Tx
from service.store.patient_ratings import PatientRating, ratings_of_dyads
from service.store.responses import IN_ERROR
from service.store.tables import alerts, dyads, patient_aliases, responses
from service.store.treatment_ends import TreatmentEnd, ends_of_patient

_RESOLVED = ("repaired", "unresolved")


@dataclass(frozen=True, slots=True)
class CaseloadPatient:
    """One patient: ratings and appointments with every therapist, each in therapy order, and ends by date."""

    ratings: Sequence[PatientRating]
    appointments: Sequence[AttendanceRow]
    ends: Sequence[TreatmentEnd]


def is_known_therapist(tx: Tx, clinic: str, therapist: str) -> bool:
    """Tell whether anybody was ever rated with this therapist (a reference)."""
    known = select(dyads.c.row_id).where(dyads.c.clinic == clinic, dyads.c.therapist == therapist)
    return tx.execute(known.limit(1)).first() is not None


def list_therapists(tx: Tx, clinic: str) -> list[str]:
    """Return the references of all whom anybody was rated with, in order; the unknown one is left out."""
    known = select(dyads.c.therapist).where(dyads.c.clinic == clinic, dyads.c.therapist != "")
    return list(tx.execute(known.distinct().order_by(dyads.c.therapist)).scalars())


def alerts_of_therapist(tx: Tx, clinic: str, therapist: str, ended_from: str) -> list[AlertRow]:
    """Return the current alerts that a person may still act on, and those resolved from an instant on.

    The first raised comes first; historical ones are left out.
    """
    resolved = alerts.c.status.in_(_RESOLVED) & (alerts.c.ended_at >= ended_from)
    wanted = select(alerts).where(
        alerts.c.clinic == clinic,
        alerts.c.therapist == therapist,
        alerts.c.believed_until.is_(None),
        alerts.c.historical.is_(False),
        or_(alerts.c.status.in_(UNDER_WAY), resolved),
    )
    found = tx.execute(wanted.order_by(alerts.c.raised_at, alerts.c.row_id))
    return [AlertRow(**row) for row in found.mappings()]


def caseload_of(tx: Tx, clinic: str, therapist: str, authored_from: str) -> list[CaseloadPatient]:
    """Return every patient who was rated with this therapist from an instant on. Costs seven queries."""
    keys = _keys_seen(tx, clinic, therapist, authored_from)
    key_of_dyad = _key_by_row(tx, clinic, dyads, keys)
    key_of_alias = _key_by_row(tx, clinic, patient_aliases, keys)
    ratings: dict[str, list[PatientRating]] = {key: [] for key in keys}
    appointments: dict[str, list[AttendanceRow]] = {key: [] for key in keys}
    for rating in ratings_of_dyads(tx, clinic, list(key_of_dyad)):
        ratings[key_of_dyad[rating.dyad_row]].append(rating)
    for row in attendance_of_patient(tx, clinic, list(key_of_alias)):
        appointments[key_of_alias[row.alias_row]].append(row)
    ends: dict[str, list[TreatmentEnd]] = {key: [] for key in keys}
    for end in ends_of_patient(tx, clinic, list(key_of_alias)):
        ends[key_of_alias[end.alias_row]].append(end)
    return [CaseloadPatient(ratings[key], appointments[key], ends[key]) for key in keys]


def _keys_seen(tx: Tx, clinic: str, therapist: str, authored_from: str) -> list[str]:
    own = select(dyads.c.row_id, dyads.c.patient_key).where(
        dyads.c.clinic == clinic, dyads.c.therapist == therapist
    )
    key_of = {row.row_id: row.patient_key for row in tx.execute(own)}
    # By the dyads first: joined, or asked by the date as it is, SQLite reads what all therapists saw since.
    seen = select(responses.c.dyad_row).where(
        responses.c.clinic == clinic,
        responses.c.dyad_row.in_(key_of),
        responses.c.authored_at.concat("") >= authored_from,
        responses.c.believed_until.is_(None),
        responses.c.status != IN_ERROR,
    )
    return sorted({key_of[row] for row in tx.execute(seen.distinct()).scalars()})


def _key_by_row(tx: Tx, clinic: str, table: Table, keys: Sequence[str]) -> Mapping[int, str]:
    found = select(table.c.row_id, table.c.patient_key).where(
        table.c.clinic == clinic, table.c.patient_key.in_(keys)
    )
    return {row.row_id: row.patient_key for row in tx.execute(found)}
