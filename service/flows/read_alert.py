"""Read one alert with what people did about it, and what stands beside it in its dyad now."""

from dataclasses import dataclass

from service.alliance.context import ContextLine
from service.flows.act_on_alert import AlertWithActs, read_alert_with_acts
from service.flows.deployment import Deployment
from service.flows.patient_references import reference_here
from service.flows.show_trend import TrendQuery, show_trend


@dataclass(frozen=True, slots=True)
class AlertInContext:
    """An alert and the context of its dyad as it is now: no part of the alert, and of no version of it."""

    found: AlertWithActs
    context: tuple[ContextLine, ...]


def read_alert_in_context(deployment: Deployment, alert_id: str, clinic: str) -> AlertInContext:
    """Return the current version of an alert in its context; raises ``NotFound``."""
    found = read_alert_with_acts(deployment, alert_id, clinic)
    patient = reference_here(found.alert.patient, deployment.settings)
    trend = show_trend(deployment, TrendQuery([patient]), clinic)
    return AlertInContext(found, trend.context_of(found.alert.therapist))
