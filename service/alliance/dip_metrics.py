"""What a criterion that looks back finds on simulated clients. Nothing here says how it works on patients."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

from service.alliance.metrics import Marked, match_alerts
from service.alliance.resampling import RESAMPLES, Estimate, estimate, ratio
from service.alliance.simulated import SimulatedClient

_NONE = 0


@dataclass(frozen=True, slots=True)
class DipMetrics:
    """The figures of one criterion; None where nothing was there to count.

    ``flagged`` and ``with_return``: share of clients with something found, and with something found that had
    returned. A rupture meets the earliest dip from one session before its onset on; ``false_per_100``: dips
    that met none, at sessions without a rupture, per 100 rated sessions.
    """

    flagged: float | None
    with_return: float | None
    sens_visible: float | None
    false_per_100: float | None
    repair_right: float | None


DIP_NAMES = tuple(field.name for field in fields(DipMetrics))


def measure_dips(clients: Sequence[SimulatedClient], marked: Sequence[Marked]) -> DipMetrics:
    """Return the figures of a criterion over all clients; ``marked`` is in the order of ``clients``."""
    return _add_up([_count(*one) for one in zip(clients, marked, strict=True)], range(len(clients)))


def estimate_dips(
    clients: Sequence[SimulatedClient], marked: Sequence[Marked], resamples: int = RESAMPLES
) -> dict[str, Estimate]:
    """Return every figure of ``DipMetrics`` by name with its interval."""
    counts = [_count(*one) for one in zip(clients, marked, strict=True)]
    return estimate(len(clients), lambda drawn: asdict(_add_up(counts, drawn)), resamples)


def _count(client: SimulatedClient, said: Marked) -> Counter[str]:
    truth = {session.session: session.truth for session in client.sessions}
    matched = match_alerts(client.episodes, sorted(said.alerts))
    met = {dip for _, dip in matched}
    return Counter(
        flagged=bool(said.alerts),
        returned=any(back is not None for back in said.alerts.values()),
        visible=sum(episode.visible for episode in client.episodes),
        seen=sum(episode.visible for episode, _ in matched),
        false=sum(truth[dip] == _NONE for dip in said.alerts if dip not in met),
        rated=len(truth),
        matched=len(matched),
        right=sum((said.alerts[dip] is not None) == episode.repaired for episode, dip in matched),
    )


def _add_up(counts: Sequence[Counter[str]], drawn: Sequence[int]) -> DipMetrics:
    total: Counter[str] = Counter()
    for place in drawn:
        for name, count in counts[place].items():
            total[name] += count
    return DipMetrics(
        flagged=ratio(total["flagged"], len(drawn)),
        with_return=ratio(total["returned"], len(drawn)),
        sens_visible=ratio(total["seen"], total["visible"]),
        false_per_100=ratio(100 * total["false"], total["rated"]),
        repair_right=ratio(total["right"], total["matched"]),
    )
