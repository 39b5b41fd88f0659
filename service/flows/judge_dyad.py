"""Judge every rating of one dyad against its own series, and follow the dyad's alerts through them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from fhir_mappings.instrument import Instrument
from service.alliance.baseline import Judgement
from service.alliance.episodes import Episode, Standing, follow_whole
from service.alliance.events import Event, Rated, Settlement
from service.alliance.norms import Norm
from service.alliance.standards import Memory, Standard, Standards, judge_by
from service.flows.deployment import Deployment
from service.flows.read_reports import Report, as_reported, read_reports
from service.store.responses import DyadRating, RatingRow, place_of

JUDGED_SCALE = "total"


@dataclass(frozen=True, slots=True)
class JudgedDyad:
    """One dyad's ratings in order, what the rules say of each, and the episodes that follow.

    ``judgements``, ``standards`` and ``rows`` are keyed by response id; ratings of instruments without a
    norm, and those without a total, have neither judgement nor standard. ``reports``, by response id too,
    are what people said of strain. ``memories`` hold, by instrument, what the next rating needs;
    ``standing`` is where the episodes stand.
    """

    rows: Mapping[str, RatingRow]
    judgements: Mapping[str, Judgement]
    standards: Mapping[str, Standard]
    reports: Mapping[str, Report]
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


def judged_instruments(deployment: Deployment, standards: Standards, received: str) -> list[str]:
    """Return the ids of the instruments whose ratings received at an instant are judged, in some language."""
    return [
        form.id
        for form in deployment.known.values()
        if form.role == "alliance" and standards.has_norm(form.id, JUDGED_SCALE, received)
    ]


def standard_of(
    instrument: Instrument, standards: Standards, received: str, language: str | None = None
) -> Standard | None:
    """Return norm and rule by which a total received at an instant is judged, or None."""
    norm = norm_of(instrument, standards, received, language)
    return None if norm is None else Standard(norm, standards.rule_at(received))


def judge_dyad(
    ratings: Sequence[RatingRow],
    deployment: Deployment,
    standards: Standards,
    settlements: Collection[Settlement] = (),
) -> JudgedDyad:
    """Return the judgement of a dyad whose ratings come in order.

    ``settlements`` are what people said of its alerts: they bear on its episodes alone.
    """
    parameters = deployment.parameters
    series = _judge_series(ratings, deployment, standards)
    reports = read_reports(ratings, deployment.known, parameters)
    events: dict[str, Event] = {one.key: one for one in _in_order(ratings, series)}
    events |= {row.id: as_reported(row, reports[row.id], parameters) for row in ratings if row.id in reports}
    in_order = [events[row.id] for row in ratings if row.id in events]
    followed = follow_whole(in_order, parameters, settlements)
    return JudgedDyad(
        rows={row.id: row for row in ratings},
        judgements=series.judgements,
        standards=series.standards,
        reports=reports,
        episodes=followed.episodes,
        memories=series.memories,
        standing=followed.standing,
    )


def rate_dyad(ratings: Sequence[RatingRow], deployment: Deployment, standards: Standards) -> list[Rated]:
    """Return the ratings of a dyad that a norm judges, in their order, each against its own series."""
    return _in_order(ratings, _judge_series(ratings, deployment, standards))


@dataclass(frozen=True, slots=True)
class _JudgedSeries:
    """Every series of a dyad, each judged by itself; the fields are those of ``JudgedDyad``."""

    judgements: Mapping[str, Judgement]
    standards: Mapping[str, Standard]
    memories: Mapping[str, Memory]


def _judge_series(
    ratings: Sequence[RatingRow], deployment: Deployment, standards: Standards
) -> _JudgedSeries:
    judgements: dict[str, Judgement] = {}
    used: dict[str, Standard] = {}
    memories: dict[str, Memory] = {}
    for instrument in {row.instrument for row in ratings}:
        form = deployment.known[instrument]
        series = [row for row in ratings if row.instrument == instrument and row.total is not None]
        by = [standard_of(form, standards, row.received_at, row.language) for row in series]
        values = [float(row.total or 0) for row in series]
        judged, memories[instrument] = judge_by(values, by, deployment.parameters)
        for row, standard, judgement in zip(series, by, judged, strict=True):
            if standard is not None and judgement is not None:
                used[row.id], judgements[row.id] = standard, judgement
    return _JudgedSeries(judgements, used, memories)


def _in_order(ratings: Sequence[RatingRow], series: _JudgedSeries) -> list[Rated]:
    judgements = series.judgements
    return [
        Rated(row.id, row.instrument, float(row.total or 0), judgements[row.id], row.historical, _place(row))
        for row in ratings
        if row.id in judgements
    ]


def _place(row: RatingRow) -> str:
    return place_of(row) if isinstance(row, DyadRating) else ""
