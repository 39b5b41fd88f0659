"""What happened, and the number that it has for each subscription: rising by one, none left out.

Events are queued with what made them. Later one worker at a time gives them their numbers: row numbers are no
order of commits on PostgreSQL, so what is new is marked, and not what lies behind a place in the list.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from uuid import uuid4

from sqlalchemy import RowMapping, delete, exists, insert, select, update

from service.store.conditions import Condition, clause
from service.store.database import Tx, lock_name
from service.store.disclosures import unshared_aliases
from service.store.subscription_tables import notices, subscriptions, topic_events
from service.store.subscriptions import SubscriptionRow
from service.store.views import VIEWS, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicEvent:
    """One thing that happened: a topic, and the version of a response or alert that it is about."""

    clinic: str
    topic: str
    subject_id: str
    subject_version: int
    alias_row: int
    at: str
    id: str = field(default_factory=lambda: str(uuid4()))


@dataclass(frozen=True, slots=True)
class Notice:
    """One event under its number in a subscription; ``event`` is None once it was erased with its patient."""

    number: int
    at: str
    event: TopicEvent | None


_IS_NEW = topic_events.c.spread_at.is_(None)
_COLUMNS = tuple(topic_events.c[one.name] for one in fields(TopicEvent))


def queue_topic_event(tx: Tx, event: TopicEvent) -> None:
    """Queue what happened, in the transaction of what made it."""
    tx.execute(insert(topic_events), {one.name: getattr(event, one.name) for one in fields(TopicEvent)})


def is_event_new(tx: Tx, clinic: str) -> bool:
    """Tell whether ``take_new_events`` would find something; changes nothing."""
    query = select(topic_events.c.row_id).where(topic_events.c.clinic == clinic, _IS_NEW)
    # In order, as they are taken: so SQLite looks among the new ones alone.
    return tx.execute(query.order_by(topic_events.c.row_id).limit(1)).first() is not None


def take_new_events(tx: Tx, clinic: str, limit: int) -> list[TopicEvent]:
    """Return the oldest events without numbers; until the transaction ends nobody else gives any."""
    lock_name(tx, f"topic events of {clinic}")
    query = select(*_COLUMNS).where(topic_events.c.clinic == clinic, _IS_NEW)
    found = tx.execute(query.order_by(topic_events.c.row_id).limit(limit))
    return [TopicEvent(**row._mapping) for row in found]  # noqa: SLF001 - SQLAlchemy's public name


def matching_parts(tx: Tx, event: TopicEvent, kind: Kind, conditions: Sequence[Condition]) -> list[str]:
    """Return the parts of the event's version that fit all conditions, scores first; of an alert its series.

    None of a patient who is not to be shared, whoever asks.
    """
    view = VIEWS[kind]
    versions = view.versions.c
    asked = [clause(tx, event.clinic, view.columns, one) for one in conditions]
    query = (
        select(view.part)
        .select_from(view.rows)
        .where(
            view.clinic == event.clinic,
            versions.id == event.subject_id,
            versions.version == event.subject_version,
            view.shown,
            view.columns["patient"].not_in(unshared_aliases(event.clinic)),
            *asked,
        )
        .order_by(view.row_id)
    )
    return list(tx.execute(query).scalars())


def give_number(tx: Tx, row: SubscriptionRow, event: TopicEvent) -> None:
    """Give an event the next number of a subscription."""
    mine = (subscriptions.c.clinic == row.clinic, subscriptions.c.id == row.id)
    raised = update(subscriptions).where(*mine).values(events=subscriptions.c.events + 1)
    number = tx.execute(raised.returning(subscriptions.c.events)).scalar()
    if number is not None:  # else it was deleted meanwhile
        values = {"subscription_id": row.id, "number": number, "event_id": event.id}
        tx.execute(insert(notices), values | {"clinic": row.clinic, "at": event.at})


def end_spreading(tx: Tx, event: TopicEvent, now: str, *, is_wanted: bool) -> None:
    """Mark an event as given out; what nobody wants to know is not kept."""
    mine = (topic_events.c.clinic == event.clinic, topic_events.c.id == event.id)
    tx.execute(
        update(topic_events).where(*mine).values(spread_at=now)
        if is_wanted
        else delete(topic_events).where(*mine)
    )


def notices_between(tx: Tx, row: SubscriptionRow, first: int, last: int, limit: int) -> list[Notice]:
    """Return the notices with these numbers, both included, in their order; at most ``limit``."""
    query = (
        select(notices.c.number, notices.c.at.label("noticed_at"), *_COLUMNS)
        .select_from(
            notices.outerjoin(
                topic_events,
                (topic_events.c.clinic == notices.c.clinic) & (topic_events.c.id == notices.c.event_id),
            )
        )
        .where(
            notices.c.clinic == row.clinic,
            notices.c.subscription_id == row.id,
            notices.c.number.between(first, last),
        )
        .order_by(notices.c.number)
        .limit(limit)
    )
    return [_notice(one._mapping) for one in tx.execute(query)]  # noqa: SLF001 - SQLAlchemy's public name


def _notice(found: RowMapping) -> Notice:
    event = {one.name: found[one.name] for one in fields(TopicEvent)}
    is_kept = found["id"] is not None
    return Notice(found["number"], found["noticed_at"], TopicEvent(**event) if is_kept else None)


def forget_notices(tx: Tx, clinic: str, before: str) -> int:
    """Remove notices older than an instant that were taken, and events that no notice names; say how many.

    What somebody did not take yet stays, however old.
    """
    taken = exists().where(
        subscriptions.c.clinic == clinic,
        subscriptions.c.id == notices.c.subscription_id,
        subscriptions.c.delivered >= notices.c.number,
    )
    gone = tx.execute(delete(notices).where(notices.c.clinic == clinic, notices.c.at < before, taken))
    named = exists().where(notices.c.clinic == clinic, notices.c.event_id == topic_events.c.id)
    old = (topic_events.c.clinic == clinic, topic_events.c.spread_at < before)
    tx.execute(delete(topic_events).where(*old, ~named))
    return gone.rowcount
