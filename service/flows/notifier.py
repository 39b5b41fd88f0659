"""What tells a clinic's subscribers works with, and what a Subscription may be told now."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from fhir_mappings import json_text
from fhir_mappings.notification import Standing
from fhir_mappings.topics import TOPICS
from service.callers import LOOPBACK, Caller
from service.clock import as_instant
from service.flows.api_keys import is_key_valid
from service.flows.deployment import Deployment
from service.flows.name_person import name_in
from service.flows.notice_filters import read_filters
from service.flows.write_subscription import needs_of
from service.http import Http
from service.log import Log
from service.scopes import Need, parse_scopes
from service.store.conditions import Always, Condition
from service.store.database import Tx
from service.store.sight import Sight, join_sights
from service.store.subscriptions import SubscriptionRow
from service.store.views import Kind

# What of the clinic a caller has in sight for one need (``service/api/sights.py``).
SightOf = Callable[[Caller, Need], Sight]
_KINDS: dict[str, Kind] = {"Observation": "observation", "DetectedIssue": "work"}


@dataclass(frozen=True, slots=True)
class Notifier:
    """The way to one clinic's subscribers."""

    deployment: Deployment
    http: Http
    sight_of: SightOf
    log: Log

    @property
    def clinic(self) -> str:
        """Whose subscribers they are."""
        return self.deployment.clinic

    def now(self) -> str:
        """Return the moment, as stored."""
        return as_instant(self.deployment.clock())

    def later(self, seconds: float) -> str:
        """Return the instant so many seconds from now."""
        return as_instant(self.deployment.clock() + timedelta(seconds=seconds))


def kind_of_topic(topic_id: str) -> Kind:
    """Return among which things the focus of a topic is looked for."""
    return _KINDS[TOPICS[topic_id].focus]


def conditions_of(deployment: Deployment, row: SubscriptionRow, sight: Sight) -> tuple[Condition, ...]:
    """Return what an event must fulfil: the filters, and what is in sight.

    Nothing fulfils it where a filter means nothing any more, such as an instrument that is gone.
    """
    filters = read_filters(TOPICS[row.topic], json_text.loads(row.filters), deployment)
    if filters.faults or not sight.parts:
        return (Always(holds=False),)
    return (*filters.conditions, *sight.conditions_on(kind_of_topic(row.topic)))


def sight_of_subscription(tx: Tx, notifier: Notifier, row: SubscriptionRow) -> Sight:
    """Return what the caller of a Subscription has in sight, by what was kept of it and the settings now."""
    settings = notifier.deployment.settings
    caller = Caller(
        name=row.caller,
        clinic=row.clinic,
        scopes=parse_scopes(row.scopes),
        user=row.person,
        patient=row.patient,
        supervises=row.supervises,
        patients_see_alerts=settings.patients_see_alerts,
        patients_see_therapist_forms=settings.patients_see_therapist_forms,
    )
    needs = needs_of(TOPICS[row.topic], row.content)
    caller = name_in(tx, settings, caller)
    return join_sights([notifier.sight_of(caller, need) for need in needs])


def find_end(tx: Tx, notifier: Notifier, row: SubscriptionRow, now: str) -> str:
    """Return why a Subscription ends now, in words; '' where it goes on."""
    settings = notifier.deployment.settings
    if row.end_at <= now:
        return "its end has come"
    if row.credential == LOOPBACK.name:
        return "callers are configured since it was created" if settings.has_callers else ""
    if row.credential == "token":
        return "" if settings.token_issuer else "tokens count here no more"
    key_id = row.credential.removeprefix("key ")
    counts = settings.api_keys and is_key_valid(tx, row.clinic, key_id, now)
    return "" if counts else "the API key that it was created with counts no more"


def standing_of(row: SubscriptionRow, *, content: str = "", events: int | None = None) -> Standing:
    """Return how a Subscription stands, for the mappers; maybe with another content."""
    return Standing(
        id=row.id,
        base=row.base,
        topic=row.topic,
        status=row.status,
        content=content or row.content,
        events=row.events if events is None else events,
        fault=row.fault,
    )


def held(rows: Sequence[SubscriptionRow], topic_id: str, now: str) -> list[SubscriptionRow]:
    """Return those that count the events of a topic: all but those that are off or over."""
    return [one for one in rows if one.topic == topic_id and one.status != "off" and one.end_at > now]
