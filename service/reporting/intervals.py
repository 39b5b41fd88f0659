"""Intervals (95 in 100) of ratios and correlations, from sums over dyads.

Every mean, share and rate here is a ratio: what was counted, over what it was counted in, both added up over
dyads. Ratings of one dyad resemble each other, so that each dyad counts as one draw: the variance is that of
a ratio estimator over clusters (Cochran 1977, Sampling Techniques, section 6.4), with t of dyads - 1 degrees
of freedom (Cameron & Miller 2015, J. Human Resources 50(2):317-372).
"""

from functools import cache
from math import atan, atanh, cos, gamma, pi, sqrt, tanh
from statistics import NormalDist
from typing import NamedTuple

_Z = NormalDist().inv_cdf(0.975)
_NORMAL_FROM = 200


class Sums(NamedTuple):
    """Sums over dyads: ``x`` of what was counted, ``m`` of what it was counted in.

    ``variance`` is that of x over m, None under two dyads.
    """

    dyads: int
    x: float
    m: float
    variance: float | None


def variance_sql(figure: int, whole: int) -> str:
    """Return the variance of a ratio in SQL over sums: of x, its squares and its products with m, and of m's.

    They are named by the numbers of the figure and of its whole. NULL under two dyads, and where m is 0.
    """
    x, xx, xm = (f"{name}{figure}" for name in ("x", "xx", "xm"))
    dyads, m, mm = (f"{name}{whole}" for name in ("dyads", "m", "mm"))
    spread = f"{xx} - 2 * ({x} / {m}) * {xm} + ({x} / {m}) * ({x} / {m}) * {mm}"
    return (
        f"if({dyads} > 1 AND {m} <> 0, greatest(0, {spread}) * {dyads} / ({dyads} - 1) / ({m} * {m}), NULL)"
    )


class Interval(NamedTuple):
    """The ends of an interval."""

    low: float
    high: float


def mean_interval(sums: Sums) -> Interval | None:
    """Return the t interval of a mean or rate, None under two dyads; ``m`` must not be 0."""
    dyads, x, m, variance = sums
    if variance is None:
        return None
    half = t_quantile(dyads - 1) * sqrt(variance)
    return Interval(x / m - half, x / m + half)


def share_interval(sums: Sums) -> Interval:
    """Return Wilson's interval of a share (0 to 1) with the effective number of what was counted.

    Sources: Wilson 1927, J. American Statistical Association 22:209-212; effective number: Korn & Graubard
    1998, Survey Methodology 24(2):193-201, with their factor for a variance that few dyads tell, the square
    of t for m - 1 over t for dyads - 1. It never exceeds ``m``. Where nothing or everything was counted, or
    in one dyad alone, the number of dyads takes its place: no variance is seen there.
    """
    dyads, x, m, variance = sums
    share = x / m
    if variance and 0 < share < 1:
        certain = t_quantile(int(m) - 1) / t_quantile(dyads - 1)
        return wilson(share, min(m, share * (1 - share) / variance * certain**2))
    return wilson(share, dyads)


def wilson(share: float, number: float) -> Interval:
    """Return Wilson's interval of a share seen in so many."""
    near = 1 + _Z**2 / number
    middle = (share + _Z**2 / (2 * number)) / near
    half = _Z / near * sqrt(share * (1 - share) / number + _Z**2 / (4 * number**2))
    return Interval(max(0.0, middle - half), min(1.0, middle + half))


def correlation_interval(correlation: float, number: float) -> Interval | None:
    """Return Fisher's interval of a correlation of so many pairs (their effective number), None for few.

    Source: Fisher 1921, Metron 1:3-32. Within dyads the number is pairs - dyads + 1: one degree of freedom
    goes for each dyad (Bakdash & Marusich 2017, Frontiers in Psychology 8:456).
    """
    if number <= 3 or not -1 < correlation < 1:  # noqa: PLR2004 - Fisher's own three
        return None
    half = _Z / sqrt(number - 3)
    return Interval(tanh(atanh(correlation) - half), tanh(atanh(correlation) + half))


def t_quantile(freedom: int) -> float:
    """Return the 97.5th percentile of Student's t; from 200 degrees of freedom on by Cornish and Fisher."""
    return _Z + (_Z**3 + _Z) / (4 * freedom) if freedom >= _NORMAL_FROM else _t_of_few(freedom)


@cache
def _t_of_few(freedom: int) -> float:
    low, high = 0.0, 700.0
    while high - low > 1e-9:  # noqa: PLR2004 - digits enough for every figure
        middle = (low + high) / 2
        low, high = (middle, high) if _t_below(middle, freedom) < 0.475 else (low, middle)  # noqa: PLR2004
    return (low + high) / 2


def _t_below(t: float, freedom: int) -> float:
    """Return the share between 0 and t: Simpson's rule over the angle of tangent t / sqrt(freedom)."""
    scale = gamma((freedom + 1) / 2) / (sqrt(pi) * gamma(freedom / 2))
    angle = atan(t / sqrt(freedom))
    steps = 400
    width = angle / steps
    weights = ((1 if n in (0, steps) else 4 if n % 2 else 2) for n in range(steps + 1))
    return scale * width / 3 * sum(w * cos(n * width) ** (freedom - 1) for n, w in enumerate(weights))
