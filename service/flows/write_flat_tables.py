"""Write what is kept of a clinic as flat Parquet tables: for a snapshot, or for whoever exports them.

Patients of whom nothing may be shared are left out whole. Reads some patients at a time, so that memory stays
flat: of the others their keys alone are held.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

from service.flows.deployment import Deployment
from service.flows.flat_rows import PatientFacts, RowRules, flat_rows, patient_number
from service.flows.report_forms import report_forms
from service.reporting.tables import CHANGES, TABLES
from service.reporting.writing import TableWriter
from service.store.attendance import AttendanceRow, attendance_of_patient
from service.store.changed_patients import patients_changed
from service.store.database import Tx
from service.store.patient_ratings import PatientRating, ratings_of_dyads
from service.store.report_rows import (
    AlertStory,
    ReportedPatient,
    alert_stories,
    all_deliveries,
    named_keys,
    patient_keys,
    patients_not_shared,
    patients_with_dyads,
)
from service.store.treatment_ends import TreatmentEnd, ends_of_patient

_AT_ONCE = 50


def write_flat_tables(tx: Tx, deployment: Deployment, folder: Path, since: str | None = None) -> int:
    """Write every table into an empty folder; return how many patients were left out.

    With ``since``, an instant, they hold the patients alone of whom anything changed after it, with all their
    rows, since a row may hang on others; ``patients`` beside them tells which, and who is still there. Of
    deliveries all are written.
    """
    clinic = deployment.clinic
    hidden = patients_not_shared(tx, clinic)
    keys = patient_keys(tx, clinic)
    told = [key for key in keys if key not in hidden]
    changed = set(told) if since is None else patients_changed(tx, clinic, since)
    shown = iter([key for key in told if key in changed])
    rules = RowRules(clinic, report_forms(deployment.known), deployment.settings.report_rich_ratings)
    with TableWriter(folder, TABLES if since is None else {**TABLES, **CHANGES}) as writer:
        if since is not None:
            # Who was merged into another one has no name left.
            named = named_keys(tx, clinic)
            writer.add("patients", (_patient(clinic, key, changed) for key in told if key in named))
        while some := list(islice(shown, _AT_ONCE)):
            for facts in _read(tx, clinic, patients_with_dyads(tx, clinic, some)):
                for table, rows in flat_rows(facts, rules).items():
                    writer.add(table, rows)
        with closing(all_deliveries(tx, clinic, hidden)) as queued:
            writer.add("deliveries", map(_delivery, queued))
        writer.finish()
    return sum(key in hidden for key in keys)


def _read(tx: Tx, clinic: str, patients: Sequence[ReportedPatient]) -> Iterator[PatientFacts]:
    dyad_rows = {dyad.row: one.key for one in patients for dyad in one.dyads}
    alias_rows = {row: one.key for one in patients for row in one.alias_rows}
    ratings: dict[str, list[PatientRating]] = {}
    for rating in ratings_of_dyads(tx, clinic, list(dyad_rows)):
        ratings.setdefault(dyad_rows[rating.dyad_row], []).append(rating)
    appointments: dict[str, list[AttendanceRow]] = {}
    for row in attendance_of_patient(tx, clinic, list(alias_rows)):
        appointments.setdefault(alias_rows[row.alias_row], []).append(row)
    ends: dict[str, list[TreatmentEnd]] = {}
    for end in ends_of_patient(tx, clinic, list(alias_rows)):
        ends.setdefault(alias_rows[end.alias_row], []).append(end)
    alerts: dict[str, list[AlertStory]] = {}
    for story in alert_stories(tx, clinic, list(dyad_rows)):
        alerts.setdefault(dyad_rows[story.current.dyad_row], []).append(story)
    for one in patients:
        key = one.key
        yield PatientFacts(
            one, ratings.get(key, ()), appointments.get(key, ()), alerts.get(key, ()), ends.get(key, ())
        )


def _patient(clinic: str, key: str, changed: Collection[str]) -> dict[str, Any]:
    return {"patient": patient_number(clinic, key), "changed": key in changed}


def _delivery(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "delivery": row["id"],
        "kind": row["subject_kind"],
        "subject": row["subject_id"],
        "version": row["subject_version"],
        **{name: row[name] for name in ("ehr", "state", "rung", "tries")},
        **{name: row[name].removesuffix("Z") for name in ("created_at", "updated_at")},
    }
