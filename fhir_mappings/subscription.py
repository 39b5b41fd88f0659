"""A Subscription as it was sent, read with every fault at once; and a kept one as it is served.

Source: hl7.org/fhir/uv/subscriptions-backport (1.1.0), profile backport-subscription, on R4's Subscription.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from fhir_mappings.codes import BACKPORT, Names
from fhir_mappings.elements import Json, extension
from fhir_mappings.errors import Fault, ResourceRefused
from fhir_mappings.structure import check_structure
from fhir_mappings.topics import Topic, topic_at

PROFILE = f"{BACKPORT}/backport-subscription"
CONTENTS = ("empty", "id-only", "full-resource")
MASKED = "********"
MOST_FILTERS = MOST_HEADERS = 10
LONGEST_HEADER, LONGEST_ADDRESS, LONGEST_REASON = 1024, 1024, 255
# Seconds; events in one notification.
HEARTBEATS, TIMEOUTS, COUNTS = range(10, 86_401), range(1, 61), range(1, 101)
_FHIR_JSON = "application/fhir+json"
_HEADER = re.compile(
    r"(?P<name>[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}): ?(?P<value>[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)"
)
# What says how the request is written is ours to say.
_OUR_HEADERS = frozenset(
    {"host", "content-length", "content-type", "content-encoding", "transfer-encoding", "connection"}
    | {"upgrade", "te", "trailer", "expect", "accept", "accept-encoding", "x-request-id", "user-agent"}
)
_KNOWN = frozenset(
    {"resourceType", "id", "meta", "text", "language", "implicitRules", "extension", "status", "end"}
    | {"reason", "criteria", "_criteria", "channel", "error"}
)
_STARTS: Mapping[str, str] = {"requested": "requested", "active": "requested", "off": "off"}

Status = Literal["requested", "active", "error", "off"]


@dataclass(frozen=True, slots=True)
class Channel:
    """Where notices go and how; what was not said is None. ``headers`` are (name, value): secrets."""

    endpoint: str
    content: str = "id-only"
    heartbeat_seconds: int | None = None
    timeout_seconds: int | None = None
    most_events: int | None = None
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class AskedSubscription:
    """What somebody asks to be told. ``status`` is requested or off; ``end`` a moment with its zone.

    ``faults`` are those that the Subscription has by itself; ``topic`` None is among them.
    """

    status: str
    topic: Topic | None
    filters: tuple[str, ...]
    reason: str
    channel: Channel
    end: datetime | None = None
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class SubscriptionFacts:
    """A kept Subscription. Instants are texts; of the headers there are names alone; ``fault`` '': none."""

    id: str
    version: int
    status: str
    topic: str
    filters: tuple[str, ...]
    reason: str
    channel: Channel
    header_names: tuple[str, ...]
    end: str
    last_updated: str
    fault: str = ""


def to_subscription(facts: SubscriptionFacts, names: Names) -> Json:
    """Return a Subscription as it is served: no header's value ever, ``********`` stands for it."""
    filters = [extension(f"{BACKPORT}/backport-filter-criteria", valueString=one) for one in facts.filters]
    return {
        "resourceType": "Subscription",
        "id": facts.id,
        "meta": {"versionId": str(facts.version), "lastUpdated": facts.last_updated, "profile": [PROFILE]},
        "status": facts.status,
        "end": facts.end,
        "reason": facts.reason,
        "criteria": names.topic(facts.topic),
        **({"_criteria": {"extension": filters}} if filters else {}),
        **({"error": facts.fault} if facts.fault else {}),
        "channel": _to_channel(facts.channel, facts.header_names),
    }


def _to_channel(channel: Channel, header_names: Sequence[str]) -> Json:
    said = {
        "backport-heartbeat-period": ("valueUnsignedInt", channel.heartbeat_seconds),
        "backport-timeout": ("valueUnsignedInt", channel.timeout_seconds),
        "backport-max-count": ("valuePositiveInt", channel.most_events),
    }
    extensions = [
        extension(f"{BACKPORT}/{name}", **{kind: value}) for name, (kind, value) in said.items() if value
    ]
    content = extension(f"{BACKPORT}/backport-payload-content", valueCode=channel.content)
    return {
        **({"extension": extensions} if extensions else {}),
        "type": "rest-hook",
        "endpoint": channel.endpoint,
        "payload": _FHIR_JSON,
        "_payload": {"extension": [content]},
        **({"header": [f"{name}: {MASKED}" for name in header_names]} if header_names else {}),
    }


def read_subscription(resource: Json, names: Names) -> AskedSubscription:
    """Return what a Subscription asks for, with its faults; filters and address are for others to judge.

    What only tells of a resource (id, meta, text, error) is not read, nor are extensions of others; another
    element, which would be lost, is a fault. Raises ``ResourceRefused`` for what is not built as FHIR says.
    """
    faults = check_structure(resource)
    if resource.get("resourceType") != "Subscription":
        faults = [Fault("Subscription.resourceType", "wrong-resource-type", "must be Subscription")]
    if faults:
        raise ResourceRefused(faults)
    return _Reading(resource, names).asked()


class _Reading:
    """Reads one Subscription, gathering every fault."""

    def __init__(self, resource: Json, names: Names) -> None:
        self._resource, self._names = resource, names
        self._channel: Json = resource["channel"]
        self._faults: list[Fault] = []

    def asked(self) -> AskedSubscription:
        """Return what is asked for, with every fault."""
        for name in sorted(self._resource.keys() - _KNOWN):
            self._fault(name if name.isalpha() else "", "not-offered", "is not kept here: leave it out")
        status, topic, filters = self._status(), self._topic(), self._filters()
        channel, end = self._read_channel(), self._end()
        reason = str(self._resource["reason"])
        if len(reason) > LONGEST_REASON:
            self._fault("reason", "too-long", f"has at most {LONGEST_REASON} characters")
        return AskedSubscription(status, topic, filters, reason, channel, end, tuple(self._faults))

    def _status(self) -> str:
        status = _STARTS.get(self._resource["status"])
        if status is None:
            self._fault("status", "unknown-choice", "must be requested, or off where it exists")
        return status or "requested"

    def _topic(self) -> Topic | None:
        topic = topic_at(self._resource["criteria"], self._names)
        if topic is None:
            self._fault("criteria", "not-offered", "must be the canonical URL of a topic that metadata lists")
        return topic

    def _filters(self) -> tuple[str, ...]:
        listed = _extensions(self._resource.get("_criteria"), "backport-filter-criteria")
        found = tuple(str(one.get("valueString", "")) for one in listed)
        if len(found) > MOST_FILTERS or any(len(one) > LONGEST_ADDRESS for one in found):
            self._fault("criteria.extension", "too-long", f"are at most {MOST_FILTERS}, and not that long")
        return found

    def _read_channel(self) -> Channel:
        channel = self._channel
        if channel["type"] != "rest-hook" or _extensions(channel.get("_type"), "backport-channel-type"):
            self._fault("channel.type", "not-offered", "must be rest-hook")
        endpoint = str(channel.get("endpoint", ""))
        if not endpoint:
            self._fault("channel.endpoint", "required", "is required")
        if len(endpoint) > LONGEST_ADDRESS:
            self._fault("channel.endpoint", "too-long", f"has at most {LONGEST_ADDRESS} characters")
        if channel.get("payload", _FHIR_JSON).partition(";")[0] != _FHIR_JSON:
            self._fault("channel.payload", "not-offered", f"must be {_FHIR_JSON}")
        return Channel(
            endpoint,
            self._content(),
            self._number("backport-heartbeat-period", HEARTBEATS),
            self._number("backport-timeout", TIMEOUTS),
            self._number("backport-max-count", COUNTS),
            self._headers(),
        )

    def _content(self) -> str:
        said = _extensions(self._channel.get("_payload"), "backport-payload-content")
        content = said[0].get("valueCode") if said else "id-only"
        if content not in CONTENTS or len(said) > 1:
            message = f"must be one of {', '.join(CONTENTS)}"
            self._fault("channel.payload.extension", "unknown-choice", message)
            return "id-only"
        return str(content)

    def _number(self, name: str, takes: range) -> int | None:
        said = _extensions(self._channel, name)
        if not said:
            return None
        value = next((value for key, value in said[0].items() if key.startswith("value")), None)
        if not isinstance(value, int) or isinstance(value, bool) or value not in takes:
            message = f"{name} must be a whole number from {takes.start} to {takes.stop - 1}"
            self._fault("channel.extension", "bad-parameter", message)
            return None
        return value

    def _headers(self) -> tuple[tuple[str, str], ...]:
        given: list[str] = self._channel.get("header", [])
        read = [_HEADER.fullmatch(one) if len(one) <= LONGEST_HEADER else None for one in given]
        found = [(one["name"], one["value"]) for one in read if one]
        low = [name.lower() for name, _ in found]
        if len(found) < len(given) or len(given) > MOST_HEADERS or len(set(low)) < len(low):
            message = f"are at most {MOST_HEADERS}, each once, as 'Name: value' in plain characters"
            self._fault("channel.header", "bad-parameter", message)
        if _OUR_HEADERS & set(low):
            self._fault("channel.header", "not-offered", "sets a header that is ours to set")
        return tuple(found)

    def _end(self) -> datetime | None:
        said = self._resource.get("end")
        if said is None:
            return None
        try:
            end = datetime.fromisoformat(said)
        except ValueError:
            end = None
        if end is None or end.tzinfo is None:
            self._fault("end", "not-a-time", "must be a time with its offset")
            return None
        return end

    def _fault(self, element: str, reason: str, message: str) -> None:
        at = f"Subscription.{element}" if element else "Subscription"
        self._faults.append(Fault(at, reason, message))


def _extensions(element: object, name: str) -> list[Json]:
    """Return the extensions of the backport by this name that an element has."""
    listed = element.get("extension", []) if isinstance(element, dict) else []
    return [one for one in listed if one.get("url") == f"{BACKPORT}/{name}"]
