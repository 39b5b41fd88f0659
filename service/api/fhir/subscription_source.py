"""Subscriptions as the door shows them, to who created them and to who reaches all of the clinic."""

from dataclasses import dataclass

from fhir_mappings import json_text
from fhir_mappings.subscription import Channel, SubscriptionFacts, to_subscription
from service.api.fhir.answers import Shown, ShownPage
from service.api.fhir.definition_search import DefinitionCondition, fits
from service.api.fhir.search_request import SearchRequest
from service.errors import NotFound
from service.flows.deployment import Deployment
from service.flows.search_chart import NO_SUCH
from service.flows.write_subscription import list_visible
from service.store.sight import WHOLE_SIGHT, Sight
from service.store.subscriptions import SubscriptionRow


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """The Subscriptions of a clinic; who does not reach all of it finds its own."""

    deployment: Deployment
    sight: Sight = WHOLE_SIGHT

    def read(self, resource_id: str) -> Shown:
        """Return one, for who reaches all; raises ``NotFound``. Others read by a route of its own."""
        rows = list_visible(self.deployment, "", self.sight)
        found = next((one for one in rows if one.id == resource_id), None)
        if found is None:
            raise NotFound(NO_SUCH)
        return show_subscription(found, self.deployment)

    def read_version(self, resource_id: str, version: str) -> Shown:
        """Return the one version that is kept of a Subscription; raises ``NotFound``."""
        shown = self.read(resource_id)
        if version != shown.tag:
            raise NotFound(NO_SUCH)
        return shown

    def search(self, asked: SearchRequest) -> ShownPage:
        """Return one page, the newest change first unless the caller asks for the last."""
        wanted = [one for one in asked.asked if isinstance(one, DefinitionCondition)]
        rows = list_visible(self.deployment, asked.caller, self.sight)
        shown = [show_subscription(one, self.deployment) for one in rows]
        found = [one for one in shown if all(fits(_searched(one), each) for each in wanted)]
        found.sort(key=lambda one: (one.updated or "", one.resource["id"]), reverse=asked.page.newest_first)
        start = asked.page.after[1] if asked.page.after else 0
        end = start + asked.page.limit
        after = ("", end) if start < end < len(found) else None
        return ShownPage(found[start:end], len(found) if asked.counted else None, after)


def show_subscription(row: SubscriptionRow, deployment: Deployment) -> Shown:
    """Return a Subscription as it is served; the values of its headers are not even read."""
    facts = SubscriptionFacts(
        id=row.id,
        version=row.version,
        status=row.status,
        topic=row.topic,
        filters=tuple(json_text.loads(row.filters)),
        reason=row.reason,
        channel=Channel(
            row.endpoint, row.content, row.heartbeat_seconds, row.timeout_seconds, row.most_events
        ),
        header_names=tuple(json_text.loads(row.header_names)),
        end=row.end_at,
        last_updated=row.updated_at,
        fault=row.fault,
    )
    resource = to_subscription(facts, deployment.names)
    return Shown(resource, str(row.version), row.updated_at, row.about or "")


def _searched(shown: Shown) -> dict[str, object]:
    return shown.resource | {"url": shown.resource["channel"]["endpoint"]}
