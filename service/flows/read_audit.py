"""Search and read the audit: what the FHIR door shows as AuditEvents."""

from collections.abc import Sequence

from fhir_mappings.audit import AuditFacts
from service.errors import NotFound
from service.flows.deployment import Deployment
from service.flows.search_chart import NO_SUCH, ChartSearch, FoundPage, search_kind
from service.settings import Settings
from service.store.audit_reading import KeptRow, audit_rows_by_row, find_audit_row
from service.store.database import Tx
from service.store.search import Place


def search_audit(deployment: Deployment, clinic: str, search: ChartSearch) -> FoundPage[AuditFacts]:
    """Return one page of the audit, by the moment of recording."""

    def load(tx: Tx, places: Sequence[Place]) -> list[AuditFacts]:
        rows = audit_rows_by_row(tx, clinic, [place.row_id for place in places])
        return [audit_facts(rows[place.row_id], deployment.settings) for place in places]

    return search_kind(deployment, clinic, "audit", search, load)


def find_audited(deployment: Deployment, clinic: str, event_id: str) -> AuditFacts:
    """Return one row; raises ``NotFound``."""
    with deployment.database.read() as tx:
        row = find_audit_row(tx, clinic, event_id)
    if row is None:
        raise NotFound(NO_SUCH)
    return audit_facts(row, deployment.settings)


def audit_facts(row: KeptRow, settings: Settings) -> AuditFacts:
    """Return one row as it is made an AuditEvent of."""
    host = settings.host if ":" not in settings.host else f"[{settings.host.strip('[]')}]"
    return AuditFacts(
        id=row.id,
        clinic=row.clinic,
        recorded=row.at,
        interaction=row.interaction,
        action=row.action,
        status=row.status,
        caller=row.caller,
        address=row.address,
        server=settings.public_base_url or f"http://{host}:{settings.port}",
        route=row.route,
        query=row.query,
        resource=row.resource,
        subject=row.subject,
        patient=row.patient,
        request_id=row.request_id,
        count=row.count,
        person=row.person,
        reason=row.reason,
    )
