"""A Subscription as a caller sends it. Nobody here exists."""

from typing import Any

from fhir_mappings.codes import BACKPORT, Names

HOST = "ehr.north.example"
TOPIC = Names().topic("new-score")
Json = dict[str, Any]


def a_subscription(topic: str = TOPIC, filters: tuple[str, ...] = (), **channel: Any) -> Json:
    """Return a Subscription as a caller sends it; a change to None leaves that element of the channel out."""
    told = {
        "type": "rest-hook",
        "endpoint": f"https://{HOST}/told",
        "payload": "application/fhir+json",
    } | channel
    sent = {
        "resourceType": "Subscription",
        "status": "requested",
        "reason": "to be told",
        "criteria": topic,
        "channel": {name: value for name, value in told.items() if value is not None},
    }
    if filters:
        listed = [{"url": f"{BACKPORT}/backport-filter-criteria", "valueString": one} for one in filters]
        sent["_criteria"] = {"extension": listed}
    return sent
