"""Judge every rating of one dyad against its own series, and follow the dyad's alerts through them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from fhir_mappings.instrument import Instrument
from service.alliance.baseline import Judgement, judge_ratings
from service.alliance.episodes import Episode, Event, Rated, Settlement, follow_dyad
from service.alliance.norms import Norm
from service.flows.deployment import Deployment
from service.flows.read_reports import Report, as_reported, read_reports
from service.store.responses import DyadRating, RatingRow, place_of

JUDGED_SCALE = "total"


@dataclass(frozen=True, slots=True)
class JudgedDyad:
    """One dyad's ratings in order, what the rule says of each, and the episodes that follow.

    ``judgements`` and ``rows`` are keyed by response id; ratings of instruments without a norm, and those
    without a total, have no judgement. ``reports``, by response id too, are what people said of strain.
    """

    rows: Mapping[str, RatingRow]
    judgements: Mapping[str, Judgement]
    reports: Mapping[str, Report]
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


def judge_dyad(
    ratings: Sequence[RatingRow], deployment: Deployment, settlements: Collection[Settlement] = ()
) -> JudgedDyad:
    """Return the judgement of a dyad whose ratings come in order.

    ``settlements`` are what people said of its alerts: they bear on its episodes alone.
    """
    rows = {row.id: row for row in ratings}
    rated = rate_dyad(ratings, deployment)
    reports = read_reports(ratings, deployment.known, deployment.parameters)
    events: dict[str, Event] = {one.key: one for one in rated}
    events |= {key: as_reported(rows[key], report, deployment.parameters) for key, report in reports.items()}
    in_order = [events[key] for key in rows if key in events]
    episodes = follow_dyad(in_order, deployment.parameters, settlements)
    return JudgedDyad(rows, {one.key: one.judgement for one in rated}, reports, episodes)


def rate_dyad(ratings: Sequence[RatingRow], deployment: Deployment) -> list[Rated]:
    """Return the ratings of a dyad that a norm judges, in their order, each against its own series."""
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
        judged = judge_ratings([value for _, value in series], norm, deployment.parameters)
        judgements.update(zip((key for key, _ in series), judged, strict=True))
    return [
        Rated(row.id, row.instrument, values[row.id], judgements[row.id], row.historical, _place(row))
        for row in ratings
        if row.id in judgements
    ]


def _place(row: RatingRow) -> str:
    return place_of(row) if isinstance(row, DyadRating) else ""
