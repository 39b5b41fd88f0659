"""How the service is used, in numbers that all processes of one database tell alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from service.alliance.budget import per_hundred
from service.clock import as_instant
from service.flows.deployment import Deployment
from service.flows.judge_dyad import judged_instruments
from service.flows.read_standards import read_standards
from service.store.alert_acts import count_notices, count_rated_sessions
from service.store.counts import count_live_alerts, count_recorded, database_seconds

DAYS = 30


@dataclass(frozen=True, slots=True)
class UseFigures:
    """Live alerts by severity; notices and rated sessions of the last 30 days.

    ``per_100`` is None where no session was rated.
    """

    live_alerts: Mapping[str, int]
    notices: int
    rated_sessions: int
    per_100: float | None
    budget_per_100: float


@dataclass(frozen=True, slots=True)
class DatabaseFigures:
    """Versions of responses recorded ever, of all clinics, and how far the database's clock is before ours.

    ``clock_ahead_seconds`` is None where it has no clock of its own.
    """

    recorded: int
    clock_ahead_seconds: float | None


def measure_database(deployment: Deployment) -> DatabaseFigures:
    """Return what one database tells for all its clinics."""
    with deployment.database.across_clinics().read() as tx:
        there = database_seconds(tx)
        ahead = None if there is None else there - deployment.clock().timestamp()
        return DatabaseFigures(count_recorded(tx), ahead)


def measure_use(deployment: Deployment) -> UseFigures:
    """Return the figures of the deployment's clinic; nothing in them is about a patient."""
    now, clinic = deployment.clock(), deployment.clinic
    since = as_instant(now - timedelta(days=DAYS))
    with deployment.database.read() as tx:
        standards = read_standards(tx, deployment, clinic)
        judged = judged_instruments(deployment, standards, as_instant(now))
        notices, rated = (
            count_notices(tx, clinic, since),
            count_rated_sessions(tx, clinic, since, judged),
        )
        return UseFigures(
            live_alerts=count_live_alerts(tx, clinic),
            notices=notices,
            rated_sessions=rated,
            per_100=per_hundred(notices, rated),
            budget_per_100=deployment.parameters.budget_per_100,
        )
