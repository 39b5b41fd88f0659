"""An EHR gets no more requests in a minute than it allows, whichever threads send them."""

import pytest

from service.ehr.rate_limit import RateLimit
from service.errors import EhrUnreachable


class Watch:
    """Seconds that pass only when a test says so."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def leaving_times(per_minute: int, count: int) -> list[float]:
    """When each of many requests leaves that all wait from the start."""
    limit = RateLimit(per_minute, Watch())
    return [limit.reserve() for _ in range(count)]


@pytest.mark.parametrize("per_minute", [6, 10, 250, 1000])
def test_in_no_minute_are_there_more_than_allowed(per_minute: int) -> None:
    times = leaving_times(per_minute, per_minute * 3)
    later = times[per_minute:]
    assert all(last - first > 60 - 1e-6 for first, last in zip(times, later, strict=False))


def test_a_tenth_may_leave_at_once() -> None:
    assert [time == 0 for time in leaving_times(100, 12)] == [True] * 10 + [False] * 2


def test_what_was_not_used_is_kept_up_to_a_tenth() -> None:
    watch = Watch()
    limit = RateLimit(100, watch)
    watch.seconds = 600.0
    assert [limit.reserve() == 0 for _ in range(11)] == [True] * 10 + [False]


def test_without_a_limit_nobody_waits() -> None:
    limit = RateLimit(None)
    assert {limit.reserve() for _ in range(1000)} == {0.0}


def test_who_waits_when_all_stops_has_sent_nothing() -> None:
    limit = RateLimit(6)
    limit.take()
    limit.stop()
    with pytest.raises(EhrUnreachable) as stopped:
        limit.take()
    assert stopped.value.code == "stopping"
