"""The own-baseline rule: what this client's earlier ratings let us expect, and how far a rating falls below.

Method ``eb-own-baseline/1``. For the rating ``y`` after ``n`` earlier ones ``h``, in therapy order:

    r0 = (sd_within / sd_between)²         m0 = (mean·r0 + Σh) / (r0 + n)
    v0 = spread_at(m0)²                    r  = v0 / sd_between²
    m  = (mean·r + Σh) / (r + n)           the level before this rating
    v  = (df·v0 + Σ(h - m)²) / (df + n)    df = prior_df
    n = 0: expected = m                            pv = v + v/r
    n > 0: expected = m + phi·(h[last] - m)        pv = v·(1 - phi²) + v/(r + n)
    z = (expected - y) / √pv               fall = m - y
    then y joins h; after the first rating as max(y, m - winsor_sd·√v)

Only earlier ratings are looked at, so a later one changes nothing. One series per instrument, form and rater;
blank forms are left out, never filled. Each rating costs the same, however long the series is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Literal

from service.alliance.norms import Norm
from service.alliance.parameters import Parameters

Tier = Literal["watch", "possible", "marked"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the earlier ratings say about one rating, all in the scale's own points except ``z``.

    ``earlier``: how many ratings came before; ``level``: the client's level before this rating;
    ``expected``: what this rating was expected to be; ``spread``: root of its predictive variance;
    ``z``: spreads below the expectation (negative above it); ``fall``: points below the level.
    ``z``, ``fall`` and ``tier`` are None at the first rating; ``tier`` is None for any usual rating.
    """

    earlier: int
    level: float
    expected: float
    spread: float
    usual_low: float
    usual_high: float
    z: float | None
    fall: float | None
    tier: Tier | None


@dataclass(frozen=True, slots=True)
class Interval:
    """A range in the scale's own points, both ends belonging to it."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Outlook:
    """Where a series stands after all its ratings.

    ``level`` with ``level_range`` (plus and minus one standard error); ``usual_next``: the usual range of the
    next rating, cut to the scale. Without any rating this is the norm's own expectation.
    """

    ratings: int
    level: float
    level_range: Interval
    usual_next: Interval


@dataclass(frozen=True, slots=True)
class _Forecast:
    level: float
    level_variance: float
    variance: float
    expected: float
    spread: float


@dataclass(frozen=True, slots=True)
class Sums:
    """The earlier ratings of one series, winsorised, as running sums of distances from the norm's mean.

    All that the next rating needs to be judged, however many there were; good for this norm alone.
    """

    ratings: int = 0
    sum: float = 0.0
    squares: float = 0.0
    last: float = 0.0


NO_RATINGS = Sums()


class _Baseline:
    """Judges ratings one after the other."""

    def __init__(self, norm: Norm, parameters: Parameters, sums: Sums = NO_RATINGS) -> None:
        self._norm = norm
        self._winsor_sd = parameters.winsor_sd
        self._df = parameters.prior_df if norm.prior_df is None else norm.prior_df
        self._between = norm.sd_between**2
        self._r0 = norm.sd_within**2 / self._between
        self._sum, self._squares, self._last = sums.sum, sums.squares, sums.last
        self.ratings = sums.ratings

    @property
    def sums(self) -> Sums:
        return Sums(self.ratings, self._sum, self._squares, self._last)

    def forecast(self) -> _Forecast:
        n, norm = self.ratings, self._norm
        v0 = norm.spread_at(norm.mean + self._sum / (self._r0 + n)) ** 2
        r = v0 / self._between
        lift = self._sum / (r + n)
        around_level = self._squares - 2 * lift * self._sum + n * lift * lift
        v = (self._df * v0 + around_level) / (self._df + n)
        level_variance = v / (r + n)
        phi = norm.phi if n else 0.0
        return _Forecast(
            level=norm.mean + lift,
            level_variance=level_variance,
            variance=v,
            expected=norm.mean + lift + phi * (self._last - lift),
            spread=sqrt(v * (1 - phi * phi) + level_variance),
        )

    def add(self, value: float, forecast: _Forecast) -> None:
        if self.ratings:
            value = max(value, forecast.level - self._winsor_sd * sqrt(forecast.variance))
        self._last = value - self._norm.mean
        self._sum += self._last
        self._squares += self._last * self._last
        self.ratings += 1


def judge_ratings(values: Sequence[float], norm: Norm, parameters: Parameters) -> list[Judgement]:
    """Return one judgement per rating, in the order given, which must be therapy order.

    Sorting is the caller's: the same ratings in the same therapy order give the same judgements, whenever
    they arrived. Values are on the norm's own scale; blank ones are left out beforehand.
    """
    return judge_onward(values, norm, parameters, NO_RATINGS)[0]


def judge_onward(
    values: Sequence[float], norm: Norm, parameters: Parameters, sums: Sums
) -> tuple[list[Judgement], Sums]:
    """Return the judgements of ratings that follow those in ``sums``, and the sums with them in it.

    The same as judging all of them at once, to the last bit.
    """
    baseline = _Baseline(norm, parameters, sums)
    judgements = []
    for value in values:
        forecast = baseline.forecast()
        judgements.append(_judge(value, baseline.ratings, forecast, norm, parameters))
        baseline.add(value, forecast)
    return judgements, baseline.sums


def outlook(values: Sequence[float], norm: Norm, parameters: Parameters) -> Outlook:
    """Return the level after all ratings, in therapy order, and the usual range of the next one."""
    baseline = _Baseline(norm, parameters)
    for value in values:
        baseline.add(value, baseline.forecast())
    after = baseline.forecast()
    error = sqrt(after.level_variance)
    return Outlook(
        ratings=baseline.ratings,
        level=after.level,
        level_range=Interval(after.level - error, after.level + error),
        usual_next=_usual(after, norm, parameters),
    )


def is_low_start(values: Sequence[float], norm: Norm) -> bool:
    """Return whether the first rating lies below the norm's lowest tenth of first ones: a note, no alert."""
    return len(values) > 0 and values[0] < norm.first_rating_p10


def _judge(
    value: float,
    earlier: int,
    forecast: _Forecast,
    norm: Norm,
    parameters: Parameters,
) -> Judgement:
    usual = _usual(forecast, norm, parameters)
    z = (forecast.expected - value) / forecast.spread
    fall = forecast.level - value
    return Judgement(
        earlier=earlier,
        level=forecast.level,
        expected=forecast.expected,
        spread=forecast.spread,
        usual_low=usual.low,
        usual_high=usual.high,
        z=z if earlier else None,
        fall=fall if earlier else None,
        tier=_tier(z, fall, norm, parameters) if earlier else None,
    )


def _usual(forecast: _Forecast, norm: Norm, parameters: Parameters) -> Interval:
    reach = parameters.usual_width * forecast.spread
    return Interval(
        low=max(norm.minimum, forecast.expected - reach),
        high=min(norm.maximum, forecast.expected + reach),
    )


def _tier(z: float, fall: float, norm: Norm, parameters: Parameters) -> Tier | None:
    if fall < parameters.min_fall_sem * norm.sem or z < parameters.watch_z:
        return None
    if z >= parameters.marked_z:
        return "marked"
    return "possible" if z >= parameters.alert_z else "watch"
