"""What delivering to one EHR works with, and what one round of it comes to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from fhir_mappings.codes import Names
from fhir_mappings.elements import Json
from fhir_mappings.extra_codings import NO_EXTRA_CODINGS
from fhir_mappings.form_map import FormMap
from fhir_mappings.instrument import Instrument
from service.clock import Clock, as_instant
from service.ehr.client import EhrClient
from service.ehr.profile import Profile
from service.ledger import State
from service.log import Log
from service.store.database import Database
from service.store.outbox import Claim


def no_crash(_: str) -> None:
    """Do nothing: the crash point of a service that is not under test."""


def count_nothing(_: str, __: str) -> None:
    """Count no attempt: where nobody measures."""


class Standing(StrEnum):
    """How a patient stands in the EHR."""

    STANDS = "stands"  # or nothing is known against it
    REPLACED = "replaced"  # by another one, and merged here
    ENTANGLED = "entangled"  # replaced, and not to be merged here without a person
    GONE = "gone"


def nobody_asked(_: str) -> Standing:
    """Return that the patient stands: where no EHR is asked."""
    return Standing.STANDS


@dataclass(frozen=True, slots=True)
class Lane:
    """The way to one clinic's EHR.

    ``instruments`` are all that stored responses may be of. ``definitions_there`` remembers for which of them
    the EHR was given our definitions: by the form's canonical (None: those of alerts), and whether its
    answers go there whole. ``base_kept`` has the canonical base once it was seen to be kept with a delivery.
    ``form_maps`` are the EHR's own forms by the id of the instrument.
    ``owner`` names this worker in leases. ``settle_seconds``: how long after an unanswered write a search
    that finds nothing does not count. ``crash_point`` is called with a name at the moments where a crash
    bites; ``count_attempt`` with kind and outcome of each attempt. ``alert_flag``: the clinic wants a Flag
    of each alert. ``ask_patient`` returns how a patient stands in the EHR, by the logical id.
    ``searches_until`` is the instant until which everything is searched for before it is sent for the first
    time, since a restored database may not know that it was; '' where none was restored.
    """

    database: Database
    client: EhrClient
    clinic: str
    ehr: str
    names: Names
    instruments: Mapping[str, Instrument]
    clock: Clock
    log: Log
    owner: str
    software_version: str
    settle_seconds: float
    lease_seconds: float
    crash_point: Callable[[str], None] = no_crash
    count_attempt: Callable[[str, str], None] = count_nothing
    extra_codings: Mapping[str, Json] = field(default_factory=lambda: NO_EXTRA_CODINGS)
    alert_flag: bool = True
    ask_patient: Callable[[str], Standing] = nobody_asked
    form_maps: Mapping[str, FormMap] = field(default_factory=dict)
    searches_until: str = ""
    definitions_there: set[tuple[str | None, bool]] = field(default_factory=set)
    base_kept: set[str] = field(default_factory=set)

    @property
    def profile(self) -> Profile:
        """What is known of the EHR's vendor."""
        return self.client.profile

    def now(self) -> str:
        """Return the present instant."""
        return as_instant(self.clock())

    @property
    def searches_first(self) -> bool:
        """Whether what was never sent may be in the EHR all the same."""
        return self.searches_until > self.now()

    def later(self, seconds: float) -> str:
        """Return the instant so many seconds from now."""
        return as_instant(self.clock() + timedelta(seconds=seconds))


@dataclass(frozen=True, slots=True)
class Work:
    """One claimed delivery on its lane.

    ``left_at`` is when something of a former plan left last, None where nothing did: what it may have left in
    the EHR must be searched for before another plan is followed. ``retracts``: it only marks what is there as
    entered in error, which may leave though nothing about the patient may be written.
    """

    lane: Lane
    claim: Claim
    left_at: str | None = None
    retracts: bool = False

    @property
    def last_sequence(self) -> int:
        """The number of the delivery's last part so far, 0 before the first plan."""
        return self.claim.parts[-1].sequence if self.claim.parts else 0

    def event(self, name: str, **fields: str | float | None) -> None:
        """Log an event of this delivery, with the request that queued it, null where none did."""
        told = {"delivery": self.claim.id, "request": self.claim.request_id or None}
        self.lane.log.event(name, **told, **fields)


class Next(StrEnum):
    """What follows after a step on one part."""

    GO_ON = "go-on"  # the part is in the EHR: the next one
    AGAIN = "again"  # its state changed: look at it again
    PLAN_REST = "plan-rest"  # some of it is in the EHR: a plan for the rest
    REPLAN = "replan"  # the EHR does not take this kind of write: another plan
    STOP = "stop"  # the delivery was given back, with its state and when to look again


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one round came to.

    ``pause_seconds`` is set where the trouble is the whole EHR's: nothing should be sent for so long; 0
    leaves the length to the worker. ``well``: the EHR answered as it should.
    """

    delivery: str
    state: State
    well: bool
    pause_seconds: float | None = None
