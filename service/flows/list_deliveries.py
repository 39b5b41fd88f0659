"""List deliveries, and read one with its parts and attempts."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from service.clock import as_instant
from service.errors import NotFound
from service.flows.deployment import Deployment
from service.store.deliveries import DeliveryDetail, DeliveryRow, get_delivery, list_deliveries

# As long as the longest wait between two tries: sooner nothing is known to be wrong.
LATE_AFTER = timedelta(hours=4)


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """One page in the order of queueing; ``next`` is the place to go on from, None on the last page."""

    items: tuple[DeliveryRow, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class DeliveryListQuery:
    """What the list is narrowed to; an absent field narrows nothing.

    ``state`` may also be ``parked``: all that a person must look at; or ``late``: what goes on by itself and
    was queued over four hours ago. ``subject`` is the id of a response, alert or definition; ``after`` a
    place that an earlier page named.
    """

    state: str | None = None
    subject: str | None = None
    after: int | None = None
    limit: int = 50


def late_before(now: datetime) -> str:
    """Return the instant before which a delivery must have been queued to be late by now."""
    return as_instant(now - LATE_AFTER)


def list_delivery_page(deployment: Deployment, query: DeliveryListQuery, clinic: str) -> DeliveryPage:
    """Return one page of at most ``limit`` deliveries."""
    with deployment.database.read() as tx:
        found = list_deliveries(
            tx,
            clinic,
            state=query.state,
            subject=query.subject,
            after=query.after,
            limit=query.limit + 1,
            late_before=late_before(deployment.clock()),
        )
    shown = tuple(found[: query.limit])
    return DeliveryPage(shown, shown[-1].row if len(found) > query.limit else None)


def read_delivery(deployment: Deployment, delivery_id: str, clinic: str) -> DeliveryDetail:
    """Return one delivery with what was sent when and what came of it; raises ``NotFound``."""
    with deployment.database.read() as tx:
        detail = get_delivery(tx, clinic, delivery_id)
    if detail is None:
        raise NotFound("There is no such delivery.")
    return detail
