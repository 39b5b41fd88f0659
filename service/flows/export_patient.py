"""Export all that is kept of a patient, for whoever asks for it (GDPR Art. 15, HIPAA right of access).

Responses, scores and alerts in every version, and accesses, as FHIR resources; beside them every row of every
table as it is, so that nothing is left out for which FHIR has no resource: acts with their words, deliveries.
"""

from collections.abc import Iterator, Mapping, Sequence

from fhir_mappings import json_text
from fhir_mappings.alert import to_detected_issue
from fhir_mappings.audit import to_audit_event
from fhir_mappings.collection import Kept, to_collection, to_parameters
from fhir_mappings.elements import Json
from fhir_mappings.observation import to_observations
from fhir_mappings.provenance import to_provenance
from fhir_mappings.response import to_response
from fhir_mappings.task import to_task
from service.clock import as_instant
from service.flows.deployment import Access, Deployment
from service.flows.find_own_key import find_own_key
from service.flows.load import alert_facts, filled_from
from service.flows.read_audit import audit_facts
from service.flows.write_version import audit_row
from service.store.alerts import AlertRow
from service.store.audit import add_audit
from service.store.audit_reading import KeptRow, audit_rows_by_row
from service.store.database import Tx
from service.store.erasure import Holdings, find_holdings, rows_of
from service.store.merges import lock_joined
from service.store.responses import ResponseVersion

OK = 200
_AT_ONCE = 500
Rows = Sequence[Mapping[str, object]]


def export_patient(deployment: Deployment, patient: str, access: Access) -> bytes:
    """Return the Bundle of a patient and of whoever is merged with them.

    ``patient`` is a FHIR reference. Raises ``NotFound`` for a patient whom nothing here names.
    """
    now = as_instant(deployment.clock())
    # The audit's row is committed with what is read, before anybody sees it.
    with deployment.database.write() as tx:
        own_key = find_own_key(tx, access.clinic, patient, deployment.settings, now)
        add_audit(tx, audit_row(access, now, OK, f"patient/{own_key}", patient_key=own_key))
        held = find_holdings(tx, access.clinic, sorted(lock_joined(tx, access.clinic, [own_key])))
        tables = {name: rows for name, rows in rows_of(tx, held) if rows}
        accesses = _accesses(tx, held, tables.get("audit_rows", ()))
    facts = (audit_facts(one, deployment.settings) for one in accesses)
    events = (Kept(to_audit_event(one, deployment.names)) for one in facts)
    kept = [*_responses(deployment, tables), *_alerts(deployment, tables), *events, *_rows(tables)]
    bundle = to_collection(kept, deployment.settings.canonical_base, now)
    return json_text.dumps(bundle)


def _accesses(tx: Tx, held: Holdings, rows: Rows) -> list[KeptRow]:
    """Return the accesses in their order, without those that are of a merge's other patient."""
    numbers = [int(str(row["row_id"])) for row in rows]
    found: dict[int, KeptRow] = {}
    for start in range(0, len(numbers), _AT_ONCE):
        found |= audit_rows_by_row(tx, held.clinic, numbers[start : start + _AT_ONCE])
    return [found[one] for one in numbers if not found[one].patient or found[one].patient in held.references]


def _responses(deployment: Deployment, tables: Mapping[str, Rows]) -> Iterator[Kept]:
    """Give every version of every response, with its scores and how they came about."""
    for row in tables.get("responses", ()):
        version = ResponseVersion(**row)  # type: ignore[arg-type] # its columns are these fields
        if version.instrument not in deployment.known:
            continue  # its row is there all the same
        filled, is_current = filled_from(version, deployment.known), version.believed_until is None
        yield Kept(_dated(to_response(filled, deployment.names), version.believed_from), is_current)
        observations = to_observations(filled, deployment.names, extra_codings=deployment.extra_codings)
        for one in observations:
            yield Kept(_dated(one, version.believed_from), is_current)
        if observations:
            targets = [f"Observation/{one['id']}" for one in observations]
            yield Kept(to_provenance(filled, targets, version.believed_from, deployment.names))


def _alerts(deployment: Deployment, tables: Mapping[str, Rows]) -> Iterator[Kept]:
    """Give every version of every alert, and of the work that it asks for."""
    for row in tables.get("alerts", ()):
        alert = AlertRow(**row)  # type: ignore[arg-type] # its columns are these fields
        writes = (to_detected_issue,) if alert.historical else (to_detected_issue, to_task)
        for write in writes:
            resource = write(alert_facts(alert), deployment.names)
            yield Kept(_dated(resource, alert.believed_from), alert.believed_until is None)


def _rows(tables: Mapping[str, Rows]) -> Iterator[Kept]:
    for name, rows in tables.items():
        yield Kept(to_parameters(name, [_shown(row) for row in rows]))


def _shown(row: Mapping[str, object]) -> dict[str, object]:
    """Return a row without the numbers by which rows know each other: they mean nothing outside."""
    return {name: value for name, value in row.items() if not name.endswith(("row_id", "_row"))}


def _dated(resource: Json, moment: str) -> Json:
    return resource | {"meta": resource.get("meta", {}) | {"lastUpdated": moment}}
