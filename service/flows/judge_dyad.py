"""Judge every rating of one dyad against its own series, and follow the dyad's alerts through them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fhir_mappings.instrument import Instrument
from service.alliance.baseline import Judgement
from service.alliance.episodes import Episode, Rated, Standing, follow_whole
from service.alliance.norms import Norm
from service.alliance.standards import Memory, Standard, Standards, judge_by
from service.flows.deployment import Deployment
from service.store.responses import RatingRow

JUDGED_SCALE = "total"


@dataclass(frozen=True, slots=True)
class JudgedDyad:
    """One dyad's ratings in order, what the rules say of each, and the episodes that follow.

    ``judgements``, ``standards`` and ``rows`` are keyed by response id; ratings of instruments without a
    norm, and those without a total, have neither judgement nor standard. ``memories`` hold, by instrument,
    what the next rating needs; ``standing`` is where the episodes stand.
    """

    rows: Mapping[str, RatingRow]
    judgements: Mapping[str, Judgement]
    standards: Mapping[str, Standard]
    episodes: tuple[Episode, ...]
    memories: Mapping[str, Memory]
    standing: Standing

    def raised_by(self, response_id: str) -> tuple[Episode, ...]:
        """Return the episodes that this response opened, raised or raised again."""
        return tuple(
            episode
            for episode in self.episodes
            if any(notice.key == response_id for notice in episode.notices)
        )


def norm_of(
    instrument: Instrument, standards: Standards, received: str, language: str | None = None
) -> Norm | None:
    """Return the norm by which a total received at an instant is judged, or None: it has a trend only.

    Whatever is no measure of the alliance is never judged, though a norm of it were at hand: a bad week must
    not look like a strained alliance.
    """
    if instrument.role != "alliance":
        return None
    return standards.norm_for(instrument.id, JUDGED_SCALE, received, language)


def standard_of(
    instrument: Instrument, standards: Standards, received: str, language: str | None = None
) -> Standard | None:
    """Return norm and rule by which a total received at an instant is judged, or None."""
    norm = norm_of(instrument, standards, received, language)
    return None if norm is None else Standard(norm, standards.rule_at(received))


def judge_dyad(ratings: Sequence[RatingRow], deployment: Deployment, standards: Standards) -> JudgedDyad:
    """Return the judgement of a dyad whose ratings come in order."""
    parameters = deployment.parameters
    judgements: dict[str, Judgement] = {}
    used: dict[str, Standard] = {}
    memories: dict[str, Memory] = {}
    for instrument in {row.instrument for row in ratings}:
        form = deployment.known[instrument]
        series = [row for row in ratings if row.instrument == instrument and row.total is not None]
        by = [standard_of(form, standards, row.received_at, row.language) for row in series]
        judged, memories[instrument] = judge_by([float(row.total or 0) for row in series], by, parameters)
        for row, standard, judgement in zip(series, by, judged, strict=True):
            if standard is not None and judgement is not None:
                used[row.id], judgements[row.id] = standard, judgement
    rated = [
        Rated(row.id, row.instrument, float(row.total or 0), judgements[row.id], row.historical)
        for row in ratings
        if row.id in judgements
    ]
    rows = {row.id: row for row in ratings}
    followed = follow_whole(rated, parameters)
    return JudgedDyad(rows, judgements, used, followed.episodes, memories, followed.standing)
