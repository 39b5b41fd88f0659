"""Tell the webhook's receiver what alerts did: ids only, signed, again and again until it is taken.

It is at least once: an answer that is lost means the same event again, under the same id. What is never sent:
a patient, a therapist, a text, a score.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from fhir_mappings import json_text
from service.clock import Clock, as_instant
from service.ehr.retry import retry_after_seconds
from service.errors import EhrError
from service.flows.sign_webhook import signed_headers
from service.http import Answer, Http
from service.log import Log
from service.store.database import Database
from service.store.webhook_events import (
    DELIVERED,
    FAILED,
    PENDING,
    STOPPED,
    EventRow,
    Told,
    claim_event,
    is_event_due,
    record_told,
)

# After the first try, the second and so on: three days in all (the specification's own example schedule).
WAITS_SECONDS = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
LEASE_SECONDS = 120.0
_GONE = 410
_TAKEN = range(200, 300)


@dataclass(frozen=True, slots=True)
class Webhook:
    """The way to one clinic's receiver; each of its ``secrets`` signs, two while one replaces the other."""

    database: Database
    http: Http
    url: str
    secrets: Sequence[str]
    clinic: str
    clock: Clock
    log: Log

    @property
    def endpoint(self) -> str:
        """The fingerprint of the address, which itself may hold a secret."""
        return sha256(self.url.encode()).hexdigest()

    def later(self, seconds: float) -> str:
        """Return the instant so many seconds from now."""
        return as_instant(self.clock() + timedelta(seconds=seconds))


def tell_next(webhook: Webhook) -> bool:
    """Try the event that is due longest, once; return False where none is."""
    now = as_instant(webhook.clock())
    with webhook.database.read() as tx:
        if not is_event_due(tx, webhook.clinic, webhook.endpoint, now):
            return False
    with webhook.database.write() as tx:
        lease_until = webhook.later(LEASE_SECONDS)
        event = claim_event(tx, webhook.clinic, webhook.endpoint, now=now, lease_until=lease_until)
    if event is None:  # another worker was faster
        return False
    told = _tell(webhook, event)
    with webhook.database.write() as tx:
        record_told(tx, event, told, as_instant(webhook.clock()))
    webhook.log.event(
        "webhook_told", delivery=event.id, state=told.state, status=told.status, attempt=event.tries
    )
    return True


def payload_of(event: EventRow) -> bytes:
    """Return the body: the same bytes at every try."""
    told = {"alert": event.alert_id, "version": event.alert_version, "severity": event.severity}
    return json_text.dumps({"type": event.type, "timestamp": event.occurred_at, "data": told})


def _tell(webhook: Webhook, event: EventRow) -> Told:
    body = payload_of(event)
    headers = signed_headers(webhook.secrets, event.id, int(webhook.clock().timestamp()), body)
    try:
        answer = webhook.http.exchange("POST", webhook.url, headers, body)
    except EhrError as error:
        return _try_later(webhook, event, None, error.code)
    if answer.status in _TAKEN:
        return Told(DELIVERED, event.due_at, answer.status)
    if answer.status == _GONE:
        return Told(STOPPED, event.due_at, answer.status, "the receiver wants no more (410)")
    return _try_later(webhook, event, answer, f"the receiver answered {answer.status}")


def _try_later(webhook: Webhook, event: EventRow, answer: Answer | None, reason: str) -> Told:
    status = answer.status if answer else None
    if event.tries > len(WAITS_SECONDS):
        return Told(FAILED, event.due_at, status, reason)
    asked = retry_after_seconds(answer.headers, webhook.clock()) if answer else None
    wait = max(WAITS_SECONDS[event.tries - 1], asked or 0.0)
    return Told(PENDING, webhook.later(wait), status, reason)
