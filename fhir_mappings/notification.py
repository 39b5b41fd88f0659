"""What a subscriber is told: a Bundle of type history whose first entry says how its Subscription stands.

In R4 the status is a Parameters resource, and event numbers are strings.
Source: hl7.org/fhir/uv/subscriptions-backport (1.1.0), profiles backport-subscription-notification-r4 and
backport-subscription-status-r4.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import NAMESPACE_URL, uuid5

from fhir_mappings.codes import BACKPORT, Names
from fhir_mappings.elements import Json, reference

STATUS_PROFILE = f"{BACKPORT}/backport-subscription-status-r4"
NOTIFICATION_PROFILE = f"{BACKPORT}/backport-subscription-notification-r4"
NoticeType = Literal["handshake", "heartbeat", "event-notification", "query-status", "query-event"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a Subscription stands. ``base`` is the address of our door; ``events`` how many there ever were."""

    id: str
    base: str
    topic: str
    status: str
    content: str
    events: int
    fault: str = ""

    @property
    def address(self) -> str:
        """The Subscription's own address."""
        return f"{self.base}/Subscription/{self.id}"


@dataclass(frozen=True, slots=True)
class Told:
    """One event: its number, its moment, and what it is about; nothing where that is withheld.

    ``focus`` and ``context`` are our own references (``Observation/r-7.panel``); ``resources`` are those of
    them that go along in full. ``created``: the focus is new.
    """

    number: int
    at: str
    focus: str = ""
    context: tuple[str, ...] = ()
    resources: tuple[Json, ...] = ()
    created: bool = True


def to_status(standing: Standing, kind: NoticeType, events: Sequence[Told], names: Names) -> Json:
    """Return the status of a Subscription as Parameters, with these events in it.

    With content ``empty`` neither the topic nor what an event is about is told.
    """
    told = standing.content != "empty"
    topic = [_value("topic", valueCanonical=names.topic(standing.topic))] if told else []
    error = [_value("error", valueCodeableConcept={"text": standing.fault})] if standing.fault else []
    numbers = ",".join(str(one.number) for one in events)
    return {
        "resourceType": "Parameters",
        "id": str(uuid5(NAMESPACE_URL, f"{standing.address}|{kind}|{standing.events}|{numbers}")),
        "meta": {"profile": [STATUS_PROFILE]},
        "parameter": [
            _value("subscription", valueReference=reference(standing.address)),
            *topic,
            _value("status", valueCode=standing.status),
            _value("type", valueCode=kind),
            _value("events-since-subscription-start", valueString=str(standing.events)),
            *(_event(one, standing.base if told else "") for one in events),
            *error,
        ],
    }


def to_notification(
    standing: Standing, kind: NoticeType, events: Sequence[Told], names: Names, moment: str
) -> Json:
    """Return the notification: the status, then what goes along in full; ``moment`` is an instant.

    The same events at another moment differ in nothing but that.
    """
    status = to_status(standing, kind, events, names)
    entries = [_status_entry(status, standing)]
    if standing.content == "full-resource":
        entries += [_resource_entry(event, one, standing.base) for event in events for one in event.resources]
    return {
        "resourceType": "Bundle",
        "id": str(uuid5(NAMESPACE_URL, f"{status['id']}|{moment}")),
        "meta": {"profile": [NOTIFICATION_PROFILE]},
        "type": "history",
        "timestamp": moment,
        "entry": entries,
    }


def to_statuses(standings: Sequence[Standing], names: Names, base: str) -> Json:
    """Return the answer to ``$status``: a searchset with the status of each Subscription."""
    found = [to_status(one, "query-status", (), names) for one in standings]
    entries = [
        {"fullUrl": f"urn:uuid:{one['id']}", "resource": one, "search": {"mode": "match"}} for one in found
    ]
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(entries),
        "link": [{"relation": "self", "url": f"{base}/Subscription/$status"}],
        **({"entry": entries} if entries else {}),
    }


def _status_entry(status: Json, standing: Standing) -> Json:
    return {
        "fullUrl": f"urn:uuid:{status['id']}",
        "resource": status,
        "request": {"method": "GET", "url": f"{standing.address}/$status"},
        "response": {"status": "200"},
    }


def _resource_entry(event: Told, resource: Json, base: str) -> Json:
    kind, logical_id = resource["resourceType"], resource["id"]
    is_new = event.created and event.focus == f"{kind}/{logical_id}"
    request = {"method": "POST", "url": kind} if is_new else {"method": "PUT", "url": f"{kind}/{logical_id}"}
    return {
        "fullUrl": f"{base}/{kind}/{logical_id}",
        "resource": resource,
        "request": request,
        "response": {"status": "201" if is_new else "200"},
    }


def _event(event: Told, base: str) -> Json:
    """Return one event; without a base nothing is told of what it is about."""
    parts = [
        _value("event-number", valueString=str(event.number)),
        _value("timestamp", valueInstant=event.at),
    ]
    if base and event.focus:
        parts.append(_value("focus", valueReference=reference(f"{base}/{event.focus}")))
        parts += [
            _value("additional-context", valueReference=reference(f"{base}/{one}")) for one in event.context
        ]
    return {"name": "notification-event", "part": parts}


def _value(name: str, **value: object) -> Json:
    return {"name": name, **value}
