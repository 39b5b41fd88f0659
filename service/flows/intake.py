"""What taking in forms out of one EHR works with, and one form that came."""

from collections.abc import Callable
from dataclasses import dataclass, field

from fhir_mappings.elements import Json
from service.clock import as_instant
from service.ehr.client import EhrClient
from service.flows.deployment import Access, Action, Deployment
from service.flows.lane import no_crash
from service.log import Log
from service.store.inbound import InboundRow

FORM = "QuestionnaireResponse"


@dataclass(frozen=True, slots=True)
class Intake:
    """The way in from one clinic's EHR, for one pass.

    ``pass_id`` is the request id of the audit's rows. ``patients`` remembers who the EHR said that a patient
    is: as long as a pass, no longer. ``still`` is called now and then: the pass goes on. ``crash_point`` is
    called with a name where a crash bites.
    """

    deployment: Deployment
    client: EhrClient
    clinic: str
    ehr: str
    log: Log
    pass_id: str
    patients: dict[str, tuple[str, ...]] = field(default_factory=dict)
    still: Callable[[], None] = lambda: None
    crash_point: Callable[[str], None] = no_crash

    def now(self) -> str:
        """Return the present instant."""
        return as_instant(self.deployment.clock())

    def access(self, action: Action) -> Access:
        """Return who writes, as the audit keeps it."""
        return Access(self.clinic, f"EHR {self.ehr}"[:120], "inbound", action, self.pass_id)


@dataclass(frozen=True, slots=True)
class Came:
    """One version of a form that the EHR holds.

    ``read_until`` is how far the EHR is read once this one is kept; '' where that says nothing yet. ``row``
    is what is kept of it already, where it is tried again.
    """

    ehr_id: str
    ehr_version: str
    resource: Json
    body: bytes
    read_until: str = ""
    row: InboundRow | None = None

    @property
    def is_from_our_door(self) -> bool:
        """Whether it was sent to us, and the EHR is only asked who the patient is."""
        return self.row is not None and self.row.origin != "ehr"
