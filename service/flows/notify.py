"""Tell subscribers what happened: numbers first, then one Bundle after the other to each, until it is taken.

At least once: a number is given once and for good in one transaction, and counts as told when its receiver
said so. One Bundle is on its way to a subscriber at a time, by whichever worker holds the lease, so that the
numbers rise; who was killed meanwhile leaves the lease to run out, and the same numbers are sent again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from fhir_mappings import json_text
from fhir_mappings.notification import NoticeType, Told, to_notification
from service.clock import as_instant
from service.ehr.retry import retry_after_seconds
from service.errors import EhrError
from service.flows.deployment import Access
from service.flows.notifier import (
    Notifier,
    conditions_of,
    find_end,
    held,
    kind_of_topic,
    sight_of_subscription,
    standing_of,
)
from service.flows.patient_references import reference_here
from service.flows.tell_event import tell_event
from service.flows.tell_webhook import WAITS_SECONDS
from service.flows.write_version import audit_row
from service.http import Answer
from service.store.audit import add_audit
from service.store.database import Tx
from service.store.lost_races import repeat_lost_races
from service.store.subscriptions import (
    ACTIVE,
    ERROR,
    OFF,
    REQUESTED,
    SubscriptionRow,
    claim_subscription,
    headers_of,
    is_subscription_due,
    list_subscriptions,
    settle_claim,
)
from service.store.topic_events import (
    TopicEvent,
    end_spreading,
    forget_notices,
    give_number,
    is_event_new,
    matching_parts,
    notices_between,
    take_new_events,
)

# A handshake is tried three times: its caller waits for it. What is told later has the webhook's three days.
HANDSHAKE_WAITS_SECONDS = (5, 30)
DEFAULT_TIMEOUT_SECONDS = 10
MOST_EVENTS = 20
# An answer may come at the end of its time, and be written down a little later.
_LEASE_SPARE_SECONDS = 5.0
KEPT_DAYS = 30
_AT_ONCE = 50
_GONE = 410
_TAKEN = range(200, 300)
_ROUTE = "notify"
_SERVICE = "service"
_SENT, _DONE = 202, 200


@dataclass(frozen=True, slots=True)
class _Message:
    """One Bundle for one subscriber: its bytes, headers with their secrets, and the highest number in it."""

    row: SubscriptionRow
    headers: Mapping[str, str]
    body: bytes
    last: int


def notify_next(notifier: Notifier) -> bool:
    """Give what is new its numbers and tell one subscriber; return False where nothing is to do."""
    numbered = number_events(notifier)
    return tell_next_subscriber(notifier) or numbered


def number_events(notifier: Notifier) -> bool:
    """Give what happened a number with each Subscription that wants it; return whether anything was new."""
    with notifier.deployment.database.read() as tx:
        if not is_event_new(tx, notifier.clinic):
            return False
    _number(notifier)
    return True


@repeat_lost_races
def _number(notifier: Notifier) -> None:
    now = notifier.now()
    with notifier.deployment.database.write() as tx:
        events = take_new_events(tx, notifier.clinic, _AT_ONCE)
        rows = list_subscriptions(tx, notifier.clinic) if events else []
        asked = {
            row.id: conditions_of(notifier.deployment, row, sight_of_subscription(tx, notifier, row))
            for row in rows
        }
        for event in events:
            kind = kind_of_topic(event.topic)
            wanting = [
                row
                for row in held(rows, event.topic, now)
                if row.created_at <= event.at and matching_parts(tx, event, kind, asked[row.id])
            ]
            for row in wanting:
                give_number(tx, row, event)
            end_spreading(tx, event, now, is_wanted=bool(wanting))


def tell_next_subscriber(notifier: Notifier) -> bool:
    """Tell the subscriber that is due longest, once; return False where none is."""
    with notifier.deployment.database.read() as tx:
        if not is_subscription_due(tx, notifier.clinic, notifier.now()):
            return False
    message = _claim(notifier)
    if isinstance(message, bool):
        return message
    row = message.row
    try:
        answer = notifier.http.exchange(
            "POST", row.endpoint, message.headers, message.body, within_seconds=_timeout_of(row)
        )
    except EhrError as error:
        _settle_failed(notifier, message, None, error.code)
        return True
    if answer.status in _TAKEN:
        _settle_taken(notifier, message, answer.status)
    elif answer.status == _GONE:
        _settle(notifier, message, _over("the receiver wants no more (410)"), answer.status)
    else:
        _settle_failed(notifier, message, answer, f"the receiver answered {answer.status}")
    return True


def _timeout_of(row: SubscriptionRow) -> float:
    return float(row.timeout_seconds or DEFAULT_TIMEOUT_SECONDS)


@repeat_lost_races
def _claim(notifier: Notifier) -> _Message | bool:
    """Return what is to be sent, claimed and audited; True where a Subscription ended, False for nothing."""
    now = notifier.now()
    with notifier.deployment.database.write() as tx:
        row = claim_subscription(
            tx,
            notifier.clinic,
            now=now,
            lease_until=lambda one: notifier.later(_timeout_of(one) + _LEASE_SPARE_SECONDS),
        )
        if row is None:  # another worker was faster
            return False
        end = find_end(tx, notifier, row, now)
        if end:
            _write_down(tx, notifier, row, _over(end))
            return True
        return _message(tx, notifier, row, now)


def _message(tx: Tx, notifier: Notifier, row: SubscriptionRow, now: str) -> _Message:
    events: list[Told] = []
    kind: NoticeType = "handshake" if row.status == REQUESTED else "heartbeat"
    if row.status == ACTIVE and row.events > row.delivered:
        kind, events = "event-notification", _events(tx, notifier, row)
    # As many events as this one tells of: a receiver sees a gap by it, and what comes later is no gap.
    last = events[-1].number if events else row.delivered
    standing = standing_of(row, events=last if events else None)
    bundle = to_notification(standing, kind, events, notifier.deployment.names, now)
    headers = {"Content-Type": "application/fhir+json", **dict(headers_of(tx, row))}
    return _Message(row, headers, json_text.dumps(bundle), last)


def _events(tx: Tx, notifier: Notifier, row: SubscriptionRow) -> list[Told]:
    """Return what is told next; the audit knows of each that names somebody's record before it leaves."""
    conditions = conditions_of(notifier.deployment, row, sight_of_subscription(tx, notifier, row))
    limit = min(row.most_events or MOST_EVENTS, MOST_EVENTS)
    found = []
    for notice in notices_between(tx, row, row.delivered + 1, row.events, limit):
        told = tell_event(tx, notifier.deployment, notice, conditions, in_full=row.content == "full-resource")
        if notice.event and row.content != "empty":
            _audit_disclosure(tx, notifier, row, told, notice.event)
        found.append(told)
    return found


def _audit_disclosure(
    tx: Tx, notifier: Notifier, row: SubscriptionRow, told: Told, event: TopicEvent
) -> None:
    kind, _, subject = told.focus.partition("/")
    if subject:
        person = reference_here(row.person, notifier.deployment.settings) if row.person else None
        access = Access(row.clinic, row.caller, _ROUTE, "R", row.id, person=person)
        sent = audit_row(access, notifier.now(), _SENT, subject, event.alias_row)
        add_audit(tx, replace(sent, resource=kind))


def _settle_taken(notifier: Notifier, message: _Message, status: int) -> None:
    row = message.row
    changes: dict[str, object] = {
        "failures": 0,
        "fault": "",
        "due_at": notifier.now(),
        "delivered": message.last,
    }
    if row.heartbeat_seconds:
        changes["heartbeat_at"] = notifier.later(row.heartbeat_seconds)
    if row.status == REQUESTED:
        changes["status"] = ACTIVE
    _settle(notifier, message, changes, status)


def _settle_failed(notifier: Notifier, message: _Message, answer: Answer | None, fault: str) -> None:
    row = message.row
    waits = HANDSHAKE_WAITS_SECONDS if row.status == REQUESTED else WAITS_SECONDS
    status = answer.status if answer else None
    if row.failures >= len(waits):
        _settle(notifier, message, {"status": ERROR, "fault": fault, "failures": row.failures + 1}, status)
        return
    asked = retry_after_seconds(answer.headers, notifier.deployment.clock()) if answer else None
    due_at = notifier.later(max(waits[row.failures], asked or 0.0))
    changes = {"failures": row.failures + 1, "fault": fault, "due_at": due_at}
    _settle(notifier, message, changes, status)


def _over(fault: str) -> dict[str, object]:
    return {"status": OFF, "fault": fault}


@repeat_lost_races
def _settle(notifier: Notifier, message: _Message, changes: Mapping[str, object], status: int | None) -> None:
    with notifier.deployment.database.write() as tx:
        _write_down(tx, notifier, message.row, changes)
    state = str(changes.get("status", message.row.status))
    tries = message.row.failures + 1
    notifier.log.event("notice_told", subscription=message.row.id, state=state, status=status, attempt=tries)


def _write_down(tx: Tx, notifier: Notifier, row: SubscriptionRow, changes: Mapping[str, object]) -> None:
    """Write down what came of a try; another status is another version, and has its row in the audit."""
    now = notifier.now()
    is_moved = changes.get("status", row.status) != row.status
    moved = {"version": row.version + 1, "updated_at": now} if is_moved else {}
    if settle_claim(tx, row, {**changes, **moved}) and is_moved:
        access = Access(row.clinic, _SERVICE, _ROUTE, "U", row.id)
        add_audit(tx, replace(audit_row(access, now, _DONE, row.id), resource="Subscription"))


def forget_old_notices(notifier: Notifier) -> int:
    """Remove what is older than ``KEPT_DAYS`` and was taken, for ``$events`` too; say how many."""
    before = as_instant(notifier.deployment.clock() - timedelta(days=KEPT_DAYS))
    with notifier.deployment.database.write() as tx:
        return forget_notices(tx, notifier.clinic, before)
