"""What every door of a clinic needs. A door is a module with ``build_router(doors) -> APIRouter``."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from service.clock import as_instant
from service.ehr.client import EhrClient
from service.flows.deployment import Access, Deployment
from service.identity.provider import Endpoints
from service.log import Log
from service.store.audit import AuditRow, ReadAudit


@dataclass(frozen=True, slots=True)
class Doors:
    """The deployment of one clinic behind its doors, and what they share.

    ``wake`` tells the worker of this process that something is due: call it after a write. ``version`` is
    the software's. ``notice`` makes the watcher look into the EHR; ``client`` asks it something at once;
    ``ehr_troubles`` tells in words what is wrong with it, as far as this process knows. ``asks_credentials``:
    callers are configured; ``endpoints`` asks their identity provider where they get tokens, None where there
    is none, or one for each clinic.
    """

    deployment: Deployment
    read_audit: ReadAudit
    log: Log
    wake: Callable[[], None]
    version: str
    ehr_troubles: Callable[[], Sequence[str]] = tuple
    notice: Callable[[], None] = lambda: None
    client: EhrClient | None = None
    asks_credentials: bool = False
    endpoints: Callable[[], Endpoints] | None = None

    def audit_read(self, access: Access, subject: str = "", status: int = 200) -> None:
        """Return once the row of a read is durable; call it before the answer. ``subject``: our ids only."""
        row = AuditRow(
            clinic=access.clinic,
            at=as_instant(self.deployment.clock()),
            action=access.action,
            route=access.route,
            caller=access.caller,
            status=status,
            subject=subject,
            request_id=access.request_id,
        )
        self.read_audit.add(row)
