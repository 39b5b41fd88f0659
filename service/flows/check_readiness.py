"""Can this deployment work now? The EHR does not count: without it deliveries wait, and nothing is lost."""

from dataclasses import dataclass
from datetime import timedelta

from service.clock import from_instant
from service.flows.deployment import Deployment
from service.store.inbound import read_cursor
from service.store.readiness import newest_audit_at

CLINIC = "default"
# A clock this far behind what it wrote before was set back: order and believed times would be wrong.
CLOCK_TOLERANCE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Readiness:
    """What was looked at; ``ready`` only where all of it is well.

    ``inbound`` says whether forms filled in the EHR are fetched: off, on, or what stands in the way. It does
    not count, since nothing is lost by it.
    """

    database: bool
    schema: bool
    clock: bool
    inbound: str = "off"

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
    clock = schema and _clock_is_sane(deployment)
    return Readiness(
        database=True, schema=schema, clock=clock, inbound=_inbound(deployment) if schema else "off"
    )


def _inbound(deployment: Deployment) -> str:
    settings = deployment.settings
    if settings.ehr_base_url is None or settings.ehr_poll_seconds is None:
        return "off"
    with deployment.database.read() as tx:
        return read_cursor(tx, CLINIC, settings.ehr_name).trouble or "on"


def _clock_is_sane(deployment: Deployment) -> bool:
    with deployment.database.read() as tx:
        newest = newest_audit_at(tx)
    return newest is None or deployment.clock() >= from_instant(newest) - CLOCK_TOLERANCE
