"""What a rule gets right and wrong on simulated clients, counted as the development folder says.

An *alerting session* is a rated session at which the rule fires. A rupture is caught by an alerting session
from its onset up to its last low session, at most three sessions on. Nothing here says how well a rule works
on patients.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from itertools import groupby
from math import floor
from operator import itemgetter

from service.alliance.resampling import RESAMPLES, Estimate, estimate, ratio
from service.alliance.simulated import SimulatedClient, SimulatedEpisode

_LATEST = 3  # sessions after the onset within which an alert still counts as catching it
_EARLY = (2, 3)
_RUPTURE, _NONE = 1, 0


@dataclass(frozen=True, slots=True)
class Marked:
    """What a rule said of one client's rated sessions: a score each, or None, and the alerts.

    ``alerts``: number of an alerting session -> the session at which recovery was seen, or None.
    """

    scores: tuple[float | None, ...]
    alerts: dict[int, int | None]


@dataclass(frozen=True, slots=True)
class Metrics:
    """The figures of one rule; None where nothing was there to count.

    ``false_per_100`` and ``alerts_per_100`` are per 100 rated sessions, ``delay`` in sessions, all others
    from 0 to 1. ``sens_at_3`` and ``sens_at_5``: visible ruptures caught when only the rule's threshold is
    moved so that it gives three (five) false alerts per 100; ``early``: the latter with onset at session 2
    or 3.
    """

    sens_visible: float | None
    sens_all: float | None
    false_per_100: float | None
    alerts_per_100: float | None
    ppv: float | None
    delay: float | None
    auc: float | None
    sens_at_3: float | None
    sens_at_5: float | None
    early: float | None
    repair_right: float | None


NAMES = tuple(field.name for field in fields(Metrics))


def measure(clients: Sequence[SimulatedClient], marked: Sequence[Marked]) -> Metrics:
    """Return the figures of a rule over all clients; ``marked`` is in the order of ``clients``."""
    return _Tally(clients, marked).metrics(range(len(clients)))


def estimate_rule(
    clients: Sequence[SimulatedClient], marked: Sequence[Marked], resamples: int = RESAMPLES
) -> dict[str, Estimate]:
    """Return every figure of ``Metrics`` by name with its interval."""
    tally = _Tally(clients, marked)
    return estimate(len(clients), lambda drawn: asdict(tally.metrics(drawn)), resamples)


def window(episode: SimulatedEpisode, before: int = 0) -> range:
    """Return the sessions at which an alert catches a rupture, from so many ahead of its onset on."""
    return range(episode.onset - before, min(episode.last_low, episode.onset + _LATEST) + 1)


@dataclass(frozen=True, slots=True)
class _Caught:
    """One rupture: how many sessions its first alert came after it, and the highest score in its window."""

    visible: bool
    early: bool
    delay: int | None
    highest: float | None


@dataclass(frozen=True, slots=True)
class _Counts:
    """One client in numbers, so that a resample only adds them up."""

    rated: int
    false: int
    true: int
    caught: tuple[_Caught, ...]
    matched: int
    right: int


class _Tally:
    """The clients of one world as one rule saw them."""

    def __init__(self, clients: Sequence[SimulatedClient], marked: Sequence[Marked]) -> None:
        self._counts = [_count(client, said) for client, said in zip(clients, marked, strict=True)]
        scored = [
            (score, session.truth, place)
            for place, (client, said) in enumerate(zip(clients, marked, strict=True))
            for session, score in zip(client.sessions, said.scores, strict=True)
            if score is not None and session.truth in (_NONE, _RUPTURE)
        ]
        scored.sort(key=itemgetter(0), reverse=True)
        self._groups = [
            (score, [(truth, place) for _, truth, place in tied])
            for score, tied in groupby(scored, key=itemgetter(0))
        ]
        self._quiet = [(score, place) for score, truth, place in scored if truth == _NONE]

    def metrics(self, drawn: Sequence[int]) -> Metrics:
        times = Counter(drawn)
        weights = [times[place] for place in range(len(self._counts))]
        counted = [(self._counts[place], weight) for place, weight in times.items()]
        rated = sum(one.rated * weight for one, weight in counted)
        false = sum(one.false * weight for one, weight in counted)
        true = sum(one.true * weight for one, weight in counted)
        matched = sum(one.matched * weight for one, weight in counted)
        right = sum(one.right * weight for one, weight in counted)
        episodes = [(caught, weight) for one, weight in counted for caught in one.caught]
        visible = [(caught, weight) for caught, weight in episodes if caught.visible]
        early = [(caught, weight) for caught, weight in visible if caught.early]
        delays = [(caught.delay, weight) for caught, weight in episodes if caught.delay is not None]
        at_3, at_5 = (self._threshold(weights, floor(share * rated)) for share in (0.03, 0.05))
        return Metrics(
            sens_visible=_share_caught(visible),
            sens_all=_share_caught(episodes),
            false_per_100=ratio(100 * false, rated),
            alerts_per_100=ratio(100 * (false + true), rated),
            ppv=ratio(true, false + true),
            delay=ratio(sum(delay * weight for delay, weight in delays), sum(w for _, w in delays)),
            auc=self._auc(weights),
            sens_at_3=_share_above(visible, at_3),
            sens_at_5=_share_above(visible, at_5),
            early=_share_above(early, at_5),
            repair_right=ratio(right, matched),
        )

    def _threshold(self, weights: Sequence[int], allowed: int) -> float:
        """Return the score above which at most so many sessions without a rupture alert."""
        for score, place in self._quiet:
            allowed -= weights[place]
            if allowed < 0:
                return score
        return float("-inf")

    def _auc(self, weights: Sequence[int]) -> float | None:
        ruptures = quiet = beaten = 0.0
        for _, tied in self._groups:  # from the highest score down
            here = [0, 0]
            for truth, place in tied:
                here[truth] += weights[place]
            beaten += here[_NONE] * (ruptures + here[_RUPTURE] / 2)
            ruptures += here[_RUPTURE]
            quiet += here[_NONE]
        return ratio(beaten, ruptures * quiet)


def _count(client: SimulatedClient, said: Marked) -> _Counts:
    truth = {session.session: session.truth for session in client.sessions}
    scores = dict(zip(truth, said.scores, strict=True))
    alerting = sorted(session for session in said.alerts if session in truth)
    caught = tuple(_catch(episode, alerting, scores) for episode in client.episodes)
    matched = match_alerts(client.episodes, alerting)
    right = sum((said.alerts[alert] is not None) == episode.repaired for episode, alert in matched)
    return _Counts(
        rated=len(truth),
        false=sum(truth[session] == _NONE for session in alerting),
        true=sum(truth[session] == _RUPTURE for session in alerting),
        caught=caught,
        matched=len(matched),
        right=right,
    )


def match_alerts(
    episodes: Sequence[SimulatedEpisode], alerting: Sequence[int]
) -> list[tuple[SimulatedEpisode, int]]:
    """Return each rupture with the earliest alerting session not yet used, from one before its onset on."""
    unused, matched = list(alerting), []
    for episode in episodes:
        alert = next((session for session in unused if session in window(episode, before=1)), None)
        if alert is not None:
            unused.remove(alert)
            matched.append((episode, alert))
    return matched


def _catch(episode: SimulatedEpisode, alerting: Sequence[int], scores: dict[int, float | None]) -> _Caught:
    inside = window(episode)
    first = bisect_left(alerting, episode.onset)
    hit = first < len(alerting) and alerting[first] in inside
    seen = [score for session in inside if (score := scores.get(session)) is not None]
    return _Caught(
        visible=episode.visible,
        early=episode.onset in _EARLY,
        delay=alerting[first] - episode.onset if hit else None,
        highest=max(seen, default=None),
    )


def _share_caught(episodes: Sequence[tuple[_Caught, int]]) -> float | None:
    caught = sum(weight for one, weight in episodes if one.delay is not None)
    return ratio(caught, sum(weight for _, weight in episodes))


def _share_above(episodes: Sequence[tuple[_Caught, int]], threshold: float) -> float | None:
    above = sum(weight for one, weight in episodes if one.highest is not None and one.highest > threshold)
    return ratio(above, sum(weight for _, weight in episodes))
