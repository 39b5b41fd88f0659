"""Run a named rule over simulated clients: every rule for alerts, its variants, check-in prompts, criteria.

Whatever fires, z, level and so recovery are the default rule's: rules then differ in when they fire alone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from types import MappingProxyType

from service.alliance.baseline import Judgement, judge_ratings
from service.alliance.criteria import CRITERIA, look_back
from service.alliance.episodes import follow_dyad
from service.alliance.events import Rated
from service.alliance.metrics import Marked
from service.alliance.norms import Norm
from service.alliance.parameters import Parameters
from service.alliance.rules import DEFAULT_RULE, ONLINE_RULES, Session, follow_series
from service.alliance.simulated import SimulatedClient

WATCH, NOTICES = f"{DEFAULT_RULE}-watch", f"{DEFAULT_RULE}-notices"
# Published for the SRS (36 of 40, 9 of 10, a point of 40); on another range stretched to it. An item's level
# lies a point under its highest mark there too.
_TOTAL_SHARE, _FALL_SHARE = 36 / 40, 1 / 40
_ITEM_BELOW = 1.0
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class _Judged:
    """One client with what the default rule says of each rated session."""

    client: SimulatedClient
    judgements: Sequence[Judgement]
    norm: Norm
    parameters: Parameters

    @property
    def values(self) -> list[float]:
        return [session.total for session in self.client.sessions]

    def marked(self, scores: Sequence[float | None], fired: Sequence[bool]) -> Marked:
        """Return scores and alerts, each with the session at which recovery from it was seen."""
        sessions = self.client.sessions
        alerts = {
            sessions[place].session: self._recovery(place) for place, fires in enumerate(fired) if fires
        }
        return Marked(tuple(scores), alerts)

    def _recovery(self, opened: int) -> int | None:
        sessions = self.client.sessions
        fall = self.judgements[opened].level - sessions[opened].total
        end = opened + 1 + self.parameters.recovery_window
        for session, judgement in zip(
            sessions[opened + 1 : end], self.judgements[opened + 1 : end], strict=True
        ):
            regained = session.total - sessions[opened].total
            near = judgement.z is not None and judgement.z < self.parameters.recovery_z
            if near and regained >= self.parameters.recovery_share * fall:
                return session.session
        return None


Trial = Callable[[_Judged], Marked]


def run_trial(
    name: str, clients: Sequence[SimulatedClient], norm: Norm, parameters: Parameters
) -> list[Marked]:
    """Return what the named rule says of each client, in their order.

    Raises ``KeyError`` for a name that is not in ``TRIALS``.
    """
    trial = TRIALS[name]
    judged = (
        _Judged(
            client, judge_ratings([one.total for one in client.sessions], norm, parameters), norm, parameters
        )
        for client in clients
    )
    return [trial(one) for one in judged]


def _online(name: str) -> Trial:
    def trial(judged: _Judged) -> Marked:
        sessions = [
            Session(one.total, judgement, one.therapist, one.missed, one.unheard)
            for one, judgement in zip(judged.client.sessions, judged.judgements, strict=True)
        ]
        verdicts = follow_series(sessions, judged.norm, judged.parameters, [name])[name]
        return judged.marked([one.score for one in verdicts], [one.fired for one in verdicts])

    return trial


def _watch(judged: _Judged) -> Marked:
    scores = _online(DEFAULT_RULE)(judged).scores
    return judged.marked(scores, [judgement.tier is not None for judgement in judged.judgements])


def _notices(judged: _Judged) -> Marked:
    """Mark the sessions at which a clinician is told something, after the rules against alert fatigue."""
    sessions = judged.client.sessions
    ratings = [
        Rated(str(one.session), "series", one.total, judgement)
        for one, judgement in zip(sessions, judged.judgements, strict=True)
    ]
    told = {
        int(notice.key): episode.repaired_after(notice)
        for episode in follow_dyad(ratings, judged.parameters)
        for notice in episode.notices
    }
    alerts = {session: None if back is None else int(back) for session, back in told.items()}
    return Marked(_online(DEFAULT_RULE)(judged).scores, alerts)


def _prompt(below: Callable[[_Judged, int], float | None]) -> Trial:
    """Mark the sessions that lie below a published level, by how far: from 0 on the prompt shows."""

    def trial(judged: _Judged) -> Marked:
        scores = [below(judged, place) for place in range(len(judged.client.sessions))]
        fired = [score is not None and score >= -_ROUNDING for score in scores]
        return judged.marked(scores, fired)

    return trial


def _below_total(judged: _Judged, place: int) -> float:
    return _level(judged.norm, _TOTAL_SHARE) - judged.values[place]


def _below_item(judged: _Judged, place: int) -> float:
    """Return how far the lowest item lies below its level; it must lie below, not at it."""
    norm, items = judged.norm, judged.client.sessions[place].items
    level = norm.maximum / norm.items - _ITEM_BELOW
    return level - min(items, default=inf) - 2 * _ROUNDING


def _below_last(judged: _Judged, place: int) -> float | None:
    if not place:
        return None
    norm, values = judged.norm, judged.values
    return values[place - 1] - values[place] - _FALL_SHARE * (norm.maximum - norm.minimum)


def _below_any(judged: _Judged, place: int) -> float:
    fall = _below_last(judged, place)
    levels = (_below_total(judged, place), _below_item(judged, place))
    return max(levels if fall is None else (*levels, fall))


def _level(norm: Norm, share: float) -> float:
    return norm.minimum + share * (norm.maximum - norm.minimum)


def _looking_back(name: str) -> Trial:
    def trial(judged: _Judged) -> Marked:
        sessions = judged.client.sessions
        dips = look_back(name, judged.values, judged.norm, judged.parameters)
        alerts = {
            sessions[dip.fell].session: None if dip.returned is None else sessions[dip.returned].session
            for dip in dips
        }
        return Marked((None,) * len(sessions), alerts)

    return trial


PROMPT_TRIALS: Mapping[str, Trial] = MappingProxyType(
    {
        "total-36": _prompt(_below_total),
        "item-9": _prompt(_below_item),
        "fall-1": _prompt(_below_last),
        "any-prompt": _prompt(_below_any),
    }
)
# Everything that can be tried on a folder, in the order of the published table.
TRIALS: Mapping[str, Trial] = MappingProxyType(
    {
        DEFAULT_RULE: _online(DEFAULT_RULE),
        WATCH: _watch,
        NOTICES: _notices,
        **{name: _online(name) for name in ONLINE_RULES if name != DEFAULT_RULE},
        **PROMPT_TRIALS,
        **{name: _looking_back(name) for name in CRITERIA},
    }
)
