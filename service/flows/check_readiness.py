"""Can this deployment work now? The EHR does not count: without it deliveries wait, and nothing is lost."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from fhir_mappings.visit import VISITS
from service.clock import from_instant
from service.flows.deployment import Deployment
from service.flows.list_deliveries import late_before
from service.flows.poll_treatment_ends import EPISODE
from service.store.counts import database_seconds
from service.store.database import Tx
from service.store.deliveries import count_late, ehrs_left_waiting
from service.store.inbound import read_cursor
from service.store.look_ups import count_parked
from service.store.readiness import newest_audit_at
from service.store.troubles import trouble_since
from service.store.visits import visit_troubles

# A clock this far behind what it wrote before was set back: order and believed times would be wrong.
CLOCK_TOLERANCE = timedelta(minutes=5)
# Tokens and leases bear so much; beyond it sign-in fails, and two systems tell two stories.
CLOCKS_APART_SECONDS = 60.0
# More than so many are not counted: this is asked every few seconds.
MOST_COUNTED = 100
_LEFT = "deliveries for the EHR {} wait for ever, since ALLIANCE_EHR_NAME is {}: set it back, or discard them"


@dataclass(frozen=True, slots=True)
class ClinicState:
    """How one clinic fares, as detail, since nothing is lost by it.

    ``inbound`` says whether forms filled in the EHR are fetched, ``attendance`` whether its visits and
    episodes are read: off, on, or what stands in the way. ``parked_look_ups`` is how many responses keep an
    unknown session, since their Encounter did not help. ``ehr_in_trouble_since`` is an instant.
    ``ehrs_left`` says in words for which EHRs of other names something still waits.
    """

    inbound: str = "off"
    attendance: str = "off"
    parked_look_ups: int = 0
    ehr_in_trouble_since: str | None = None
    late_deliveries: int = 0
    ehrs_left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Readiness:
    """What was looked at; ``ready`` only where all of it is well, the EHRs left aside.

    ``clocks`` says in words which other clock differs from ours, as detail.
    """

    database: bool
    schema: bool
    clock: bool
    clocks: tuple[str, ...] = ()

    @property
    def ready(self) -> bool:
        """Tell whether requests can be served."""
        return self.database and self.schema and self.clock


def check_readiness(deployment: Deployment) -> Readiness:
    """Return whether the database answers, its schema is the newest, and the clock did not go back."""
    try:
        schema = deployment.database.is_current()
    except Exception:  # noqa: BLE001 - the driver's errors are many, and each means: not ready
        return Readiness(database=False, schema=False, clock=False)
    if not schema:
        return Readiness(database=True, schema=False, clock=False)
    return Readiness(
        database=True, schema=True, clock=_clock_is_sane(deployment), clocks=tuple(_other_clocks(deployment))
    )


def check_clinic(deployment: Deployment) -> ClinicState:
    """Return how a clinic fares, on a database whose schema is the newest."""
    clinic, ehr = deployment.clinic, deployment.settings.ehr_name
    with deployment.database.read() as tx:
        return ClinicState(
            inbound=_inbound(tx, deployment),
            attendance=_attendance(tx, deployment),
            parked_look_ups=count_parked(tx, clinic, ehr, MOST_COUNTED),
            ehr_in_trouble_since=trouble_since(tx, clinic, ehr),
            late_deliveries=count_late(tx, clinic, ehr, late_before(deployment.clock()), MOST_COUNTED),
            ehrs_left=tuple(_LEFT.format(name, ehr) for name in ehrs_left_waiting(tx, clinic, ehr)),
        )


def _inbound(tx: Tx, deployment: Deployment) -> str:
    settings = deployment.settings
    if settings.ehr_base_url is None or settings.ehr_poll_seconds is None:
        return "off"
    return read_cursor(tx, deployment.clinic, settings.ehr_name).trouble or "on"


def _attendance(tx: Tx, deployment: Deployment) -> str:
    settings = deployment.settings
    # One that is turned off may have left a trouble behind.
    kinds = [
        *(VISITS if settings.ehr_attendance else ()),
        *([EPISODE] if settings.ehr_treatment_ends else ()),
    ]
    if not kinds:
        return "off"
    return "; ".join(visit_troubles(tx, deployment.clinic, settings.ehr_name, kinds)) or "on"


def _other_clocks(deployment: Deployment) -> Iterator[str]:
    """Give a sentence for each clock that is over a minute from ours; the EHR's by its last answer."""
    with deployment.database.across_clinics().read() as tx:
        database = database_seconds(tx)
    known = {
        "database": None if database is None else database - deployment.clock().timestamp(),
        "EHR": deployment.figures.ehr_clock_ahead_seconds,
    }
    for whose, ahead in known.items():
        if ahead is not None and abs(ahead) > CLOCKS_APART_SECONDS:
            yield f"the {whose}'s clock is {round(abs(ahead))} s {'ahead of' if ahead > 0 else 'behind'} ours"


def _clock_is_sane(deployment: Deployment) -> bool:
    with deployment.database.across_clinics().read() as tx:
        newest = newest_audit_at(tx)
    return newest is None or deployment.clock() >= from_instant(newest) - CLOCK_TOLERANCE
