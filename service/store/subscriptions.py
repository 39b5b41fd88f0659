"""Subscriptions as they are kept: written, found, claimed by a worker, and what came of a try."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, insert, or_, select, update

from fhir_mappings import json_text
from service.store.database import Tx, lock_name
from service.store.subscription_tables import notices, subscription_secrets, subscriptions

REQUESTED, ACTIVE, ERROR, OFF = STATUSES = ("requested", "active", "error", "off")
Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionRow:
    """One Subscription. ``filters`` and ``header_names`` are JSON texts; ``row_id`` None: not kept yet.

    ``credential``: by what its caller was known, ``key <id>``, ``token`` or ``loopback``; ``scopes``,
    ``person``, ``patient`` and ``supervises`` say what that caller may see. ``events`` is the highest number
    given, ``delivered`` the highest that was taken; ``failures`` counts tries in a row. ``claims`` changes
    with every claim and every write: whoever comes with an older one has lost it.
    """

    clinic: str
    id: str
    version: int
    status: str
    topic: str
    filters: str
    about: str | None
    reason: str
    endpoint: str
    content: str
    heartbeat_seconds: int | None
    timeout_seconds: int | None
    most_events: int | None
    header_names: str
    end_at: str
    base: str
    caller: str
    credential: str
    scopes: str
    person: str | None
    patient: str | None
    supervises: bool
    due_at: str
    created_at: str
    updated_at: str
    events: int = 0
    delivered: int = 0
    failures: int = 0
    fault: str = ""
    heartbeat_at: str | None = None
    claims: int = 0
    lease_until: str | None = None
    row_id: int | None = None


_COLUMNS = tuple(subscriptions.c[field.name] for field in fields(SubscriptionRow))
_OURS = frozenset({"row_id", "clinic", "id", "created_at", "events", "delivered", "claims"})


def add_subscription(tx: Tx, row: SubscriptionRow, headers: Headers) -> None:
    """Keep a new one with its headers."""
    values = {name: value for name, value in _values(row).items() if name != "row_id"}
    tx.execute(insert(subscriptions), values)
    _keep_headers(tx, row, headers)


def change_subscription(tx: Tx, row: SubscriptionRow, headers: Headers) -> None:
    """Put what its caller wants now in its place; a worker that has it in hand has lost it."""
    values = {name: value for name, value in _values(row).items() if name not in _OURS}
    _update(tx, row, values | {"claims": subscriptions.c.claims + 1, "lease_until": None})
    _keep_headers(tx, row, headers)


def remove_subscription(tx: Tx, row: SubscriptionRow) -> None:
    """Remove one with its headers and its numbers."""
    for table in (notices, subscription_secrets):
        tx.execute(delete(table).where(table.c.clinic == row.clinic, table.c.subscription_id == row.id))
    tx.execute(delete(subscriptions).where(*_is(row)))


def find_subscription(
    tx: Tx, clinic: str, subscription_id: str, *, lock: bool = False
) -> SubscriptionRow | None:
    """Return one, or None."""
    query = select(*_COLUMNS).where(subscriptions.c.clinic == clinic, subscriptions.c.id == subscription_id)
    found = tx.execute(query.with_for_update() if lock else query).mappings().first()
    return SubscriptionRow(**found) if found else None


def list_subscriptions(tx: Tx, clinic: str) -> list[SubscriptionRow]:
    """Return all of a clinic, the oldest first."""
    query = select(*_COLUMNS).where(subscriptions.c.clinic == clinic).order_by(subscriptions.c.row_id)
    return [SubscriptionRow(**one) for one in tx.execute(query).mappings()]


def count_subscriptions(tx: Tx, clinic: str) -> int:
    """Return how many a clinic has that are not off; who counts here counts alone until it commits."""
    lock_name(tx, f"subscriptions of {clinic}")
    counted = select(func.count()).where(subscriptions.c.clinic == clinic, subscriptions.c.status != OFF)
    return tx.execute(counted).scalar_one()


def count_by_status(tx: Tx, clinic: str) -> dict[str, int]:
    """Return how many a clinic has of each status that occurs."""
    table = subscriptions.c
    query = select(table.status, func.count()).where(table.clinic == clinic).group_by(table.status)
    return {status: int(number) for status, number in tx.execute(query)}


def oldest_untold(tx: Tx, clinic: str) -> str | None:
    """Return when the oldest of what a receiver did not take yet happened; None where all was taken."""
    is_of = and_(
        notices.c.clinic == subscriptions.c.clinic,
        notices.c.subscription_id == subscriptions.c.id,
        notices.c.number > subscriptions.c.delivered,
    )
    behind = (
        subscriptions.c.clinic == clinic,
        subscriptions.c.status != OFF,
        subscriptions.c.events > subscriptions.c.delivered,
    )
    query = select(func.min(notices.c.at)).select_from(subscriptions).join(notices, is_of).where(*behind)
    return tx.execute(query).scalar()


def headers_of(tx: Tx, row: SubscriptionRow) -> list[tuple[str, str]]:
    """Return the headers with their values. CAUTION: for sending, never to be shown."""
    kept = tx.execute(
        select(subscription_secrets.c.headers).where(
            subscription_secrets.c.clinic == row.clinic,
            subscription_secrets.c.subscription_id == row.id,
        )
    ).scalar()
    return [(name, value) for name, value in json_text.loads(kept)] if kept else []


def is_subscription_due(tx: Tx, clinic: str, now: str) -> bool:
    """Tell whether ``claim_subscription`` would find something; changes nothing."""
    return tx.execute(select(subscriptions.c.row_id).where(*_due(clinic, now)).limit(1)).first() is not None


def claim_subscription(
    tx: Tx, clinic: str, *, now: str, lease_until: Callable[[SubscriptionRow], str]
) -> SubscriptionRow | None:
    """Take the one that is due longest until its lease ends; None where nobody is to be told anything now."""
    query = (
        select(*_COLUMNS)
        .where(*_due(clinic, now))
        .order_by(subscriptions.c.due_at, subscriptions.c.row_id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    found = tx.execute(query).mappings().first()
    if found is None:
        return None
    row = SubscriptionRow(**found)
    claimed = replace(row, claims=row.claims + 1, lease_until=lease_until(row))
    _update(tx, claimed, {"claims": claimed.claims, "lease_until": claimed.lease_until})
    return claimed


def settle_claim(tx: Tx, row: SubscriptionRow, changes: Mapping[str, object]) -> bool:
    """Write down what came of a try and end the lease; False where somebody else has it by now."""
    held = (*_is(row), subscriptions.c.claims == row.claims)
    done = tx.execute(update(subscriptions).where(*held).values(**changes, lease_until=None))
    return done.rowcount == 1


def _due(clinic: str, now: str) -> tuple[ColumnElement[bool], ...]:
    table = subscriptions.c
    has_work = or_(
        table.status == REQUESTED,
        table.end_at <= now,
        and_(table.status == ACTIVE, or_(table.events > table.delivered, table.heartbeat_at <= now)),
    )
    return (
        table.clinic == clinic,
        table.status != OFF,
        table.due_at <= now,
        or_(table.lease_until.is_(None), table.lease_until <= now),
        has_work,
    )


def _is(row: SubscriptionRow) -> tuple[ColumnElement[bool], ...]:
    return subscriptions.c.clinic == row.clinic, subscriptions.c.id == row.id


def _update(tx: Tx, row: SubscriptionRow, values: Mapping[str, Any]) -> None:
    tx.execute(update(subscriptions).where(*_is(row)).values(**values))


def _values(row: SubscriptionRow) -> dict[str, object]:
    return {field.name: getattr(row, field.name) for field in fields(SubscriptionRow)}


def _keep_headers(tx: Tx, row: SubscriptionRow, headers: Headers) -> None:
    table = subscription_secrets
    tx.execute(delete(table).where(table.c.clinic == row.clinic, table.c.subscription_id == row.id))
    if headers:
        text = json_text.dumps([list(one) for one in headers]).decode()
        tx.execute(insert(table), {"clinic": row.clinic, "subscription_id": row.id, "headers": text})
