"""How many notices a clinic got for its rated sessions lately, beside its budget; over it, a proposal."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter

from service.alliance.budget import Proposal, per_hundred, propose_threshold
from service.alliance.rules import DEFAULT_RULE
from service.alliance.standards import Standards
from service.clock import as_instant
from service.flows.deployment import Deployment
from service.flows.judge_dyad import judged_instruments, rate_dyad
from service.flows.list_alerts import as_rating_row
from service.flows.read_standards import read_standards
from service.store.alert_acts import count_notices, count_rated_sessions
from service.store.database import Tx
from service.store.patient_ratings import ratings_of_recent_dyads


@dataclass(frozen=True, slots=True)
class AlertBudget:
    """The realised rate of notices since an instant; ``per_100`` None: no session was rated.

    ``proposal`` is there where the rate is over the budget and the rule is the default, whose threshold it
    proposes; every alert is raised all the same.
    """

    since: str
    as_of: str
    rated_sessions: int
    notices: int
    per_100: float | None
    budget_per_100: float
    alert_z: float
    proposal: Proposal | None

    @property
    def is_over(self) -> bool:
        """Whether more was told than the budget allows."""
        return self.per_100 is not None and self.per_100 > self.budget_per_100


def show_alert_budget(deployment: Deployment, days: int, clinic: str) -> AlertBudget:
    """Return the budget's use over the last ``days``; historical alerts and late ratings do not count."""
    now = deployment.clock()
    since, parameters = as_instant(now - timedelta(days=days)), deployment.parameters
    with deployment.database.read() as tx:
        standards = read_standards(tx, deployment, clinic)
        judged = judged_instruments(deployment, standards, as_instant(now))
        notices = count_notices(tx, clinic, since)
        rated = count_rated_sessions(tx, clinic, since, judged)
        rate = per_hundred(notices, rated)
        is_over = rate is not None and rate > parameters.budget_per_100
        by_threshold = standards.rule_at(as_instant(now)) == DEFAULT_RULE
        can_propose = is_over and by_threshold
        proposal = (
            _propose(tx, deployment, clinic, since, rated, standards=standards) if can_propose else None
        )
    return AlertBudget(
        since=since,
        as_of=as_instant(now),
        rated_sessions=rated,
        notices=notices,
        per_100=rate,
        budget_per_100=parameters.budget_per_100,
        alert_z=parameters.alert_z,
        proposal=proposal,
    )


def _propose(
    tx: Tx, deployment: Deployment, clinic: str, since: str, rated_sessions: int, *, standards: Standards
) -> Proposal:
    ratings = ratings_of_recent_dyads(tx, clinic, since)
    by_dyad = groupby(sorted(ratings, key=attrgetter("dyad_row")), key=attrgetter("dyad_row"))
    dyads = [rate_dyad([as_rating_row(one) for one in rows], deployment, standards) for _, rows in by_dyad]
    counted = {one.id for one in ratings if as_instant(datetime.fromisoformat(one.authored)) >= since}
    return propose_threshold(dyads, counted, rated_sessions, deployment.parameters)
