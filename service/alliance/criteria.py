"""Criteria that look back at a whole series: falls and returns in it, for reports and never for alerts.

Built after the studies they are named after and called "-like": no formula was checked word for word. Where
nothing happened at all they still mark a tenth to more than half of all clients (``evaluation.md``), so a
count of what they find is a count of signals.

Walk j from the second rating; at a fall look for the first return q up to the window's end; then go on after
q, or after the window. A series with too few ratings has nothing found.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import log, sqrt
from statistics import fmean, stdev
from types import MappingProxyType

from service.alliance.norms import Norm
from service.alliance.parameters import Parameters


@dataclass(frozen=True, slots=True)
class Dip:
    """A fall at one rating and the rating at which it had returned, as places in the series, from 0.

    ``returned`` None: not within the window.
    """

    fell: int
    returned: int | None


@dataclass(frozen=True, slots=True)
class Criterion:
    """One named criterion; ``after`` is the study it is built after."""

    name: str
    after: str
    find: Callable[[Sequence[float], Norm, Parameters], list[Dip]]


def look_back(name: str, values: Sequence[float], norm: Norm, parameters: Parameters) -> list[Dip]:
    """Return what a criterion finds in one series, in therapy order, which ``values`` must be in too.

    Raises ``KeyError`` for a name that is not in ``CRITERIA``.
    """
    return CRITERIA[name].find(values, norm, parameters)


def _walk(
    count: int, window: int, falls: Callable[[int], bool], returns: Callable[[int, int], bool]
) -> list[Dip]:
    """Return the dips of a series of so many ratings; ``returns(j, q)``: is q back from the fall at j."""
    dips, j = [], 1
    while j < count:
        if not falls(j):
            j += 1
            continue
        within = range(j + 1, min(j + window, count - 1) + 1)
        returned = next((q for q in within if returns(j, q)), None)
        dips.append(Dip(j, returned))
        j = (j + window if returned is None else returned) + 1
    return dips


def _stiles_like(y: Sequence[float], _: Norm, parameters: Parameters) -> list[Dip]:
    rules = parameters.rules
    if len(y) < rules.back_ratings:
        return []
    limit = rules.stiles_fall * max(stdev(y), rules.own_sd_floor)
    return _walk(
        len(y),
        rules.back_window,
        lambda j: y[j - 1] - y[j] >= limit,
        lambda j, q: y[q] >= y[j] + rules.stiles_return * (y[j - 1] - y[j]),
    )


def _strauss_like(y: Sequence[float], norm: Norm, parameters: Parameters) -> list[Dip]:
    rules = parameters.rules
    if len(y) < rules.back_ratings:
        return []
    limit = fmean(y) - rules.strauss_fall * norm.sd_within
    return _walk(
        len(y),
        rules.back_window,
        lambda j: y[j] <= limit and y[j] < y[j - 1],
        lambda j, q: y[q] >= y[j - 1] - rules.strauss_return * norm.sd_within,
    )


def _gumz_like(y: Sequence[float], norm: Norm, parameters: Parameters, spreads: float) -> list[Dip]:
    rules = parameters.rules
    if len(y) < rules.back_ratings:
        return []
    limit = spreads * max(stdev(y), norm.sd_within)
    return _walk(
        len(y),
        rules.gumz_window,
        lambda j: _last_high(y, j) - y[j] >= limit,
        lambda j, q: y[q] >= y[j] + rules.gumz_return * limit,
    )


def _last_high(y: Sequence[float], j: int) -> float:
    """Return the rating from which the decline to j began."""
    place = j - 1
    while place > 0 and y[place - 1] >= y[place]:
        place -= 1
    return y[place]


def _mclaughlin_like(y: Sequence[float], norm: Norm, parameters: Parameters) -> list[Dip]:
    rules = parameters.rules
    reliable = rules.rci_z * sqrt(2) * norm.sem
    return _falls_from_last(y, reliable, rules.mclaughlin_return * reliable, parameters)


def _stevens_like(y: Sequence[float], norm: Norm, parameters: Parameters) -> list[Dip]:
    step = parameters.rules.stevens_step * norm.items
    return _falls_from_last(y, step, parameters.rules.stevens_return * step, parameters)


def _falls_from_last(y: Sequence[float], limit: float, short_by: float, parameters: Parameters) -> list[Dip]:
    if len(y) < parameters.rules.back_few_ratings:
        return []
    return _walk(
        len(y),
        parameters.rules.back_window,
        lambda j: y[j - 1] - y[j] >= limit,
        lambda j, q: y[q] >= y[j - 1] - short_by,
    )


def _control_chart(y: Sequence[float], parameters: Parameters, sigmas: float) -> list[Dip]:
    rules = parameters.rules
    if len(y) < rules.back_ratings:
        return []
    mean = fmean(y)
    steps = fmean(abs(now - before) for before, now in pairwise(y))
    sigma = max(steps / rules.chart_d2, rules.own_sd_floor)
    return _walk(
        len(y),
        rules.back_window,
        lambda j: y[j] < mean - sigmas * sigma,
        lambda _, q: y[q] >= mean - rules.chart_return * sigma,
    )


def _partition(y: Sequence[float], norm: Norm, parameters: Parameters) -> list[Dip]:
    rules = parameters.rules
    if len(y) < rules.back_ratings:
        return []
    starts = segment_starts(y, rules.partition_penalty * norm.sd_within**2 * log(len(y)))
    means = [fmean(y[start:end]) for start, end in pairwise([*starts, len(y)])]
    dips = []
    for place in range(1, len(starts)):
        fall = means[place - 1] - means[place]
        if fall < rules.partition_fall * norm.sd_within:
            continue
        back = place + 1 < len(starts) and means[place + 1] - means[place] >= rules.partition_return * fall
        dips.append(Dip(starts[place], starts[place + 1] if back else None))
    return dips


def segment_starts(y: Sequence[float], penalty: float) -> list[int]:
    """Return where the segments of the cheapest partition begin: squared distances plus a penalty for each.

    ``y`` must not be empty; the first segment begins at 0. Costs O(n²).
    """
    sums = [0.0, *accumulate(y)]
    squares = [0.0, *accumulate(value * value for value in y)]

    def cost(start: int, end: int) -> float:
        total = sums[end] - sums[start]
        return squares[end] - squares[start] - total * total / (end - start)

    best, came_from = [0.0], [0]
    for end in range(1, len(y) + 1):
        price, start = min((best[start] + cost(start, end) + penalty, start) for start in range(end))
        best.append(price)
        came_from.append(start)
    starts, end = [], len(y)
    while end:
        end = came_from[end]
        starts.append(end)
    return starts[::-1]


def _pooled_baseline(y: Sequence[float], norm: Norm, parameters: Parameters) -> list[Dip]:
    """Find falls below the shrunken own baseline, with the norm's spread in place of the client's own."""
    rules = parameters.rules
    if len(y) < rules.back_ratings:
        return []
    z, falls = _pooled_zs(y, norm, parameters)
    return _walk(
        len(y),
        parameters.recovery_window,
        lambda j: z[j] >= rules.pooled_baseline_z and falls[j] >= parameters.min_fall_sem * norm.sem,
        lambda j, q: z[q] < parameters.recovery_z and y[q] - y[j] >= parameters.recovery_share * falls[j],
    )


def _pooled_zs(y: Sequence[float], norm: Norm, parameters: Parameters) -> tuple[list[float], list[float]]:
    v = norm.sd_within**2
    pull = v / norm.sd_between**2
    total = last = 0.0
    zs, falls = [], []
    for n, value in enumerate(y):
        lift = total / (pull + n)
        phi = norm.phi if n else 0.0
        expected = norm.mean + lift + phi * (last - lift)
        spread = sqrt(v * (1 - phi * phi) + v / (pull + n))
        zs.append((expected - value) / spread)
        falls.append(norm.mean + lift - value)
        last = (max(value, norm.mean + lift - parameters.winsor_sd * sqrt(v)) if n else value) - norm.mean
        total += last
    return zs, falls


_CRITERIA = (
    Criterion("stiles-like", "Stiles 2004 (recalled)", _stiles_like),
    Criterion("strauss-like", "Strauss 2006", _strauss_like),
    Criterion("gumz-like-1", "Gumz 2012", lambda y, n, p: _gumz_like(y, n, p, p.rules.gumz_fall_1)),
    Criterion("gumz-like-2", "Gumz 2012", lambda y, n, p: _gumz_like(y, n, p, p.rules.gumz_fall_2)),
    Criterion("mclaughlin-like", "McLaughlin 2014", _mclaughlin_like),
    Criterion("stevens-like", "Stevens 2007", _stevens_like),
    Criterion("lipner-like", "Lipner 2022", lambda y, _, p: _control_chart(y, p, p.rules.chart_sigma_2)),
    Criterion(
        "chart-3-back", "Eubanks-Carter 2012", lambda y, _, p: _control_chart(y, p, p.rules.chart_sigma_3)
    ),
    Criterion("partition", "least squares with a penalty; for chart segments", _partition),
    Criterion("own-baseline-pooled", "own baseline, one pooled spread", _pooled_baseline),
)
CRITERIA: Mapping[str, Criterion] = MappingProxyType({one.name: one for one in _CRITERIA})
