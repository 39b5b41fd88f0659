"""Workers that share a database share an EHR's limit."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from service.ehr.rate_limit import RateLimit, allowance_of
from service.errors import StoreAway
from service.flows.book_request import book_request
from service.flows.deployment import Deployment
from tests.service.build import StandingClock, a_deployment

PER_MINUTE = 20


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def deployment(tmp_path: Path, clock: StandingClock) -> Iterator[Deployment]:
    made = a_deployment(tmp_path, clock, ehr_base_url="http://localhost:8095/fhir")
    yield made
    made.database.close()


def a_worker(deployment: Deployment) -> RateLimit:
    return RateLimit(PER_MINUTE, book=partial(book_request, deployment))


def test_two_workers_together_send_no_more_than_the_ehr_allows(deployment: Deployment) -> None:
    one, two = a_worker(deployment), a_worker(deployment)
    times = [worker.reserve() for _ in range(PER_MINUTE) for worker in (one, two)]
    later = times[PER_MINUTE:]
    assert times.count(0.0) == PER_MINUTE // 10
    assert all(last - first > 60 - 1e-3 for first, last in zip(times, later, strict=False))


def test_what_was_not_used_is_kept_up_to_a_tenth(deployment: Deployment, clock: StandingClock) -> None:
    worker = a_worker(deployment)
    worker.reserve()
    clock.pass_by(minutes=10)
    assert [worker.reserve() == 0 for _ in range(3)] == [True, True, False]


def test_a_clock_that_was_set_back_does_not_stop_everything(
    deployment: Deployment, clock: StandingClock
) -> None:
    worker = a_worker(deployment)
    worker.reserve()
    clock.moment -= timedelta(days=1)
    assert worker.reserve() <= timedelta(minutes=10).total_seconds()


def test_while_nothing_can_be_booked_each_keeps_count_alone() -> None:
    def away(_: object) -> float:
        raise StoreAway

    limit = RateLimit(PER_MINUTE, lambda: 0.0, book=away)
    spacing = 1 / allowance_of(PER_MINUTE).per_second
    assert [limit.reserve() for _ in range(3)] == [0.0, 0.0, pytest.approx(spacing)]
