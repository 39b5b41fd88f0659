"""Can this deployment work now? The EHR does not count: without it deliveries wait, and nothing is lost."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from service.clock import from_instant
from service.flows.deployment import Deployment
from service.flows.list_deliveries import late_before
from service.store.counts import database_seconds
from service.store.deliveries import count_late
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


@dataclass(frozen=True, slots=True)
class EhrState:
    """How deliveries fare, as detail: since when the EHR is in trouble (an instant), how many are late."""

    trouble_since: str | None = None
    late: int = 0


@dataclass(frozen=True, slots=True)
class Readiness:
    """What was looked at; ``ready`` only where all of it is well, the EHR left aside.

    ``inbound`` says whether forms filled in the EHR are fetched, ``attendance`` whether its visits are read:
    off, on, or what stands in the way. ``parked_look_ups`` is how many responses keep an unknown session,
    since their Encounter did not help. ``clocks`` says in words which other clock differs from ours. None of
    these counts, since nothing is lost by it.
    """

    database: bool
    schema: bool
    clock: bool
    ehr: EhrState = EhrState()
    inbound: str = "off"
    attendance: str = "off"
    parked_look_ups: int = 0
    clocks: tuple[str, ...] = ()

    @property
    def ready(self) -> bool:
        """Tell whether requests can be served."""
        return self.database and self.schema and self.clock


def check_readiness(deployment: Deployment, clinic: str) -> Readiness:
    """Return whether the database answers, its schema is the newest, and the clock did not go back."""
    try:
        schema = deployment.database.is_current()
    except Exception:  # noqa: BLE001 - the driver's errors are many, and each means: not ready
        return Readiness(database=False, schema=False, clock=False)
    if not schema:
        return Readiness(database=True, schema=False, clock=False)
    return Readiness(
        database=True,
        schema=True,
        clock=_clock_is_sane(deployment),
        ehr=_ehr_state(deployment, clinic),
        inbound=_inbound(deployment, clinic),
        attendance=_attendance(deployment, clinic),
        parked_look_ups=_parked_look_ups(deployment, clinic),
        clocks=tuple(_other_clocks(deployment)),
    )


def _ehr_state(deployment: Deployment, clinic: str) -> EhrState:
    ehr = deployment.settings.ehr_name
    with deployment.database.read() as tx:
        late = count_late(tx, clinic, ehr, late_before(deployment.clock()), MOST_COUNTED)
        return EhrState(trouble_since(tx, clinic, ehr), late)


def _inbound(deployment: Deployment, clinic: str) -> str:
    settings = deployment.settings
    if settings.ehr_base_url is None or settings.ehr_poll_seconds is None:
        return "off"
    with deployment.database.read() as tx:
        return read_cursor(tx, clinic, settings.ehr_name).trouble or "on"


def _attendance(deployment: Deployment, clinic: str) -> str:
    settings = deployment.settings
    if not settings.ehr_attendance:
        return "off"
    with deployment.database.read() as tx:
        return "; ".join(visit_troubles(tx, clinic, settings.ehr_name)) or "on"


def _parked_look_ups(deployment: Deployment, clinic: str) -> int:
    with deployment.database.read() as tx:
        return count_parked(tx, clinic, deployment.settings.ehr_name, MOST_COUNTED)


def _other_clocks(deployment: Deployment) -> Iterator[str]:
    """Give a sentence for each clock that is over a minute from ours; the EHR's by its last answer."""
    with deployment.database.read() as tx:
        database = database_seconds(tx)
    known = {
        "database": None if database is None else database - deployment.clock().timestamp(),
        "EHR": deployment.figures.ehr_clock_ahead_seconds,
    }
    for whose, ahead in known.items():
        if ahead is not None and abs(ahead) > CLOCKS_APART_SECONDS:
            yield f"the {whose}'s clock is {round(abs(ahead))} s {'ahead of' if ahead > 0 else 'behind'} ours"


def _clock_is_sane(deployment: Deployment) -> bool:
    with deployment.database.read() as tx:
        newest = newest_audit_at(tx)
    return newest is None or deployment.clock() >= from_instant(newest) - CLOCK_TOLERANCE
