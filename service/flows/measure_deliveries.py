"""What the deliveries to the EHR come to at this moment, in numbers, for whoever watches the service."""

from collections.abc import Mapping
from dataclasses import dataclass

from service.clock import from_instant
from service.flows.deployment import Deployment
from service.store.deliveries import count_by_state, oldest_under_way
from service.store.troubles import trouble_since


@dataclass(frozen=True, slots=True)
class DeliveryFigures:
    """Deliveries by state; the age in seconds of the oldest that goes on by itself (0: none); trouble."""

    by_state: Mapping[str, int]
    oldest_seconds: float
    ehr_in_trouble: bool


def measure_deliveries(deployment: Deployment, clinic: str) -> DeliveryFigures:
    """Return the figures of one clinic; nothing in them is about a patient."""
    ehr = deployment.settings.ehr_name
    with deployment.database.read() as tx:
        oldest = oldest_under_way(tx, clinic, ehr)
        by_state = count_by_state(tx, clinic)
        in_trouble = trouble_since(tx, clinic, ehr) is not None
    age = (deployment.clock() - from_instant(oldest)).total_seconds() if oldest else 0.0
    return DeliveryFigures(by_state, max(age, 0.0), in_trouble)
