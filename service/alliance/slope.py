"""The slope of a series that few outliers can bend: Theil-Sen with Sen's interval.

Source: Sen 1968, J Am Stat Assoc 63:1379-1389; the variance with ties is Kendall's.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat
from math import sqrt
from operator import sub, truediv
from typing import Literal

from service.alliance.parameters import Parameters

Direction = Literal["rising", "falling", "no clear direction"]


@dataclass(frozen=True, slots=True)
class Slope:
    """Points per attended session with a 95 % interval; ``ratings`` is how many it rests on.

    A direction is given only where the interval leaves out 0. "No clear direction" is not "stable": in
    simulation three of ten slow declines show.
    """

    per_session: float
    low: float
    high: float
    ratings: int

    @property
    def direction(self) -> Direction:
        """Return where the series goes, as far as its interval tells."""
        if self.low > 0:
            return "rising"
        return "falling" if self.high < 0 else "no clear direction"


def fit_slope(sessions: Sequence[int], values: Sequence[float], parameters: Parameters) -> Slope | None:
    """Return the median of all pairwise slopes, or None under ``slope_min_ratings`` ratings.

    ``sessions`` are the attended sessions' numbers, one for each value; pairs that share a number are left
    out. Raises ``ValueError`` where the two differ in length.
    """
    if len(sessions) != len(values):
        raise ValueError("as many session numbers as values are needed")
    slopes = _pairwise(sessions, values)
    if len(values) < parameters.slope_min_ratings or not slopes:
        return None
    count = len(slopes)
    reach = parameters.slope_z * sqrt(_kendall_variance(values))
    low_index = max(0, round((count - reach) / 2) - 1)
    high_index = min(count - 1, round((count + reach) / 2))
    middle = (slopes[(count - 1) // 2] + slopes[count // 2]) / 2
    return Slope(middle, slopes[low_index], slopes[high_index], len(values))


def _pairwise(sessions: Sequence[int], values: Sequence[float]) -> list[float]:
    """Return the slopes of all pairs in rising order.

    Built from mapped operators, since a long series has twenty thousand pairs.
    """
    if len(set(sessions)) != len(sessions):
        return _pairwise_with_ties(sessions, values)
    slopes: list[float] = []
    without_gaps = len(sessions) > 0 and sessions[-1] - sessions[0] == len(sessions) - 1
    for place in range(1, len(values)):
        rises = map(sub, values[place:], values)
        runs = repeat(place) if without_gaps else map(sub, sessions[place:], sessions)
        slopes.extend(map(truediv, rises, runs))
    slopes.sort()
    return slopes


def _pairwise_with_ties(sessions: Sequence[int], values: Sequence[float]) -> list[float]:
    slopes = [
        (value - earlier_value) / (session - earlier_session)
        for place, (session, value) in enumerate(zip(sessions, values, strict=True))
        for earlier_session, earlier_value in zip(sessions[:place], values[:place], strict=True)
        if session != earlier_session
    ]
    slopes.sort()
    return slopes


def _kendall_variance(values: Sequence[float]) -> float:
    n = len(values)
    tied = sum(t * (t - 1) * (2 * t + 5) for t in Counter(values).values())
    return (n * (n - 1) * (2 * n + 5) - tied) / 18
