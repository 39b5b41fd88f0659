"""Client and therapist side by side: the sessions that both rated, on forms of one measure and scale."""

from collections.abc import Sequence
from dataclasses import dataclass

from service.alliance.pairs import Pairs, pair_ratings
from service.alliance.parameters import Parameters
from service.flows.hear_beside import is_counterpart
from service.flows.judge_dyad import JUDGED_SCALE
from service.flows.trend_series import TrendSeries


@dataclass(frozen=True, slots=True)
class PairedSeries:
    """The client's and the therapist's series of one dyad, and the sessions that both rated."""

    client: TrendSeries
    therapist: TrendSeries
    pairs: Pairs


def pair_series(series: Sequence[TrendSeries], parameters: Parameters) -> tuple[PairedSeries, ...]:
    """Return every two series of one dyad and measure on the same scale that have a session in common."""
    found = []
    for client in series:
        for therapist in series:
            if _belong_together(client, therapist):
                scale = client.instrument.score_by_id[JUDGED_SCALE]
                own, other = ([judged.point for judged in one.trend.points] for one in (client, therapist))
                pairs = pair_ratings(own, other, float(scale.maximum - scale.minimum), parameters)
                if pairs.pairs:
                    found.append(PairedSeries(client, therapist, pairs))
    return tuple(found)


def _belong_together(client: TrendSeries, therapist: TrendSeries) -> bool:
    same_dyad = client.therapist == therapist.therapist
    return same_dyad and is_counterpart(client.instrument, therapist.instrument)
