"""A clinic whose subscribers are told, by one clock; its receiver is a route of respx. Nobody here exists."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import respx

from fhir_mappings.subscription import AskedSubscription, Channel
from fhir_mappings.topics import TOPICS
from service.api.sights import find_sight
from service.callers import LOOPBACK, Caller
from service.flows.api_keys import NewKey, create_api_key
from service.flows.deployment import Access, Deployment
from service.flows.notifier import Notifier
from service.flows.notify import notify_next, number_events
from service.flows.record_response import record_response
from service.flows.write_subscription import Author, create_subscription, find_visible, list_visible
from service.http import Http
from service.log import Log
from service.scopes import parse_scopes
from service.store.sight import WHOLE_SIGHT, Sight
from service.store.subscriptions import SubscriptionRow
from tests.service.build import StandingClock, a_deployment, a_response, an_access

HOST = "ehr.north.example"
ENDPOINT = f"https://{HOST}/notices"
BASE = "https://alliance.north.example/fhir"
HOSTS = {"subscription_hosts": (HOST,)}
STEADY = ("36.2", "37.0", "36.4", "37.4")
SECRET = "Bearer canary-of-a-secret"  # noqa: S105 - nobody's


@dataclass
class Clinic:
    """A deployment, the way to its subscribers, and what was sent to them."""

    deployment: Deployment
    clock: StandingClock
    notifier: Notifier
    receiver: respx.Route
    log: io.StringIO

    def subscribe(self, topic: str = "new-score", caller: Caller = LOOPBACK, **changes: Any) -> str:
        """Create a Subscription and return its id; ``changes`` are of the channel or beside it."""
        asked = an_asked(topic, **changes)
        return create_subscription(self.deployment, asked, Author(caller, BASE), access_of(caller)).id

    def record(self, *totals: str, first: int = 5, **changes: Any) -> None:
        """Record sessions one after the other; the fifth is the first that is no history."""
        for session, total in enumerate(totals, first):
            record_response(self.deployment, a_response(session, total, **changes), an_access())

    def tell_all(self) -> None:
        while notify_next(self.notifier):
            pass

    def told(self) -> list[dict[str, Any]]:
        """Return every Bundle that was sent."""
        return [json.loads(call.request.content) for call in self.receiver.calls]

    def row(self, subscription_id: str) -> SubscriptionRow:
        return find_visible(self.deployment, subscription_id, an_access("R"))

    def rows(self) -> list[SubscriptionRow]:
        return list_visible(self.deployment, "", WHOLE_SIGHT)

    def key(self, scopes: str, person: str | None = None) -> Caller:
        """Return whom a new API key stands for."""
        new = NewKey("app", scopes, self.clock() + timedelta(days=30), practitioner=person)
        _, row = create_api_key(self.deployment.database, new, self.clock(), an_access())
        return Caller(f"key {row.id}", scopes=parse_scopes(scopes), user=person, key_id=row.id)


def an_asked(topic: str = "new-score", **changes: Any) -> AskedSubscription:
    facts = {"status": "requested", "filters": (), "reason": "to be told", "end": None}
    channel = {name: value for name, value in changes.items() if name not in facts}
    said = {name: changes.get(name, value) for name, value in facts.items()}
    return AskedSubscription(
        topic=TOPICS[topic], channel=Channel(**({"endpoint": ENDPOINT} | channel)), **said
    )


def access_of(caller: Caller, action: Any = "C") -> Access:
    sight = WHOLE_SIGHT if caller is LOOPBACK else Sight(())
    return Access("default", caller.name, "/fhir/Subscription", action, "request-1", sight=sight)


@contextmanager
def a_clinic(folder: Path, **settings: Any) -> Iterator[Clinic]:
    clock, log = StandingClock(), io.StringIO()
    deployment = a_deployment(folder, clock, **(HOSTS | settings))
    http = Http(frozenset(deployment.settings.subscription_hosts), 60.0)
    notifier = Notifier(deployment, http, partial(find_sight, deployment), Log(log))
    with respx.mock(assert_all_called=False) as router:
        yield Clinic(deployment, clock, notifier, router.post(ENDPOINT).respond(200), log)
    http.close()
    deployment.database.close()


def status_of(bundle: dict[str, Any]) -> dict[str, Any]:
    """Return what the status of a notification says: its values by name, its events as a list."""
    found: dict[str, Any] = {"events": []}
    for one in bundle["entry"][0]["resource"]["parameter"]:
        if one["name"] == "notification-event":
            found["events"].append([(part["name"], _value(part)) for part in one["part"]])
        else:
            found[one["name"]] = _value(one)
    return found


def numbers_of(bundle: dict[str, Any]) -> list[int]:
    return [int(dict(event)["event-number"]) for event in status_of(bundle)["events"]]


def focuses_of(bundle: dict[str, Any]) -> list[str]:
    """Return what each event is about, relative to our base; '' where that is not told."""
    return [dict(event).get("focus", "").removeprefix(f"{BASE}/") for event in status_of(bundle)["events"]]


def _value(part: dict[str, Any]) -> Any:
    value = next(value for key, value in part.items() if key.startswith("value"))
    return value["reference"] if isinstance(value, dict) and "reference" in value else value


def numbered(deployment: Deployment) -> None:
    """Give everything that happened its numbers, and tell nobody."""
    http = Http(frozenset(), 1.0)
    number_events(Notifier(deployment, http, partial(find_sight, deployment), Log(io.StringIO())))
    http.close()
