"""Create, change and delete a Subscription; what its caller may see is kept with it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import uuid4

from fhir_mappings import json_text
from fhir_mappings.errors import Fault
from fhir_mappings.subscription import MASKED, AskedSubscription
from fhir_mappings.topics import Topic
from service.addresses import is_private, is_web_address
from service.callers import LOOPBACK, Caller
from service.clock import as_instant
from service.errors import CallerRefused, FaultsInRequest, NotFound, StaleVersion, WrongState
from service.flows.deployment import Access, Deployment
from service.flows.notice_filters import read_filters
from service.flows.patient_references import reference_here
from service.flows.search_chart import NO_SUCH
from service.flows.write_version import audit_row
from service.http import host_of
from service.scopes import Need, spell_scopes
from service.settings import Settings
from service.store.audit import add_audit
from service.store.database import Tx
from service.store.lost_races import repeat_lost_races
from service.store.sight import Sight
from service.store.subscriptions import (
    OFF,
    SubscriptionRow,
    add_subscription,
    change_subscription,
    count_subscriptions,
    find_subscription,
    headers_of,
    list_subscriptions,
    remove_subscription,
)

CREATED, OK, GONE = 201, 200, 204
_LONGEST_BASE = 255
_NOT_YOURS = "Only who created it may change it; who reaches all of the clinic may delete it."
_FULL = "This clinic has as many Subscriptions as it may have: delete one, or turn one off."


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes a Subscription, and the address of the door that was used."""

    caller: Caller
    base: str


def needs_of(topic: Topic, content: str) -> tuple[Need, ...]:
    """Return what a caller must be allowed for a topic: to find it, and to read what comes in full."""
    found = Need(topic.focus, "s")
    return (found, Need(topic.focus, "r")) if content == "full-resource" else (found,)


@repeat_lost_races
def create_subscription(
    deployment: Deployment, asked: AskedSubscription, author: Author, access: Access
) -> SubscriptionRow:
    """Return the new Subscription, ``requested``: a worker shakes hands with its endpoint first.

    Raises ``FaultsInRequest``, and ``WrongState`` where the clinic has as many as it may.
    """
    moment = deployment.clock()
    faults = (
        [Fault("Subscription.status", "unknown-choice", "must be requested")] if asked.status == OFF else []
    )
    if any(value == MASKED for _, value in asked.channel.headers):
        faults.append(_masked("has the mask in place of a value"))
    row = _row_of(deployment, asked, author, moment, faults)
    with deployment.database.write() as tx:
        _refuse_too_many(tx, deployment, access)
        add_subscription(tx, row, asked.channel.headers)
        _audit(tx, access, row, CREATED)
    return row


@repeat_lost_races
def update_subscription(  # noqa: PLR0917 - where, which, what, by whom
    deployment: Deployment,
    subscription_id: str,
    asked: AskedSubscription,
    author: Author,
    access: Access,
    expected_version: int | None,
) -> SubscriptionRow:
    """Return the Subscription as it is wanted now: requested once more, or off. Its numbers go on.

    Raises ``NotFound``, ``CallerRefused`` where somebody else created it, ``StaleVersion``, and what a create
    does. A masked header keeps its value as long as the endpoint stays.
    """
    moment = deployment.clock()
    with deployment.database.write() as tx:
        stored = _find(tx, access, subscription_id, lock=True)
        if stored.caller != access.caller:
            raise CallerRefused(_NOT_YOURS)
        if expected_version not in (None, stored.version):
            raise StaleVersion("The Subscription has changed since that version.", at="If-Match")
        headers, faults = _unmasked(asked, stored, headers_of(tx, stored))
        if asked.topic is not None and asked.topic.id != stored.topic:
            message = "stays as it was: create another Subscription"
            faults.append(Fault("Subscription.criteria", "not-correctable", message))
        row = _row_of(deployment, asked, author, moment, faults)
        changed = replace(
            row,
            id=stored.id,
            version=stored.version + 1,
            created_at=stored.created_at,
            events=stored.events,
            delivered=stored.delivered,
        )
        if stored.status == OFF and changed.status != OFF:
            _refuse_too_many(tx, deployment, access)
        change_subscription(tx, changed, headers)
        _audit(tx, access, changed, OK)
    return changed


@repeat_lost_races
def delete_subscription(deployment: Deployment, subscription_id: str, access: Access) -> None:
    """Remove a Subscription with all that was noted for it; raises ``NotFound``."""
    with deployment.database.write() as tx:
        stored = _find(tx, access, subscription_id, lock=True)
        remove_subscription(tx, stored)
        _audit(tx, access, stored, GONE)


def find_visible(deployment: Deployment, subscription_id: str, access: Access) -> SubscriptionRow:
    """Return one that the caller may see: its own, or any where it reaches all; raises ``NotFound``."""
    with deployment.database.read() as tx:
        return _find(tx, access, subscription_id)


def list_visible(deployment: Deployment, caller: str, sight: Sight) -> list[SubscriptionRow]:
    """Return all that a caller may see, the oldest first."""
    with deployment.database.read() as tx:
        rows = list_subscriptions(tx, deployment.clinic)
    return [one for one in rows if _is_visible(one, caller, sight)]


def _find(tx: Tx, access: Access, subscription_id: str, *, lock: bool = False) -> SubscriptionRow:
    found = find_subscription(tx, access.clinic, subscription_id, lock=lock)
    if found is None or not _is_visible(found, access.caller, access.sight):
        raise NotFound(NO_SUCH)
    return found


def _is_visible(row: SubscriptionRow, caller: str, sight: Sight) -> bool:
    return sight.is_whole or row.caller == caller


def _refuse_too_many(tx: Tx, deployment: Deployment, access: Access) -> None:
    if count_subscriptions(tx, access.clinic) >= deployment.settings.subscriptions_at_most:
        raise WrongState(_FULL)


def _row_of(
    deployment: Deployment, asked: AskedSubscription, author: Author, moment: datetime, faults: list[Fault]
) -> SubscriptionRow:
    """Return the row of what is asked for; raises ``FaultsInRequest`` with these faults and all others."""
    settings, topic, channel, caller = deployment.settings, asked.topic, asked.channel, author.caller
    filters = read_filters(topic, asked.filters, deployment) if topic else None
    found = [
        *asked.faults,
        *faults,
        *(filters.faults if filters else ()),
        *_place_faults(asked, settings, moment),
    ]
    if found or topic is None or filters is None:
        raise FaultsInRequest(found)
    latest = moment + timedelta(days=settings.subscription_days)
    now = as_instant(moment)
    return SubscriptionRow(
        clinic=deployment.clinic,
        id=str(uuid4()),
        version=1,
        status=asked.status,
        topic=topic.id,
        filters=json_text.dumps(list(asked.filters)).decode(),
        about=filters.about,
        reason=asked.reason,
        endpoint=channel.endpoint,
        content=channel.content,
        heartbeat_seconds=channel.heartbeat_seconds,
        timeout_seconds=channel.timeout_seconds,
        most_events=channel.most_events,
        header_names=json_text.dumps([name for name, _ in channel.headers]).decode(),
        end_at=as_instant(min(asked.end or latest, latest)),
        base=author.base[:_LONGEST_BASE],
        caller=caller.name,
        credential=_credential_of(caller, settings),
        scopes=spell_scopes(
            [one for one in caller.scopes if any(map(one.opens, needs_of(topic, "full-resource")))]
        ),
        person=caller.user,
        patient=caller.patient and reference_here(caller.patient, settings),
        supervises=caller.supervises,
        due_at=now,
        created_at=now,
        updated_at=now,
    )


def _credential_of(caller: Caller, settings: Settings) -> str:
    if caller.key_id is not None:
        return f"key {caller.key_id}"
    return LOOPBACK.name if caller.name == LOOPBACK.name and not settings.has_callers else "token"


def _place_faults(asked: AskedSubscription, settings: Settings, moment: datetime) -> Iterator[Fault]:
    """Yield what is wrong with where and until when notices are to go."""
    endpoint = asked.channel.endpoint
    address, _, _ = endpoint.partition("?")
    if endpoint and not (is_web_address(address) and is_private(address) and "#" not in endpoint):
        message = "must be an https address (http on this machine) without fragment or user"
        yield Fault("Subscription.channel.endpoint", "bad-parameter", message)
    elif endpoint and host_of(endpoint) not in settings.subscription_hosts:
        message = "must lie on a host that the clinic allows (ALLIANCE_SUBSCRIPTION_HOSTS)"
        yield Fault("Subscription.channel.endpoint", "not-offered", message)
    if asked.end is not None and asked.end <= moment:
        yield Fault("Subscription.end", "too-early", "must lie in the future")


def _unmasked(
    asked: AskedSubscription, stored: SubscriptionRow, kept: list[tuple[str, str]]
) -> tuple[list[tuple[str, str]], list[Fault]]:
    """Return the headers with the kept value for each mask, and a fault where there is none to keep.

    CAUTION: never for another endpoint, which would then be sent what was meant for the first.
    """
    values = {name.lower(): value for name, value in kept}
    stays = asked.channel.endpoint == stored.endpoint
    headers, faults = [], []
    for name, value in asked.channel.headers:
        known = values.get(name.lower()) if value == MASKED else value
        if known is None or (value == MASKED and not stays):
            faults.append(_masked("needs its value again: another endpoint, or none was kept"))
        else:
            headers.append((name, known))
    return headers, faults[:1]


def _masked(message: str) -> Fault:
    return Fault("Subscription.channel.header", "required", message)


def _audit(tx: Tx, access: Access, row: SubscriptionRow, status: int) -> None:
    kept = audit_row(access, row.updated_at, status, row.id)
    add_audit(tx, replace(kept, patient=row.about or ""))
