"""Erase a patient: everything that is kept of them, in one transaction, and the certificate of what went.

What is recorded of them meanwhile waits for the same locks: it is either in and goes too, or comes after.
The audit's rows stay. They hold our own ids, which lead to nothing any more, and who asked: the patient, too,
where an app of theirs did. What the EHR holds is not ours
to erase: the certificate says where it is.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from fhir_mappings import json_text
from fhir_mappings.errors import Fault
from service.clock import as_instant
from service.errors import NotFound, Unsettled
from service.flows.deployment import Access, Deployment, Write
from service.flows.find_own_key import find_own_key
from service.flows.intake import FORM
from service.flows.own_ids import id_by_appointment, id_by_form, id_by_identifier
from service.flows.refresh_snapshot import drop_snapshots
from service.flows.write_version import audit_row
from service.store.audit import add_audit
from service.store.database import Tx
from service.store.erasure import (
    Holdings,
    chart_logicals,
    erase_rows,
    find_holdings,
    open_work,
    rows_of,
    unsettled_deliveries,
)
from service.store.erasures import ErasureRow, add_erasure, keys_known, leave_alerts_of_others
from service.store.export_rows import note_gone
from service.store.exports import begin_exports_anew
from service.store.lost_races import repeat_lost_races
from service.store.merges import lock_joined
from service.store.patients import lock_dyads

OK = 200
Certificate = dict[str, Any]
_REMAINS = (
    "the resources listed under ehr: they are the EHR's to delete",
    "backups that were made before this erasure, until they are destroyed",
    "audit rows: who asked or changed what and when, with our own ids, which lead to nothing any more",
    "in those of the patient's own app or form: its address, and what the identity provider calls them",
)


@dataclass(frozen=True, slots=True)
class Erasing:
    """Who erases and why. ``unsettled_too``: also where it is not known what the EHR holds."""

    by: str
    reason: str
    unsettled_too: bool = False
    dry_run: bool = False


def erase_patient(deployment: Deployment, patient: str, erasing: Erasing, access: Access) -> Certificate:
    """Return the certificate of an erasure that was done; of a dry run, what would go.

    ``patient`` is a FHIR reference; whoever is merged with them goes too. Raises ``NotFound`` for a patient
    whom nothing here names, and ``Unsettled``.
    """

    def key_of(write: Write) -> str:
        return find_own_key(write.tx, write.clinic, patient, deployment.settings, write.now)

    certificate = _erase(deployment, key_of, erasing, access)
    if erasing.dry_run:
        with deployment.database.write() as tx:  # that somebody looked is kept all the same
            now, key = as_instant(deployment.clock()), certificate["keys"][0]
            row = audit_row(replace(access, action="R"), now, OK, f"patient/{key}", patient_key=key)
            add_audit(tx, row)
    return certificate


def erase_again(deployment: Deployment, own_keys: Iterable[str], erasing: Erasing, access: Access) -> int:
    """Return how many patients were erased who had been before: a restored backup had brought them back."""
    with deployment.database.read() as tx:
        back = keys_known(tx, access.clinic, list(own_keys))
    return sum(erase_key(deployment, key, erasing, access) for key in back)


def erase_key(deployment: Deployment, own_key: str, erasing: Erasing, access: Access) -> bool:
    """Erase the patient with this own key, and tell whether there was one. Raises ``Unsettled``."""

    def key_of(write: Write) -> str:
        if not keys_known(write.tx, write.clinic, [own_key]):
            raise NotFound("There is no such patient here.")
        return own_key

    try:
        _erase(deployment, key_of, erasing, access)
    except NotFound:
        return False
    return True


@repeat_lost_races
def _erase(
    deployment: Deployment, key_of: Callable[[Write], str], erasing: Erasing, access: Access
) -> Certificate:
    database = deployment.database
    with database.rehearse() if erasing.dry_run else database.write() as tx:
        write = Write(tx, deployment, access, deployment.clock())
        joined = lock_joined(tx, write.clinic, [key_of(write)])
        key_of(write)  # somebody else may have erased them while this waited
        certificate = erase_within(write, joined, erasing)
    if not erasing.dry_run:
        drop_snapshots(deployment)
    return certificate


def erase_within(write: Write, own_keys: Iterable[str], erasing: Erasing) -> Certificate:
    """Erase, in a transaction under way, the patient with these own keys, locked before."""
    tx, clinic = write.tx, write.clinic
    lock_dyads(tx, clinic, sorted(own_keys))  # whoever acts on an alert is done, or comes too late
    held = find_holdings(tx, clinic, sorted(own_keys))
    unsettled = unsettled_deliveries(tx, held, write.now)
    if unsettled and not (erasing.unsettled_too or erasing.dry_run):
        raise Unsettled("Not erased.", faults=[_fault(*one) for one in unsettled])
    never_again = _never_again(tx, held)
    still_open = open_work(tx, held)
    in_ehr = _in_ehr(tx, held, write.deployment.settings.ehr_name)
    note_gone(tx, held, write.now)
    begin_exports_anew(tx, clinic)
    leave_alerts_of_others(tx, held)
    for key in held.keys:  # while it is known whose key it is
        add_audit(tx, audit_row(write.access, write.now, OK, f"patient/{key}", patient_key=key))
    certificate: Certificate = {
        "certificate": str(uuid4()),
        "clinic": clinic,
        "erased_at": write.now,
        "by": erasing.by,
        "reason": erasing.reason,
        "dry_run": erasing.dry_run,
        "keys": list(held.keys),
        "rows": erase_rows(tx, held),
        "ehr": in_ehr,
        "open": still_open,
        "unsettled": [{"delivery": one, "state": state} for one, state in unsettled],
        "remains": list(_REMAINS),
    }
    _keep(write, certificate, erasing, never_again)
    return certificate


def _keep(write: Write, certificate: Certificate, erasing: Erasing, never_again: set[str]) -> None:
    row = ErasureRow(
        clinic=write.clinic,
        id=certificate["certificate"],
        erased_at=write.now,
        erased_by=erasing.by,
        reason=erasing.reason,
        certificate=json_text.dumps(certificate).decode(),
    )
    add_erasure(write.tx, row, never_again)


def _fault(delivery_id: str, state: str) -> Fault:
    message = (
        f"Delivery {delivery_id} is {state}: the EHR may hold what this service would no longer know of. "
        "Let it end or decide about it first, or erase with --unsettled-too."
    )
    return Fault("deliveries", "unsettled", message)


def _in_ehr(tx: Tx, held: Holdings, own_ehr: str) -> list[dict[str, str]]:
    """Return everything that an EHR holds, by its id there; where that was never told, by our identifier."""
    found = [
        {"ehr": ehr, "resource": f"{logical.partition('/')[0]}/{ehr_id}"}
        if ehr_id
        else {"ehr": ehr, "identifier": logical}
        for ehr, logical, ehr_id in chart_logicals(tx, held)
    ]
    came = set()
    for name, rows in rows_of(tx, held):
        if name == "responses":
            came |= {(own_ehr, str(row["ehr_reference"])) for row in rows if row["ehr_reference"]}
        if name == "inbound_responses":  # what was taken, and what never was
            came |= {(str(row["ehr"]), f"{FORM}/{row['ehr_id']}") for row in rows if row["origin"] == "ehr"}
    return found + [{"ehr": ehr, "resource": one} for ehr, one in sorted(came)]


def _never_again(tx: Tx, held: Holdings) -> set[str]:
    """Return our ids of what goes, and those that it would get if it were sent again."""
    clinic, found = held.clinic, set(held.response_ids)
    made = {"responses": id_by_identifier, "attendance": id_by_appointment}
    for name, rows in rows_of(tx, held):
        if name in made:
            named = {(row["identifier_system"], row["identifier_value"]) for row in rows}
            found |= {made[name](clinic, str(one or ""), str(two)) for one, two in named if two}
        if name == "inbound_responses":
            found |= {id_by_form(clinic, str(row["ehr"]), str(row["ehr_id"])) for row in rows}
    return found
