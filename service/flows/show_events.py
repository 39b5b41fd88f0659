"""What a Subscription told, or should have: for a subscriber who missed something."""

from dataclasses import dataclass

from fhir_mappings.notification import Told
from service.flows.deployment import Deployment
from service.flows.notifier import conditions_of
from service.flows.tell_event import tell_event
from service.store.sight import Sight
from service.store.subscriptions import SubscriptionRow
from service.store.topic_events import notices_between

# A subscriber who wants more asks again from the last number on.
MOST_EVENTS = 100


@dataclass(frozen=True, slots=True)
class EventSpan:
    """Which events are asked for, both ends included; content '' is the Subscription's own."""

    first: int
    last: int
    content: str = ""


@dataclass(frozen=True, slots=True)
class ShownEvents:
    """Events in their order; ``alias_rows`` are those of the patients of whom something is told."""

    events: tuple[Told, ...]
    alias_rows: tuple[int, ...]


def show_events(deployment: Deployment, row: SubscriptionRow, sight: Sight, span: EventSpan) -> ShownEvents:
    """Return the first ``MOST_EVENTS`` of the events asked for; what is forgotten is left out."""
    conditions = conditions_of(deployment, row, sight)
    in_full = (span.content or row.content) == "full-resource"
    with deployment.database.read() as tx:
        found = notices_between(tx, row, span.first, span.last, MOST_EVENTS)
        told = [tell_event(tx, deployment, one, conditions, in_full=in_full) for one in found]
    named = {
        notice.event.alias_row for notice, one in zip(found, told, strict=True) if notice.event and one.focus
    }
    return ShownEvents(tuple(told), tuple(sorted(named)))
