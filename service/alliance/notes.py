"""Plain sentences beside a trend: what its figures cannot carry, and how far they can be trusted.

They never name a cause, a kind of strain, a percentile or a risk, and never say that nothing is wrong.
"""

from collections.abc import Sequence

from service.alliance.coverage import Coverage, Gap, SeriesPoint
from service.alliance.norms import Norm
from service.alliance.parameters import Parameters
from service.alliance.slope import Slope
from service.alliance.words import counted, number


def write_notes(
    points: Sequence[SeriesPoint],
    parameters: Parameters,
    *,
    norm: Norm | None,
    slope: Slope | None,
    coverage: Coverage,
    gaps: Sequence[Gap],
    at_maximum_share: float | None,
    low_start: bool,
) -> tuple[str, ...]:
    """Return the notes of one series, most needed first; never empty once something was rated."""
    ratings = sum(point.value is not None for point in points)
    if not ratings:
        return ("Nothing was rated yet.",)
    found = [_coverage_note(coverage, parameters)]
    found += [_gap_note(gap, points) for gap in gaps]
    if ratings < parameters.level_min_ratings:
        found.append(f"First impression: {counted(ratings, 'rating')} so far.")
    if low_start:
        found.append("Low start: the first rating lies below the lowest tenth of first ratings in the norm.")
    if at_maximum_share is not None and at_maximum_share >= parameters.ceiling_share:
        found.append("At least half of the ratings are at the maximum: the scale cannot show more.")
    found.append(_slope_note(slope, ratings, coverage, parameters))
    found.append(_norm_note(norm))
    return tuple(found)


def _coverage_note(coverage: Coverage, parameters: Parameters) -> str:
    if coverage.attended is None or coverage.share is None:
        return f"{counted(coverage.rated, 'rating')}; attended sessions are not known: {coverage.reason}."
    told = f"{coverage.rated} of {counted(coverage.attended, 'attended session')} rated"
    if coverage.share < parameters.coverage_very_low:
        return f"{told}: no signal means little here."
    if coverage.share < parameters.coverage_low:
        return f"{told}: strain is easily missed."
    return f"{told}."


def _gap_note(gap: Gap, points: Sequence[SeriesPoint]) -> str:
    by_key = {point.key: point for point in points}
    parts = []
    if gap.unrated_sessions:
        parts.append(f"{counted(gap.unrated_sessions, 'attended session')} unrated")
    if gap.days is not None:
        parts.append(f"{counted(gap.days, 'day')} between ratings")
    if gap.after is None:
        return f"Gap: {', '.join(parts)}, before the first rating."
    after = by_key[gap.after]
    where = (
        f"the rating of {after.session_date.isoformat()}"
        if after.session_number is None
        else f"session {after.session_number}"
    )
    return f"Gap: {', '.join(parts)}, after {where}."


def _slope_note(slope: Slope | None, ratings: int, coverage: Coverage, parameters: Parameters) -> str:
    if slope is None:
        if ratings < parameters.slope_min_ratings:
            return f"No slope yet: it needs {parameters.slope_min_ratings} ratings."
        return f"No slope: {coverage.reason or 'the ratings share one session number'}."
    span = f"interval {number(slope.low, 2)} to {number(slope.high, 2)}"
    told = f"{number(slope.per_session, 2)} points per attended session ({span})"
    if slope.direction == "no clear direction":
        return f"No clear direction: {told}."
    return f"{slope.direction.capitalize()}: {told}."


def _norm_note(norm: Norm | None) -> str:
    if norm is None:
        return "No norm for this form yet: its course is shown, but not judged."
    if norm.status == "assumed":
        return f"Judged with an assumed norm ({norm.reference}), not with this clinic's own."
    return f"Judged with the norm {norm.reference}."
