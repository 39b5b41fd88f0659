"""What the webhook's receiver is told: queued with the alert's version, told until it is taken.

A receiver hears an event at least once and knows it by its id. An answer of 410 stops everything for that
address, until a person tries the stopped event again or the address changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from uuid import UUID, uuid5

from sqlalchemy import ColumnElement, exists, insert, or_, select, update

from service.errors import NotFound, WrongState
from service.store.alert_tables import webhook_events as events
from service.store.alerts import AlertRow
from service.store.database import Tx

PENDING, DELIVERED, FAILED, STOPPED = "pending", "delivered", "failed", "stopped"
_EVENTS = UUID("6b0f1a52-7a0b-4d38-9a44-6a5f1d0c2e77")


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event. ``row_id`` is its place in the list; ``status`` that of the receiver's last answer."""

    row_id: int
    clinic: str
    id: str
    type: str
    alert_id: str
    alert_version: int
    severity: str
    occurred_at: str
    state: str
    tries: int
    due_at: str
    status: int | None
    reason: str
    updated_at: str


@dataclass(frozen=True, slots=True)
class Told:
    """What came of one try: the state that follows, when to try again, and what was answered."""

    state: str
    due_at: str
    status: int | None = None
    reason: str = ""


_COLUMNS = tuple(events.c[column.name] for column in fields(EventRow))


def queue_event(tx: Tx, alert: AlertRow) -> None:
    """Queue what a version of an alert tells anew; it is told at once."""
    values = {
        "clinic": alert.clinic,
        "id": str(uuid5(_EVENTS, f"{alert.clinic}|{alert.id}|{alert.version}")),
        "type": f"alert.{alert.news}",
        "alert_id": alert.id,
        "alert_version": alert.version,
        "severity": alert.severity,
        "occurred_at": alert.believed_from,
        "state": PENDING,
        "due_at": alert.believed_from,
        "updated_at": alert.believed_from,
    }
    tx.execute(insert(events), values)


def is_event_due(tx: Tx, clinic: str, endpoint: str, now: str) -> bool:
    """Tell whether ``claim_event`` would find something; changes nothing."""
    return (
        tx.execute(select(events.c.row_id).where(*_due(clinic, endpoint, now)).limit(1)).first() is not None
    )


def claim_event(tx: Tx, clinic: str, endpoint: str, *, now: str, lease_until: str) -> EventRow | None:
    """Take the event that is due longest until the lease ends; None where nothing may be told now."""
    row = tx.execute(
        select(*_COLUMNS)
        .where(*_due(clinic, endpoint, now))
        .order_by(events.c.due_at, events.c.row_id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if row is None:
        return None
    lease = {"lease_until": lease_until, "tries": row.tries + 1, "endpoint": endpoint}
    tx.execute(update(events).where(events.c.row_id == row.row_id).values(**lease))
    return EventRow(**{**row._mapping, "tries": row.tries + 1})  # noqa: SLF001 - SQLAlchemy's public name


def record_told(tx: Tx, event: EventRow, told: Told, now: str) -> None:
    """Keep what came of a try, unless another has taken the event over meanwhile."""
    values = {"state": told.state, "due_at": told.due_at, "status": told.status, "reason": told.reason}
    tx.execute(
        update(events)
        .where(events.c.row_id == event.row_id, events.c.tries == event.tries)
        .values(**values, lease_until=None, updated_at=now)
    )


def retry_event(tx: Tx, clinic: str, event_id: str, now: str) -> EventRow:
    """Return an event, due again at once and with all its tries; raises ``NotFound`` and ``WrongState``."""
    event = find_event(tx, clinic, event_id)
    if event is None:
        raise NotFound("There is no such event.")
    if event.state == DELIVERED:
        raise WrongState("The receiver has taken this event.")
    again = {"state": PENDING, "tries": 0, "due_at": now, "updated_at": now, "lease_until": None}
    tx.execute(update(events).where(events.c.row_id == event.row_id).values(**again))
    found = find_event(tx, clinic, event_id)
    if found is None:  # it was read in this transaction
        raise NotFound("There is no such event.")
    return found


def find_event(tx: Tx, clinic: str, event_id: str) -> EventRow | None:
    """Return one event, or None."""
    row = tx.execute(select(*_COLUMNS).where(events.c.clinic == clinic, events.c.id == event_id)).first()
    return EventRow(*row) if row else None


def list_events(
    tx: Tx, clinic: str, *, state: str | None = None, before: int | None = None, limit: int = 50
) -> Sequence[EventRow]:
    """Return events, the newest first; ``before`` is the place of the last one seen."""
    wanted = select(*_COLUMNS).where(events.c.clinic == clinic)
    if state is not None:
        wanted = wanted.where(events.c.state == state)
    if before is not None:
        wanted = wanted.where(events.c.row_id < before)
    return [EventRow(*row) for row in tx.execute(wanted.order_by(events.c.row_id.desc()).limit(limit))]


def _due(clinic: str, endpoint: str, now: str) -> tuple[ColumnElement[bool], ...]:
    stopped = events.alias()
    return (
        events.c.clinic == clinic,
        events.c.state == PENDING,
        events.c.due_at <= now,
        or_(events.c.lease_until.is_(None), events.c.lease_until <= now),
        ~exists().where(
            stopped.c.clinic == clinic, stopped.c.state == STOPPED, stopped.c.endpoint == endpoint
        ),
    )
