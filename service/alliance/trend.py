"""How one series of an alliance moves: level, slope, usual range of the next rating, coverage and gaps.

One series is one instrument, filled by one perspective, in one dyad. Two raters are two series, each against
its own baseline; the gap between them is never judged.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from service.alliance.baseline import Interval, Judgement, Outlook, is_low_start, judge_ratings, outlook
from service.alliance.coverage import Coverage, Gap, SeriesPoint, count_coverage, find_gaps
from service.alliance.norms import Norm
from service.alliance.notes import write_notes
from service.alliance.parameters import Parameters
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
    1) is None where the maximum is unknown or nothing was rated. ``notes`` are plain sentences for people.
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
    notes: tuple[str, ...]


def describe_series(
    points: Sequence[SeriesPoint],
    norm: Norm | None,
    parameters: Parameters,
    *,
    maximum: float | None = None,
    highest_session: int | None = None,
    judgements: Sequence[Judgement | None] | None = None,
) -> SeriesTrend:
    """Return the trend of one series; ``points`` must be in therapy order (sorting is the caller's).

    Without a norm there is a slope, but no tier, level or usual range. ``maximum`` is the scale's, needed
    only without a norm; ``highest_session`` is the highest number seen in any series of the dyad.
    ``judgements``, one per rating that is not blank, are those to show where some were judged by another norm
    or rule than this norm and the default.
    """
    values = [point.value for point in points if point.value is not None]
    coverage = count_coverage(points, highest_session)
    gaps = find_gaps(points, parameters, highest_session)
    after = outlook(values, norm, parameters) if norm is not None and values else None
    level = None if after is None else _level(after, parameters)
    slope = _slope(points, parameters)
    low_start = norm is not None and is_low_start(values, norm)
    share = _at_maximum(values, norm.maximum if norm is not None else maximum)
    return SeriesTrend(
        points=_judged(points, _judgements(values, norm, parameters) if judgements is None else judgements),
        norm=None if norm is None else norm.reference,
        level=level,
        usual_next=None if after is None else after.usual_next,
        slope=slope,
        coverage=coverage,
        gaps=gaps,
        at_maximum_share=share,
        low_start=low_start,
        notes=write_notes(
            points,
            parameters,
            norm=norm,
            slope=slope,
            coverage=coverage,
            gaps=gaps,
            at_maximum_share=share,
            low_start=low_start,
        ),
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


def _slope(points: Sequence[SeriesPoint], parameters: Parameters) -> Slope | None:
    rated = [point for point in points if point.value is not None]
    values = [point.value for point in rated if point.value is not None]
    numbers = [point.session_number for point in rated if point.session_number is not None]
    return fit_slope(numbers, values, parameters) if len(numbers) == len(values) else None


def _at_maximum(values: Sequence[float], maximum: float | None) -> float | None:
    if maximum is None or not values:
        return None
    return sum(value >= maximum for value in values) / len(values)
