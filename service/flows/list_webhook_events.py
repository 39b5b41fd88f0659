"""What the webhook's receiver was told and what it was not, for operators; and trying again."""

from collections.abc import Sequence
from dataclasses import dataclass

from service.clock import as_instant
from service.flows.deployment import Access, Deployment
from service.flows.write_version import audit_row
from service.store.audit import add_audit
from service.store.webhook_events import EventRow, list_events, retry_event

OK = 200


@dataclass(frozen=True, slots=True)
class EventPage:
    """One page, the newest first; ``next`` None: the last page."""

    items: Sequence[EventRow]
    next: int | None


def list_event_page(
    deployment: Deployment, clinic: str, *, state: str | None, before: int | None, limit: int
) -> EventPage:
    """Return one page of at most ``limit`` events."""
    with deployment.database.read() as tx:
        found = list_events(tx, clinic, state=state, before=before, limit=limit + 1)
    more = len(found) > limit
    return EventPage(found[:limit], found[limit - 1].row_id if more else None)


def try_event_again(deployment: Deployment, event_id: str, access: Access) -> EventRow:
    """Return the event, due at once; one that stopped lets all others go too.

    Raises ``NotFound`` and ``WrongState`` (the receiver has it).
    """
    now = as_instant(deployment.clock())
    with deployment.database.write() as tx:
        event = retry_event(tx, access.clinic, event_id, now)
        add_audit(tx, audit_row(access, now, OK, event.id))
    return event
