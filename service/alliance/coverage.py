"""How much of a therapy was rated, and where the gaps are: silence means little where few sessions were."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from service.alliance.parameters import Parameters

NO_NUMBERS = "session numbers are missing"


@dataclass(frozen=True, slots=True)
class SeriesPoint:
    """One filled form of a series. ``value`` is None where its score is blank: attended, but not rated.

    ``key`` names it for the caller; ``session_number`` counts attended sessions from 1, None where unknown.
    """

    key: str
    session_number: int | None
    session_date: date
    value: float | None


@dataclass(frozen=True, slots=True)
class Coverage:
    """Rated sessions of attended ones; ``attended`` is None where unknown, and ``reason`` then says why."""

    rated: int
    attended: int | None
    reason: str | None

    @property
    def share(self) -> float | None:
        """Return rated divided by attended (0 to 1), or None where attendance is unknown."""
        return self.rated / self.attended if self.attended else None


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch without ratings, between the points ``after`` and ``before``.

    ``after`` is None before the first rating, ``before`` is None after the last. ``unrated_sessions`` is None
    where a session number is missing; ``days`` is None at either end.
    """

    after: str | None
    before: str | None
    unrated_sessions: int | None
    days: int | None


def count_coverage(points: Sequence[SeriesPoint], highest_session: int | None = None) -> Coverage:
    """Return how many attended sessions have a rating.

    Until attendance itself is known, attended is the highest session number seen, in this series or in
    ``highest_session`` (the dyad's). Nothing is guessed: one rating without a number makes it unknown.
    """
    rated = [point for point in points if point.value is not None]
    numbers = [point.session_number for point in rated if point.session_number is not None]
    if len(numbers) < len(rated):
        return Coverage(len(rated), None, NO_NUMBERS)
    highest = _highest(points, highest_session)
    if highest is None:
        return Coverage(len(rated), None, NO_NUMBERS)
    return Coverage(len(set(numbers)), highest, None)


def find_gaps(
    points: Sequence[SeriesPoint],
    parameters: Parameters,
    highest_session: int | None = None,
) -> tuple[Gap, ...]:
    """Return the gaps in therapy order: attended sessions in a row unrated, or many days between ratings.

    ``points`` are in therapy order. The ends count too: sessions before the first rating and, up to
    ``highest_session``, after the last.
    """
    rated = [point for point in points if point.value is not None]
    if not rated:
        return ()
    first, last, highest = rated[0], rated[-1], _highest(points, highest_session)
    gaps = [Gap(None, first.key, _unrated(0, first.session_number), None)]
    gaps += [_between(earlier, later) for earlier, later in pairwise(rated)]
    if highest is not None:
        gaps.append(Gap(last.key, None, _unrated(last.session_number, highest + 1), None))
    return tuple(gap for gap in gaps if _is_wide(gap, parameters))


def _highest(points: Sequence[SeriesPoint], highest_session: int | None) -> int | None:
    numbers = [point.session_number for point in points if point.session_number is not None]
    return max([*numbers, *([] if highest_session is None else [highest_session])], default=None)


def _between(earlier: SeriesPoint, later: SeriesPoint) -> Gap:
    unrated = _unrated(earlier.session_number, later.session_number)
    return Gap(earlier.key, later.key, unrated, (later.session_date - earlier.session_date).days)


def _unrated(earlier: int | None, later: int | None) -> int | None:
    if earlier is None or later is None:
        return None
    # Two forms of one session, or numbers that run against the dates, leave nothing between them.
    return max(0, later - earlier - 1)


def _is_wide(gap: Gap, parameters: Parameters) -> bool:
    many_sessions = gap.unrated_sessions is not None and gap.unrated_sessions >= parameters.gap_unrated
    return many_sessions or (gap.days is not None and gap.days > parameters.gap_days)
