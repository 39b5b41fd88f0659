"""Plain sentences beside a trend: what its figures cannot carry, and how far they can be trusted.

They never name a cause, a kind of strain, a percentile or a risk, and never say that nothing is wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from service.alliance.change import Change
from service.alliance.coverage import Coverage, Gap, SeriesPoint
from service.alliance.lowest import LowestItem
from service.alliance.norms import Norm
from service.alliance.parameters import Parameters
from service.alliance.slope import Slope
from service.alliance.words import counted, number


@dataclass(frozen=True, slots=True)
class Findings:
    """What the notes of one series are made of; ``missed`` and ``late_cancelled`` count appointments.

    ``lowest_name`` is the descriptor of the item that stays lowest, '' where none does.
    """

    norm: Norm | None
    slope: Slope | None
    coverage: Coverage
    gaps: Sequence[Gap]
    at_maximum_share: float | None
    low_start: bool
    first_to_last: Change | None
    lowest: LowestItem | None
    lowest_name: str
    missed: int
    late_cancelled: int


def write_notes(points: Sequence[SeriesPoint], parameters: Parameters, found: Findings) -> tuple[str, ...]:
    """Return the notes of one series, most needed first; never empty once something was rated."""
    ratings = sum(point.value is not None for point in points)
    if not ratings:
        return ("Nothing was rated yet.",)
    told = [
        _coverage_note(found.coverage, parameters),
        *_early_notes(found.coverage, parameters),
        *_missed_notes(found),
    ]
    told += [f"{_gap_note(gap, points)} {say_unknown(gap)}" for gap in found.gaps]
    if ratings < parameters.level_min_ratings:
        told.append(f"First impression: {counted(ratings, 'rating')} so far.")
    if found.low_start:
        told.append("Low start: the first rating lies below the lowest tenth of first ratings in the norm.")
    if found.at_maximum_share is not None and found.at_maximum_share >= parameters.ceiling_share:
        told.append("At least half of the ratings are at the maximum: the scale cannot show more.")
    if found.first_to_last is not None:
        told.append(_change_note(found.first_to_last))
    if found.lowest is not None:
        told.append(_lowest_note(found.lowest, found.lowest_name))
    told.append(_slope_note(found.slope, ratings, found.coverage, parameters))
    told.append(_norm_note(found.norm))
    return tuple(told)


def say_unknown(gap: Gap) -> str:
    """Return what a gap makes impossible to say."""
    if gap.after is None:
        return "How it began cannot be seen."
    if gap.before is None:
        return "How it went on since cannot be seen."
    return "A dip that came and went there cannot be seen."


def _early_notes(coverage: Coverage, parameters: Parameters) -> list[str]:
    """Return that first sessions lack ratings; of a form given now and then that goes without saying."""
    seldom = coverage.share is None or coverage.share < parameters.coverage_very_low
    if seldom or coverage.first_rated is None or coverage.first_rated == coverage.first_attended:
        return []
    first = coverage.first_attended or 0
    where = f"the first {first} sessions" if first > 1 else "the first session"
    return [f"{coverage.first_rated} of {where} rated: the own baseline starts late."]


def _missed_notes(found: Findings) -> list[str]:
    parts = [
        *([f"{counted(found.missed, 'appointment')} missed"] if found.missed else []),
        *([f"{counted(found.late_cancelled, 'appointment')} cancelled late"] if found.late_cancelled else []),
    ]
    return [f"{', '.join(parts)}."] if parts else []


def _change_note(change: Change) -> str:
    told = f"{number(change.points, 1)} points from the first rating to the last"
    limit = f"{number(change.needed, 1)}, reliability {number(change.reliability, 2).lstrip('0')}"
    if change.verdict == "same":
        return f"{told}: within measurement error (less than {limit})."
    return f"{told}: {change.verdict} by more than measurement error (at least {limit})."


def _lowest_note(lowest: LowestItem, name: str) -> str:
    return f"{name} was lowest by a point or more in {lowest.ratings} of the last {lowest.of} ratings."


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
