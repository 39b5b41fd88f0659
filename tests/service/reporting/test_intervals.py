"""Intervals against figures printed elsewhere."""

import duckdb
import pytest

from service.reporting.intervals import (
    Sums,
    correlation_interval,
    mean_interval,
    share_interval,
    t_quantile,
    variance_sql,
    wilson,
)


def sums(parts: list[tuple[float, float]]) -> Sums:
    """Return the sums of dyads with these x and m; DuckDB reckons the variance."""
    x, m = (sum(one[place] for one in parts) for place in (0, 1))
    xx, xm, mm = (sum(one[a] * one[b] for one in parts) for a, b in ((0, 0), (0, 1), (1, 1)))
    names = ("dyads0", "x0", "m0", "xx0", "xm0", "mm0")
    made = ", ".join(
        f"{one}::DOUBLE AS {name}" for name, one in zip(names, (len(parts), x, m, xx, xm, mm), strict=True)
    )
    ((variance,),) = duckdb.sql(f"SELECT {variance_sql(0, 0)} FROM (SELECT {made})").fetchall()  # noqa: S608
    return Sums(len(parts), x, m, variance)


# Any printed table of Student's t, two-sided 95 %.
@pytest.mark.parametrize(
    ("freedom", "printed"), [(1, 12.706), (5, 2.571), (30, 2.042), (120, 1.980), (1000, 1.962)]
)
def test_t_is_that_of_the_printed_tables(freedom, printed):
    assert t_quantile(freedom) == pytest.approx(printed, abs=5e-4)


def test_wilson_is_that_of_newcombes_example():
    # Newcombe 1998, Statistics in Medicine 17:857-872, table I: 81 of 263, method 3.
    interval = wilson(81 / 263, 263)
    assert (interval.low, interval.high) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_a_mean_of_single_values_has_the_plain_t_interval():
    interval = mean_interval(sums([(value, 1) for value in (4, 6, 8)]))
    assert (interval.low, interval.high) == pytest.approx(
        (6 - 4.303 * 2 / 3**0.5, 6 + 4.303 * 2 / 3**0.5), abs=1e-3
    )


def test_one_dyad_gives_a_mean_no_interval():
    assert mean_interval(sums([(30, 4)])) is None


def test_ratings_that_resemble_each_other_widen_a_share():
    alike, mixed = sums([(10, 10), (0, 10)] * 5), sums([(4, 10), (6, 10)] * 5)
    wide, narrow = share_interval(alike), share_interval(mixed)
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_the_share_of_few_dyads_reaches_as_far_as_their_t():
    # Korn & Graubard 1998, section 2: the effective number, times (t of m - 1 over t of dyads - 1) squared.
    few = sums([(2, 10), (9, 10), (4, 10), (10, 10), (5, 10)])
    by_variance = 0.6 * 0.4 / (46 / 4 / 500)  # 10.435: squared distances from 6 are 16, 9, 4, 16 and 1
    assert share_interval(few) == pytest.approx(wilson(0.6, by_variance * (2.0096 / 2.7764) ** 2), abs=1e-4)


def test_dyads_with_one_thing_each_are_as_many_as_they_are():
    each = sums([(1, 1)] * 3 + [(0, 1)] * 9)
    assert share_interval(each) == pytest.approx(wilson(0.25, 11), abs=1e-6)


def test_a_share_of_nothing_reaches_as_far_as_so_many_dyads_allow():
    assert share_interval(sums([(0, 50)] * 10)).high == pytest.approx(wilson(0, 10).high)


def test_a_correlation_of_few_pairs_has_no_interval():
    assert correlation_interval(0.5, 3) is None
    assert correlation_interval(0.5, 28).low == pytest.approx(0.1559, abs=1e-3)
