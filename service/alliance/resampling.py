"""Intervals of figures by drawing whole clients anew, and quantiles of sorted values."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import floor

Figures = Mapping[str, float | None]
RESAMPLES = 400
_SEED = 20260302
_LOW, _HIGH = 0.025, 0.975


@dataclass(frozen=True, slots=True)
class Estimate:
    """One figure with its 95 in 100 interval; all None where there was nothing to count."""

    value: float | None
    low: float | None
    high: float | None


def estimate(
    clients: int, figures: Callable[[Sequence[int]], Figures], resamples: int = RESAMPLES
) -> dict[str, Estimate]:
    """Return every figure with its interval, the same at every run.

    ``figures`` computes them for the clients at the places that it is given, some more than once. Intervals:
    so many resamples of whole clients from a fixed seed, 2.5th and 97.5th percentile.
    """
    places = range(clients)
    told = figures(places)
    numbers = random.Random(_SEED)  # noqa: S311 - a resample, not a secret
    drawn = [figures(numbers.choices(places, k=clients)) for _ in range(resamples)]
    return {name: _interval(value, [one[name] for one in drawn]) for name, value in told.items()}


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which a share (0 to 1) of sorted, non-empty values lies, interpolated."""
    place = (len(values) - 1) * share
    lower = floor(place)
    upper = min(lower + 1, len(values) - 1)
    return values[lower] + (values[upper] - values[lower]) * (place - lower)


def ratio(part: float, whole: float) -> float | None:
    """Return part divided by whole, or None where there is no whole."""
    return part / whole if whole else None


def _interval(value: float | None, drawn: Sequence[float | None]) -> Estimate:
    known = sorted(one for one in drawn if one is not None)
    if value is None or not known:
        return Estimate(value, None, None)
    return Estimate(value, quantile(known, _LOW), quantile(known, _HIGH))
