"""How one series of an alliance moves: level, slope, usual range of the next rating, coverage and gaps.

One series is one instrument, filled by one perspective, in one dyad. Two raters are two series, each against
its own baseline; the gap between them is never judged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from service.alliance.baseline import Interval, Judgement, Outlook, is_low_start, judge_ratings, outlook
from service.alliance.change import Change, judge_change
from service.alliance.coverage import Coverage, Gap, SeriesPoint, count_coverage, find_gaps
from service.alliance.lowest import LowestItem, find_lowest_item
from service.alliance.norms import Norm
from service.alliance.notes import Findings, write_notes
from service.alliance.parameters import Parameters
from service.alliance.phrases import phrases_in
from service.alliance.slope import Slope, fit_slope


@dataclass(frozen=True, slots=True)
class JudgedPoint:
    """One point with its judgement; None where its score is blank or the instrument has no norm."""

    point: SeriesPoint
    judgement: Judgement | None


@dataclass(frozen=True, slots=True)
class Level:
    """Where the client stands now, with one standard error either way, in the scale's own points.

    ``first_impression`` while there are fewer than ``level_min_ratings`` ratings.
    """

    value: float
    low: float
    high: float
    first_impression: bool


@dataclass(frozen=True, slots=True)
class SeriesTrend:
    """What one series shows so far. ``points`` are all that came in, in the order given.

    ``level`` and ``usual_next`` are None without a norm or a rating; ``norm`` is its reference.
    ``slope`` is None under five ratings or where ratings have no session number. ``at_maximum_share`` (0 to
    1) is None where the maximum is unknown or nothing was rated. ``first_to_last`` and ``last_to_this`` are
    None without a norm or under two ratings. ``notes`` are plain sentences for people;
    ``undrawn_notes`` are those of them that say what a picture does not draw.
    """

    points: tuple[JudgedPoint, ...]
    norm: str | None
    level: Level | None
    usual_next: Interval | None
    slope: Slope | None
    coverage: Coverage
    gaps: tuple[Gap, ...]
    at_maximum_share: float | None
    low_start: bool
    first_to_last: Change | None
    last_to_this: Change | None
    lowest: LowestItem | None
    notes: tuple[str, ...]
    undrawn_notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SeriesContext:
    """What is known beside the ratings of a series.

    ``maximum`` is the scale's, needed only without a norm. ``attended`` is how many sessions were attended
    where that is recorded, else the highest number seen in any series of the dyad. ``missed`` and
    ``late_cancelled`` count the dyad's appointments. ``marks`` are those of the last ratings, in order: link
    id -> mark, reversed items turned; ``item_names`` are their short descriptors. ``language`` is that of the
    notes.
    """

    maximum: float | None = None
    attended: int | None = None
    missed: int = 0
    late_cancelled: int = 0
    marks: Sequence[Mapping[str, float]] = ()
    item_names: Mapping[str, str] = field(default_factory=dict)
    language: str | None = None


NOTHING_MORE = SeriesContext()


def describe_series(
    points: Sequence[SeriesPoint],
    norm: Norm | None,
    parameters: Parameters,
    context: SeriesContext = NOTHING_MORE,
    judgements: Sequence[Judgement | None] | None = None,
) -> SeriesTrend:
    """Return the trend of one series; ``points`` must be in therapy order (sorting is the caller's).

    Without a norm there is a slope, but no tier, level, usual range or reliable change. ``judgements``, one
    per rating that is not blank, are those to show where some were judged by another norm or rule than this
    norm and the default.
    """
    rated = [point for point in points if point.value is not None]
    values = [point.value for point in rated if point.value is not None]
    after = outlook(values, norm, parameters) if norm is not None and values else None
    lowest = find_lowest_item(context.marks, parameters)
    several = len(rated) > 1
    findings = Findings(
        norm=norm,
        slope=_slope(rated, values, parameters),
        coverage=count_coverage(points, parameters, context.attended),
        gaps=find_gaps(points, parameters, context.attended),
        at_maximum_share=_at_maximum(values, norm.maximum if norm is not None else context.maximum),
        low_start=norm is not None and is_low_start(values, norm),
        first_to_last=judge_change(rated[0], rated[-1], norm, parameters) if several else None,
        lowest=lowest,
        lowest_name="" if lowest is None else context.item_names.get(lowest.item, lowest.item),
        missed=context.missed,
        late_cancelled=context.late_cancelled,
    )
    notes = write_notes(points, parameters, findings, phrases_in(context.language))
    return SeriesTrend(
        points=_judged(points, _judgements(values, norm, parameters) if judgements is None else judgements),
        norm=None if norm is None else norm.reference,
        level=None if after is None else _level(after, parameters),
        usual_next=None if after is None else after.usual_next,
        slope=findings.slope,
        coverage=findings.coverage,
        gaps=tuple(findings.gaps),
        at_maximum_share=findings.at_maximum_share,
        low_start=findings.low_start,
        first_to_last=findings.first_to_last,
        last_to_this=judge_change(rated[-2], rated[-1], norm, parameters) if several else None,
        lowest=lowest,
        notes=notes.every,
        undrawn_notes=notes.undrawn,
    )


def _judgements(
    values: Sequence[float], norm: Norm | None, parameters: Parameters
) -> Sequence[Judgement | None]:
    return [None] * len(values) if norm is None else judge_ratings(values, norm, parameters)


def _judged(points: Sequence[SeriesPoint], judgements: Sequence[Judgement | None]) -> tuple[JudgedPoint, ...]:
    following = iter(judgements)
    return tuple(JudgedPoint(point, None if point.value is None else next(following)) for point in points)


def _level(after: Outlook, parameters: Parameters) -> Level:
    return Level(
        value=after.level,
        low=after.level_range.low,
        high=after.level_range.high,
        first_impression=after.ratings < parameters.level_min_ratings,
    )


def _slope(rated: Sequence[SeriesPoint], values: Sequence[float], parameters: Parameters) -> Slope | None:
    numbers = [point.attended_as for point in rated if point.attended_as is not None]
    return fit_slope(numbers, values, parameters) if len(numbers) == len(values) else None


def _at_maximum(values: Sequence[float], maximum: float | None) -> float | None:
    if maximum is None or not values:
        return None
    return sum(value >= maximum for value in values) / len(values)
