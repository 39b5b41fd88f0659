"""Where sessions and scores lie in a picture, and which of them are written on its axes."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from math import ceil, floor

from service.alliance.panels import Panel, PicturePoint, Trace

_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_MOST_SCORES, _MOST_SESSIONS, _MOST_DATES = 6, 16, 6
# Pixels that a number or a date takes, with some air.
_NUMBER_WIDTH, _DATE_WIDTH = 24, 84


@dataclass(frozen=True, slots=True)
class Across:
    """The shared axis: attended sessions, or dates where a session number is missing.

    ``first`` and ``last`` are positions (session numbers, or days as ordinals); ``left`` and ``right`` are
    pixels. ``sessions`` are the days of the numbered sessions, in order, with their numbers.
    """

    by_session: bool
    first: int
    last: int
    left: float
    right: float
    sessions: tuple[tuple[date, int], ...] = ()

    def position(self, point: PicturePoint) -> int:
        """Return a point's position on the axis."""
        if self.by_session and point.session_number is not None:
            return point.session_number
        return point.session_date.toordinal()

    def at(self, day: date) -> float:
        """Return the position of a day: that of the session before it, where sessions are counted.

        A day before the first session lies half a session before it.
        """
        if not self.by_session:
            return day.toordinal()
        place = bisect_right(self.sessions, day, key=lambda one: one[0])
        return self.sessions[place - 1][1] if place else self.first - 0.5

    def x(self, position: float) -> float:
        """Return the pixel of a position; half a session, or some days, are kept free at either end."""
        length = self.last - self.first
        free = 0.5 if self.by_session else max(0.5, length * 0.03)
        share = (position - self.first + free) / (length + 2 * free)
        return self.left + share * (self.right - self.left)

    def ticks(self) -> list[tuple[float, str]]:
        """Return the pixels with the session numbers or dates written there."""
        length, width = self.last - self.first, self.right - self.left
        if self.by_session:
            step = _step(length, min(_MOST_SESSIONS, width // _NUMBER_WIDTH))
            start = self.first if step == 1 else ceil(self.first / step) * step
            return [(self.x(number), str(number)) for number in range(start, self.last + 1, step)]
        step = max(1, ceil(length / (min(_MOST_DATES, width // _DATE_WIDTH) - 1)))
        days = range(self.first, self.last + 1, step)
        return [(self.x(day), date.fromordinal(day).isoformat()) for day in days]


@dataclass(frozen=True, slots=True)
class Upright:
    """The scores of one panel: ``low`` to ``high`` in its own points, ``bottom`` and ``top`` in pixels."""

    low: float
    high: float
    step: float
    bottom: float
    top: float

    def y(self, value: float) -> float:
        """Return the pixel of a score."""
        return self.bottom - (value - self.low) / (self.high - self.low) * (self.bottom - self.top)

    def ticks(self) -> list[float]:
        """Return the scores written on the axis, in rising order."""
        first, last = ceil(self.low / self.step), floor(self.high / self.step)
        return [count * self.step for count in range(first, last + 1)]


def lay_across(panels: Sequence[Panel], left: float, right: float, days: Sequence[date] = ()) -> Across:
    """Return the axis that holds every point of every panel, with room for the next session.

    It counts sessions where every point has a number and they rise in every trace: a new therapist may begin
    at 1 again. An axis of dates holds the other ``days`` too.
    """
    points = [point for panel in panels for point in panel.points]
    if all(_numbers_rise(trace) for panel in panels for trace in panel.traces):
        sessions = {(point.session_date, point.session_number or 0) for point in points}
        numbers = [number for _, number in sessions]
        room = any(trace.usual_next for panel in panels for trace in panel.traces)
        last = max(numbers, default=1) + (1 if room else 0)
        first = min(numbers, default=1)
        return Across(True, first, last, left, right, tuple(sorted(sessions)))  # noqa: FBT003 - by_session
    held = [day.toordinal() for day in (*days, *(point.session_date for point in points))]
    return Across(False, min(held), max(held), left, right)  # noqa: FBT003 - by_session


def _numbers_rise(trace: Trace) -> bool:
    numbers = [point.session_number for point in trace.points]
    if None in numbers:
        return False
    return all((earlier or 0) <= (later or 0) for earlier, later in pairwise(numbers))


def lay_upright(panel: Panel, bottom: float, top: float) -> Upright:
    """Return the part of the panel's scale that its ratings, usual ranges and check-in line need."""
    shown = [point.value for point in panel.points]
    usual = [point.usual for point in panel.points] + [trace.usual_next for trace in panel.traces]
    shown += [end for interval in usual if interval for end in (interval.low, interval.high)]
    if panel.cut_off is not None:
        shown.append(panel.cut_off.value)
    low, high = min(shown, default=panel.minimum), max(shown, default=panel.maximum)
    step = _step(max(high - low, (panel.maximum - panel.minimum) / 4), _MOST_SCORES)
    low = max(panel.minimum, floor(low / step) * step)
    high = min(panel.maximum, ceil(high / step) * step)
    if high - low < step:
        low, high = max(panel.minimum, high - step), min(panel.maximum, high + step)
    return Upright(low, high, step, bottom, top)


def _step(length: float, most: float) -> int:
    return next((step for step in _STEPS if length / step <= most), _STEPS[-1])
