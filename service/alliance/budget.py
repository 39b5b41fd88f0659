"""How many notices a clinic gets for its rated sessions, and which threshold would keep to its budget.

No alert is ever held back for the budget's sake: a higher threshold is proposed, and people decide.
Source: the project's notes on alerts, "clinic budget" (at most 5 notices per 100 rated sessions).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from service.alliance.episodes import follow_dyad
from service.alliance.events import Rated
from service.alliance.parameters import Parameters

_STEP = 0.1
_HUNDRED = 100.0


@dataclass(frozen=True, slots=True)
class Proposal:
    """A threshold with the notices per 100 rated sessions that it would have given, had nobody acted."""

    alert_z: float
    per_100: float
    is_within_budget: bool


def per_hundred(notices: int, rated_sessions: int) -> float | None:
    """Return notices per 100 rated sessions, None where no session was rated."""
    return _HUNDRED * notices / rated_sessions if rated_sessions else None


def propose_threshold(
    dyads: Collection[Sequence[Rated]], counted: Collection[str], rated_sessions: int, parameters: Parameters
) -> Proposal:
    """Return the lowest ``alert_z`` within the budget, else the highest there is, which is ``marked_z``.

    ``dyads`` hold every rating of each, in therapy order; notices count at the ratings ``counted`` (keys).
    ``rated_sessions`` is at least 1. Thresholds rise from the present one by tenths.
    """
    tenths = round((parameters.marked_z - parameters.alert_z) / _STEP)
    raised = [round(parameters.alert_z + _STEP * step, 1) for step in range(1, tenths)]
    for alert_z in (*raised, parameters.marked_z):
        notices = sum(_notices(ratings, counted, alert_z, parameters) for ratings in dyads)
        rate = _HUNDRED * notices / rated_sessions
        if rate <= parameters.budget_per_100 or alert_z == parameters.marked_z:
            return Proposal(alert_z, rate, rate <= parameters.budget_per_100)
    raise AssertionError  # the last of them has returned


def _notices(ratings: Sequence[Rated], counted: Collection[str], alert_z: float, rule: Parameters) -> int:
    """Return how many notices one dyad would have given at the counted ratings."""
    episodes = follow_dyad([_judged_by(one, alert_z) for one in ratings], rule)
    told = [notice for episode in episodes for notice in episode.notices]
    return sum(notice.key in counted and not notice.historical for notice in told)


def _judged_by(rating: Rated, alert_z: float) -> Rated:
    """Return a rating with the tier that another threshold gives it: possible becomes a watch below it."""
    z = rating.judgement.z
    if rating.judgement.tier != "possible" or z is None or z >= alert_z:
        return rating
    return replace(rating, judgement=replace(rating.judgement, tier="watch"))
