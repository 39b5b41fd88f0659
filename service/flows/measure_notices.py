"""How the clinic's Subscriptions stand: in numbers for Prometheus, one by one for clinic IT."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from service.clock import from_instant
from service.flows.deployment import Deployment
from service.store.subscriptions import ERROR, OFF, count_by_status, list_subscriptions, oldest_untold


@dataclass(frozen=True, slots=True)
class NoticeFigures:
    """Subscriptions by status; the age in seconds of the oldest event that was not taken (0: none)."""

    by_status: Mapping[str, int]
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class Behind:
    """A Subscription whose receiver does not take what happened; ``waiting`` are its events.

    ``receiver`` is the host alone: the rest of an address may be a secret.
    """

    id: str
    receiver: str
    topic: str
    status: str
    fault: str
    waiting: int


def measure_notices(deployment: Deployment) -> NoticeFigures:
    """Return the figures of the deployment's clinic; nothing in them is about a patient."""
    with deployment.database.read() as tx:
        by_status = count_by_status(tx, deployment.clinic)
        oldest = oldest_untold(tx, deployment.clinic)
    age = (deployment.clock() - from_instant(oldest)).total_seconds() if oldest else 0.0
    return NoticeFigures(by_status, max(age, 0.0))


def list_behind(deployment: Deployment) -> list[Behind]:
    """Return the Subscriptions that are in error or behind, the oldest first."""
    with deployment.database.read() as tx:
        rows = list_subscriptions(tx, deployment.clinic)
    return [
        Behind(
            row.id,
            urlsplit(row.endpoint).hostname or "",
            row.topic,
            row.status,
            row.fault,
            row.events - row.delivered,
        )
        for row in rows
        if row.status == ERROR or (row.status != OFF and row.events > row.delivered)
    ]
