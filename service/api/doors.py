"""What every door of a clinic needs. A door is a module with ``build_router(doors) -> APIRouter``."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from uuid import uuid4

from service.clock import as_instant
from service.ehr.client import EhrClient
from service.flows.deployment import Access, Deployment
from service.flows.patient_references import reference_here
from service.flows.write_version import audit_row
from service.identity.provider import Endpoints
from service.identity.sign_in import Way
from service.log import Log
from service.store.audit import ReadAudit

_LONGEST_QUERY = 255


@dataclass(frozen=True, slots=True)
class Doors:
    """The deployment of one clinic behind its doors, and what they share.

    ``wake`` tells the worker of this process that something is due: call it after a write. ``version`` is
    the software's. ``notice`` makes the watcher look into the EHR; ``client`` asks it something at once;
    ``ehr_troubles`` tells in words what is wrong with it, as far as this process knows. ``asks_credentials``:
    callers are configured; ``endpoints`` asks their identity provider where they get tokens, None where there
    is none, or one for each clinic. ``ways`` are those in which people sign in at pages.
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
    ways: tuple[Way, ...] = ()

    def audit_read(
        self,
        access: Access,
        subject: str = "",
        status: int = 200,
        *,
        patients: Iterable[str] = (),
        patient_key: str = "",
        query: str = "",
    ) -> None:
        """Return once the rows of a read are durable; call it before the answer.

        ``subject``: our ids only. ``patients`` are the references of all whom the answer tells something of,
        or who were asked about by name: each has a row; ``patient_key`` names one by our own key. ``query``:
        names of parameters that are offered.
        """
        now = as_instant(self.deployment.clock())
        row = audit_row(access, now, status, subject, patient_key=patient_key)
        row = replace(row, query=query[:_LONGEST_QUERY]) if query else row
        here = sorted({reference_here(one, self.deployment.settings) for one in patients})
        self.read_audit.add([replace(row, patient=one, id=uuid4().hex) for one in here] or [row])
