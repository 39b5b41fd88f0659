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
from service.alliance.phrases import Phrases
from service.alliance.slope import Slope
from service.alliance.words import number


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


@dataclass(frozen=True, slots=True)
class Notes:
    """The notes of one series; ``undrawn`` are those that say what no picture draws.

    A picture draws gaps and missed appointments.
    """

    every: tuple[str, ...]
    undrawn: tuple[str, ...]


def write_notes(
    points: Sequence[SeriesPoint], parameters: Parameters, found: Findings, phrases: Phrases
) -> Notes:
    """Return the notes of one series, most needed first; never empty once something was rated."""
    ratings = sum(point.value is not None for point in points)
    if not ratings:
        nothing = (phrases.say("notes", "nothing"),)
        return Notes(nothing, nothing)
    first = [
        _coverage_note(found.coverage, parameters, phrases),
        *_early_notes(found.coverage, parameters, phrases),
    ]
    drawn = [
        *_missed_notes(found, phrases),
        *(f"{_gap_note(gap, points, phrases)} {say_unknown(gap, phrases)}" for gap in found.gaps),
    ]
    last = _course_notes(ratings, parameters, found, phrases)
    return Notes((*first, *drawn, *last), (*first, *last))


def say_unknown(gap: Gap, phrases: Phrases) -> str:
    """Return what a gap makes impossible to say."""
    if gap.after is None:
        return phrases.say("notes", "unseen_start")
    return phrases.say("notes", "unseen_end" if gap.before is None else "unseen_dip")


def _course_notes(ratings: int, parameters: Parameters, found: Findings, phrases: Phrases) -> list[str]:
    told = []
    if ratings < parameters.level_min_ratings:
        told.append(phrases.say("notes", "first_impression", ratings=phrases.ratings(ratings)))
    if found.low_start:
        told.append(phrases.say("notes", "low_start"))
    if found.at_maximum_share is not None and found.at_maximum_share >= parameters.ceiling_share:
        told.append(phrases.say("notes", "at_maximum"))
    if found.first_to_last is not None:
        told.append(_change_note(found.first_to_last, phrases))
    if found.lowest is not None:
        told.append(_lowest_note(found.lowest, found.lowest_name, phrases))
    told.append(_slope_note(found.slope, ratings, found.coverage, parameters, phrases))
    told.append(_norm_note(found.norm, phrases))
    return told


def _early_notes(coverage: Coverage, parameters: Parameters, phrases: Phrases) -> list[str]:
    """Return that first sessions lack ratings; of a form given now and then that goes without saying."""
    seldom = coverage.share is None or coverage.share < parameters.coverage_very_low
    if seldom or coverage.first_rated is None or coverage.first_rated == coverage.first_attended:
        return []
    return [phrases.counted("notes", "early", coverage.first_attended or 0, rated=coverage.first_rated)]


def _missed_notes(found: Findings, phrases: Phrases) -> list[str]:
    counts = {"missed": found.missed, "late": found.late_cancelled}
    parts = [phrases.counted("notes", key, count) for key, count in counts.items() if count]
    return [f"{', '.join(parts)}."] if parts else []


def _change_note(change: Change, phrases: Phrases) -> str:
    return phrases.say(
        "notes",
        f"change_{change.verdict}",
        points=number(change.points, 1),
        needed=number(change.needed, 1),
        reliability=number(change.reliability, 2).lstrip("0"),
    )


def _lowest_note(lowest: LowestItem, name: str, phrases: Phrases) -> str:
    return phrases.say("notes", "lowest", item=name, ratings=lowest.ratings, of=lowest.of)


def _coverage_note(coverage: Coverage, parameters: Parameters, phrases: Phrases) -> str:
    if coverage.attended is None or coverage.share is None:
        return phrases.say("notes", "unknown", ratings=phrases.ratings(coverage.rated))
    weight = ""
    if coverage.share < parameters.coverage_very_low:
        weight = phrases.say("notes", "very_low")
    elif coverage.share < parameters.coverage_low:
        weight = phrases.say("notes", "low")
    return phrases.counted("notes", "rated", coverage.attended, rated=coverage.rated, weight=weight)


def _gap_note(gap: Gap, points: Sequence[SeriesPoint], phrases: Phrases) -> str:
    counts = {"unrated": gap.unrated_sessions, "days": gap.days}
    # No sessions between two ratings go without saying, no days do not.
    stretch = ", ".join(
        phrases.counted("notes", key, count)
        for key, count in counts.items()
        if count or (key == "days" and count is not None)
    )
    if gap.after is None:
        return phrases.say("notes", "gap_first", stretch=stretch)
    after = next(point for point in points if point.key == gap.after)
    if after.session_number is None:
        return phrases.say("notes", "gap_after_day", stretch=stretch, day=after.session_date.isoformat())
    return phrases.say("notes", "gap_after", stretch=stretch, number=after.session_number)


def _slope_note(
    slope: Slope | None, ratings: int, coverage: Coverage, parameters: Parameters, phrases: Phrases
) -> str:
    if slope is None:
        if ratings < parameters.slope_min_ratings:
            return phrases.say("notes", "no_slope_yet", count=parameters.slope_min_ratings)
        return phrases.say("notes", "no_slope_one" if coverage.reason is None else "no_slope_numbers")
    return phrases.say(
        "notes",
        f"slope_{slope.direction.replace(' ', '_')}",
        points=number(slope.per_session, 2),
        low=number(slope.low, 2),
        high=number(slope.high, 2),
    )


def _norm_note(norm: Norm | None, phrases: Phrases) -> str:
    if norm is None:
        return phrases.say("notes", "norm_none")
    return phrases.say("notes", "norm_assumed" if norm.status == "assumed" else "norm", norm=norm.reference)
