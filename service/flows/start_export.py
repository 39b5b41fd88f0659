"""Start an export, show how far it is, cancel it: what its caller asks (``work_on_export.py`` works)."""

from dataclasses import dataclass
from uuid import uuid4

from fhir_mappings import json_text
from service.clock import as_instant, to_millisecond
from service.errors import NotFound, TooManyExports
from service.flows.deployment import Access, Deployment
from service.flows.write_version import audit_row
from service.store.audit import add_audit
from service.store.caseloads import is_known_therapist
from service.store.database import Tx, lock_name
from service.store.export_rows import count_patients
from service.store.exports import (
    ACCEPTED,
    CANCELLED,
    ExportRow,
    add_export,
    cancel_export,
    count_exports,
    find_export,
)
from service.store.lost_races import repeat_lost_races

STARTED = 202
NO_SUCH_EXPORT = "There is no such export: it has expired, or was cancelled, or another caller asked for it."
# A caller's that are done and were not deleted: each holds the disk until it expires.
MOST_KEPT = 20
_LATER_SECONDS = 60


@dataclass(frozen=True, slots=True)
class AskedExport:
    """What a caller asks for: types that it may read, since an instant, of one therapist's caseload or all.

    ``request`` is the address that was asked for; ``notes`` are sentences on what is left out of account.
    """

    types: tuple[str, ...]
    request: str
    since: str | None = None
    therapist: str | None = None
    notes: tuple[str, ...] = ()


@repeat_lost_races
def start_export(deployment: Deployment, asked: AskedExport, access: Access, query: str = "") -> str:
    """Return the id of a new export of what is recorded up to now; ``query`` names parameters, for the audit.

    Raises ``NotFound`` for a therapist whom nobody was rated with, and ``TooManyExports``.
    """
    with deployment.database.write() as tx:
        lock_name(tx, f"exports|{access.clinic}")
        # CAUTION: taken under the writer's lock, so that no write with an earlier moment comes later.
        moment = deployment.clock()
        now = as_instant(moment)
        if asked.therapist is not None and not is_known_therapist(tx, access.clinic, asked.therapist):
            raise NotFound("There is no such group.")
        _refuse_too_many(tx, deployment, access)
        row = ExportRow(
            clinic=access.clinic,
            id=str(uuid4()),
            caller=access.caller,
            request=asked.request,
            request_id=access.request_id,
            route=access.route,
            types=",".join(asked.types),
            since=asked.since,
            therapist=asked.therapist,
            notes=json_text.dumps(list(asked.notes)).decode(),
            state=ACCEPTED,
            # The manifest tells milliseconds: what a later part of one wrote is of the export since then.
            created_at=as_instant(to_millisecond(moment)),
            patients_total=count_patients(tx, access.clinic, asked.therapist),
        )
        add_export(tx, row)
        add_audit(tx, audit_row(access, now, STARTED, f"export/{row.id}", query=query))
    return row.id


def show_export(deployment: Deployment, export_id: str, access: Access) -> ExportRow:
    """Return an export of the caller's that still counts. Raises ``NotFound``."""
    with deployment.database.read() as tx:
        return _own(tx, deployment, export_id, access)


def stop_export(deployment: Deployment, export_id: str, access: Access) -> None:
    """Cancel an export, or have the files of one removed that is done. Raises ``NotFound``."""
    with deployment.database.write() as tx:
        row = _own(tx, deployment, export_id, access)
        cancel_export(tx, row.clinic, row.id)
        add_audit(tx, audit_row(access, as_instant(deployment.clock()), STARTED, f"export/{row.id}"))


def _own(tx: Tx, deployment: Deployment, export_id: str, access: Access) -> ExportRow:
    row = find_export(tx, access.clinic, export_id)
    is_over = row is not None and (
        row.state == CANCELLED or (row.expires_at or "9") <= as_instant(deployment.clock())
    )
    if row is None or is_over or row.caller != access.caller:
        raise NotFound(NO_SUCH_EXPORT)
    return row


def _refuse_too_many(tx: Tx, deployment: Deployment, access: Access) -> None:
    settings, clinic = deployment.settings, access.clinic
    own = count_exports(tx, clinic, caller=access.caller, under_way=True)
    if own >= settings.exports_per_caller:
        raise TooManyExports("As many exports of yours are under way as may be.", _LATER_SECONDS)
    if count_exports(tx, clinic, under_way=True) >= settings.exports_per_clinic:
        raise TooManyExports("As many exports are under way as may be.", _LATER_SECONDS)
    if count_exports(tx, clinic, caller=access.caller, under_way=False) >= MOST_KEPT:
        raise TooManyExports("Many exports of yours are kept: delete those that you have.", _LATER_SECONDS)
