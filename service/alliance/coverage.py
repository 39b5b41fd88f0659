"""How much of a therapy was rated, how often, and where the gaps are: silence means little where few were."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from statistics import median

from service.alliance.parameters import Parameters

NO_NUMBERS = "session numbers are missing"


@dataclass(frozen=True, slots=True)
class SeriesPoint:
    """One filled form of a series. ``value`` is None where its score is blank: attended, but not rated.

    ``key`` names it for the caller; ``session_number`` is the clinic's, None where unknown. ``place`` is the
    session's among the attended ones, from 1, where attendance is recorded; else None, and the number counts.
    """

    key: str
    session_number: int | None
    session_date: date
    value: float | None
    place: int | None = None

    @property
    def attended_as(self) -> int | None:
        """Return which attended session it is, from 1; None where nobody knows."""
        return self.session_number if self.place is None else self.place


@dataclass(frozen=True, slots=True)
class Coverage:
    """Rated sessions of attended ones; ``attended`` is None where unknown, and ``reason`` then says why.

    ``first_rated`` are those among the first ``first_attended`` sessions (three, once so many were held),
    both None where attendance is unknown. The cadence is the median from one rating to the next:
    ``sessions_between`` (1: every session was rated) and ``days_between``; None under two ratings.
    """

    rated: int
    attended: int | None
    reason: str | None
    first_rated: int | None = None
    first_attended: int | None = None
    sessions_between: float | None = None
    days_between: float | None = None

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


def count_coverage(
    points: Sequence[SeriesPoint],
    parameters: Parameters,
    highest_session: int | None = None,
) -> Coverage:
    """Return how many attended sessions have a rating, and how often one came.

    Where attendance is recorded, ``highest_session`` is how many sessions were attended. Else attended is the
    highest session number seen, in this series or in ``highest_session`` (the dyad's). Nothing is guessed:
    one rating without a number makes it unknown.
    """
    rated = [point for point in points if point.value is not None]
    days = [(later.session_date - earlier.session_date).days for earlier, later in pairwise(rated)]
    days_between = float(median(days)) if days else None
    numbers = {point.attended_as for point in rated if point.attended_as is not None}
    highest = _highest(points, highest_session)
    if highest is None or any(point.attended_as is None for point in rated):
        return Coverage(len(rated), None, NO_NUMBERS, days_between=days_between)
    first = min(highest, parameters.first_sessions)
    steps = [later - earlier for earlier, later in pairwise(sorted(numbers))]
    return Coverage(
        rated=len(numbers),
        attended=highest,
        reason=None,
        first_rated=sum(number <= first for number in numbers),
        first_attended=first,
        sessions_between=float(median(steps)) if steps else None,
        days_between=days_between,
    )


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
    gaps = [Gap(None, first.key, _unrated(0, first.attended_as), None)]
    gaps += [_between(earlier, later) for earlier, later in pairwise(rated)]
    if highest is not None:
        gaps.append(Gap(last.key, None, _unrated(last.attended_as, highest + 1), None))
    return tuple(gap for gap in gaps if _is_wide(gap, parameters))


def _highest(points: Sequence[SeriesPoint], highest_session: int | None) -> int | None:
    numbers = [point.attended_as for point in points if point.attended_as is not None]
    return max([*numbers, *([] if highest_session is None else [highest_session])], default=None)


def _between(earlier: SeriesPoint, later: SeriesPoint) -> Gap:
    unrated = _unrated(earlier.attended_as, later.attended_as)
    return Gap(earlier.key, later.key, unrated, (later.session_date - earlier.session_date).days)


def _unrated(earlier: int | None, later: int | None) -> int | None:
    if earlier is None or later is None:
        return None
    # Two forms of one session, or numbers that run against the dates, leave nothing between them.
    return max(0, later - earlier - 1)


def _is_wide(gap: Gap, parameters: Parameters) -> bool:
    many_sessions = gap.unrated_sessions is not None and gap.unrated_sessions >= parameters.gap_unrated
    return many_sessions or (gap.days is not None and gap.days > parameters.gap_days)
