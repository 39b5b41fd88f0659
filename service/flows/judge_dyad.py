"""Judge every rating of one dyad against its own series, and follow the dyad's alerts through them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fhir_mappings.instrument import Instrument
from service.alliance.baseline import Judgement, judge_ratings
from service.alliance.episodes import Episode, Rated, follow_dyad
from service.alliance.norms import Norm
from service.flows.deployment import Deployment
from service.store.responses import RatingRow

JUDGED_SCALE = "total"


@dataclass(frozen=True, slots=True)
class JudgedDyad:
    """One dyad's ratings in order, what the rule says of each, and the episodes that follow.

    ``judgements`` and ``rows`` are keyed by response id; ratings of instruments without a norm, and those
    without a total, have no judgement.
    """

    rows: Mapping[str, RatingRow]
    judgements: Mapping[str, Judgement]
    episodes: tuple[Episode, ...]

    def raised_by(self, response_id: str) -> tuple[Episode, ...]:
        """Return the episodes that this response opened, raised or raised again."""
        return tuple(
            episode
            for episode in self.episodes
            if any(notice.key == response_id for notice in episode.notices)
        )


def norm_of(instrument: Instrument, norms: Mapping[str, Norm]) -> Norm | None:
    """Return the norm by which an instrument's total is judged, or None: then it has a trend only.

    Whatever is no measure of the alliance is never judged, though a norm of it were at hand: a bad week must
    not look like a strained alliance.
    """
    return norms.get(f"{instrument.id}-{JUDGED_SCALE}") if instrument.role == "alliance" else None


def judge_dyad(ratings: Sequence[RatingRow], deployment: Deployment) -> JudgedDyad:
    """Return the judgement of a dyad whose ratings come in order."""
    parameters = deployment.parameters
    judgements: dict[str, Judgement] = {}
    values: dict[str, float] = {}
    for instrument in {row.instrument for row in ratings}:
        norm = norm_of(deployment.known[instrument], deployment.norms)
        if norm is None:
            continue
        series = [
            (row.id, float(row.total))
            for row in ratings
            if row.instrument == instrument and row.total is not None
        ]
        values.update(series)
        judged = judge_ratings([value for _, value in series], norm, parameters)
        judgements.update(zip((key for key, _ in series), judged, strict=True))
    rated = [
        Rated(row.id, row.instrument, values[row.id], judgements[row.id], row.historical)
        for row in ratings
        if row.id in judgements
    ]
    return JudgedDyad({row.id: row for row in ratings}, judgements, follow_dyad(rated, parameters))
