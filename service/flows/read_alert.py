"""Read one alert with what people did about it, and what stands beside it in its dyad now."""

from dataclasses import dataclass, replace

from service.alliance.context import ContextLine
from service.errors import NotFound
from service.flows.act_on_alert import AlertWithActs, read_alert_with_acts
from service.flows.deployment import Access, Deployment
from service.flows.patient_references import reference_here
from service.flows.show_trend import TrendQuery, show_trend
from service.store.alerts import AlertRow
from service.store.sight import Sight


@dataclass(frozen=True, slots=True)
class AlertInContext:
    """An alert and the context of its dyad as it is now: no part of the alert, and of no version of it."""

    found: AlertWithActs
    context: tuple[ContextLine, ...]


def read_alert_in_context(
    deployment: Deployment, alert_id: str, access: Access, forms: Sight, language: str | None = None
) -> AlertInContext:
    """Return the current version of an alert in its context; raises ``NotFound``.

    ``forms``: of whose responses the caller may read the words. ``language`` is that of the context.
    """
    found = read_alert_with_acts(deployment, alert_id, access.clinic, access.sight)
    alert = found.alert
    words = tuple(
        one for one in found.words if forms.takes(alert.patient, alert.therapist, one.instrument.perspective)
    )
    return AlertInContext(replace(found, words=words), _context(deployment, alert, access, language))


def _context(
    deployment: Deployment, alert: AlertRow, access: Access, language: str | None
) -> tuple[ContextLine, ...]:
    patient = reference_here(alert.patient, deployment.settings)
    try:
        trend = show_trend(deployment, TrendQuery([patient], language=language), access.clinic, access.sight)
    except NotFound:  # none of the responses beside it are in sight
        return ()
    return trend.context_of(alert.therapist)
