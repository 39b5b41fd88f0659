"""Work on exports: one piece after the other, each committed, so that another process can go on any time.

A piece is some patients: its lines are on the disk before the row says so. Who takes an export over writes
files of its own, since who seemed dead may write on; what that writes then is never served.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from fhir_mappings import json_text
from fhir_mappings.bulk import OUTCOME, to_note
from service.clock import as_instant, from_instant
from service.export_files import (
    ExportWriter,
    Line,
    PartFile,
    folder_of,
    folders_in,
    keep_only,
    make_private,
    wipe_folder,
)
from service.flows.changed_definitions import changed_definitions
from service.flows.deployment import Access, Deployment
from service.flows.render_resources import Selection, next_piece, opening_lines, patient_lines
from service.flows.write_version import audit_row
from service.owners import is_gone
from service.store.audit import add_audit
from service.store.database import Tx
from service.store.export_rows import PatientLoad
from service.store.exports import (
    COMPLETE,
    FAILED,
    NOTHING_YET,
    ExportRow,
    advance_export,
    export_ids,
    exports_to_wipe,
    find_export,
    free_exports,
    is_any_free,
    is_settled,
    lease_owners,
    oldest_free,
    release_export,
    remove_export,
    take_export,
)

LEASE_SECONDS = 60.0
MOST_FAILURES = 5
# After the first failure, twice as long after the second and so on: a disk may be full for a minute.
_WAIT_SECONDS = 10.0
_DONE = 200


@dataclass(frozen=True, slots=True)
class Exporting:
    """One clinic's exports, and the folder that they are written to; ``owner`` names this process."""

    deployment: Deployment
    root: str
    owner: str

    def now(self, later_seconds: float = 0.0) -> str:
        """Return the present moment, or a later one."""
        return as_instant(self.deployment.clock() + timedelta(seconds=later_seconds))

    def folder(self, row: ExportRow) -> Path:
        """Return where an export's files lie."""
        return folder_of(self.root, row.clinic, row.id)


def take_next(work: Exporting) -> ExportRow | None:
    """Return the oldest export that nobody works on, now under our lease; None where there is none.

    One is not begun before all writes have ended that began before it: they are of a moment that it holds.
    """
    deployment, now = work.deployment, work.now()
    with deployment.database.read() as tx:
        if not is_any_free(tx, deployment.clinic, now):
            return None
    with deployment.database.write() as tx:
        row = oldest_free(tx, deployment.clinic, now)
        if row is None or not is_settled(tx, _age_seconds(work, row)):
            return None
        take_export(tx, row, work.owner, work.now(LEASE_SECONDS))
    with deployment.database.read() as tx:
        taken = find_export(tx, deployment.clinic, row.id)
    make_private(work.folder(row))
    if taken is not None:
        # What an attempt that was begun anew had written may be of somebody who was erased since.
        keep_only(work.folder(row), parts_of(taken))
    return taken


def work_on_export(work: Exporting, row: ExportRow, is_over: Callable[[], bool]) -> ExportRow | None:
    """Return an export that is complete; None where it was taken away, cancelled, or is to wait.

    ``is_over`` tells whether this process is to stop: then others may take it up at once. Raises what a piece
    raised, which is tried again later; after so many failures in a row the export has failed.
    """
    done: ExportRow | None = row
    while done is not None and done.state != COMPLETE and not is_over():
        row = done
        try:
            done = _work_piece(work, row)
        except Exception:
            _note_failure(work, row)
            raise
    with work.deployment.database.write() as tx:
        release_export(tx, row)
    return done if done is not None and done.state == COMPLETE else None


def free_abandoned(work: Exporting) -> None:
    """Let exports be taken up at once whose process ran on this machine and was killed."""
    clinic, database = work.deployment.clinic, work.deployment.database
    with database.read() as tx:
        gone = sorted(one for one in lease_owners(tx, clinic) if is_gone(one))
    for owner in gone:
        with database.write() as tx:
            free_exports(tx, clinic, owner)


def wipe_exports(work: Exporting) -> int:
    """Return how many exports' files were removed: cancelled or expired ones, and what no row tells of."""
    deployment = work.deployment
    with deployment.database.read() as tx:
        over = exports_to_wipe(tx, deployment.clinic, work.now())
        known = export_ids(tx, deployment.clinic)
    strays = [one for one in folders_in(work.root, deployment.clinic) if one not in known]
    for export_id in (*over, *strays):
        wipe_folder(folder_of(work.root, deployment.clinic, export_id))
    for export_id in over:
        with deployment.database.write() as tx:
            remove_export(tx, deployment.clinic, export_id)
    return len(over) + len(strays)


def parts_of(row: ExportRow) -> tuple[PartFile, ...]:
    """Return the files of an export, as far as they count."""
    return tuple(PartFile(**one) for one in json_text.loads(row.files))


def _work_piece(work: Exporting, row: ExportRow) -> ExportRow | None:
    """Return an export one piece further; None where it is no longer ours."""
    deployment, selection = work.deployment, _selection(row)
    patients: list[PatientLoad] = []
    is_first = row.after_row == NOTHING_YET
    definitions = changed_definitions(deployment, selection) if is_first else []
    with ExportWriter(work.folder(row), parts_of(row), row.attempt) as writer:
        with deployment.database.read() as tx:
            if is_first:
                writer.write(_notes(row))
                writer.write(opening_lines(tx, deployment, selection, definitions))
            else:
                patients = next_piece(tx, deployment, selection, row.after_row)
                with closing(patient_lines(tx, deployment, selection, patients)) as lines:
                    writer.write(lines)
        files = writer.finish()
    advanced = _advanced(work, row, patients, files)
    with deployment.database.write() as tx:
        changes = {
            name: getattr(advanced, name)
            for name in (
                "state",
                "expires_at",
                "failures",
                "lease_until",
                "after_row",
                "patients_done",
                "files",
            )
        }
        if not advance_export(tx, row, changes):
            return None
        _audit(tx, work, row, patients)
    return advanced


def _advanced(
    work: Exporting, row: ExportRow, patients: list[PatientLoad], files: tuple[PartFile, ...]
) -> ExportRow:
    is_complete = row.after_row != NOTHING_YET and not patients
    shown = [{"name": one.name, "type": one.type, "bytes": one.bytes, "lines": one.lines} for one in files]
    return replace(
        row,
        state=COMPLETE if is_complete else row.state,
        expires_at=work.now(_kept_seconds(work)) if is_complete else None,
        failures=0,
        lease_until=work.now(LEASE_SECONDS),
        after_row=patients[-1].alias_row if patients else max(row.after_row, 0),
        patients_done=row.patients_done + len(patients),
        files=json_text.dumps(shown).decode(),
    )


def _audit(tx: Tx, work: Exporting, row: ExportRow, patients: list[PatientLoad]) -> None:
    """Add a row for every patient of a piece: by whose request their record was exported."""
    access = Access(row.clinic, row.caller, row.route, "E", row.request_id)
    rows = [audit_row(access, work.now(), _DONE, f"export/{row.id}", one.alias_row) for one in patients]
    if rows:
        add_audit(tx, *rows)


def _note_failure(work: Exporting, row: ExportRow) -> None:
    failures = row.failures + 1
    changes: dict[str, object] = {"failures": failures, "lease_until": work.now(_WAIT_SECONDS * failures)}
    if failures >= MOST_FAILURES:
        changes |= {"state": FAILED, "expires_at": work.now(_kept_seconds(work))}
    with work.deployment.database.write() as tx:
        advance_export(tx, row, changes)


def _selection(row: ExportRow) -> Selection:
    return Selection(frozenset(row.types.split(",")), row.created_at, row.since, row.therapist)


def _notes(row: ExportRow) -> list[Line]:
    return [Line(OUTCOME, json_text.dumps(to_note(one))) for one in json_text.loads(row.notes)]


def _kept_seconds(work: Exporting) -> float:
    return work.deployment.settings.export_hours * 3600.0


def _age_seconds(work: Exporting, row: ExportRow) -> float:
    return (work.deployment.clock() - from_instant(row.created_at)).total_seconds()
