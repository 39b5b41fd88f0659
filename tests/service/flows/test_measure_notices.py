"""What clinic IT sees of receivers that do not take what they are told."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from service.flows.measure_notices import list_behind, measure_notices
from tests.service.flows.notifying import HOST, STEADY, Clinic, a_clinic


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    with a_clinic(tmp_path) as made:
        yield made


@pytest.fixture
def behind(clinic: Clinic) -> str:
    """A Subscription whose receiver was well once and fails since an hour."""
    one = clinic.subscribe()
    clinic.tell_all()
    clinic.receiver.mock(return_value=httpx.Response(503))
    clinic.record(*STEADY)
    clinic.tell_all()
    clinic.clock.pass_by(hours=1)
    return one


def test_what_is_not_taken_is_counted_with_its_age(clinic: Clinic, behind: str) -> None:
    figures = measure_notices(clinic.deployment)
    assert figures.by_status == {"active": 1}
    assert figures.oldest_seconds == 3600


def test_a_receiver_is_told_by_its_host_alone(clinic: Clinic, behind: str) -> None:
    (one,) = list_behind(clinic.deployment)
    assert (one.id, one.receiver, one.topic, one.status) == (behind, HOST, "new-score", "active")
    assert one.waiting == len(STEADY)


def test_a_receiver_that_takes_everything_is_not_behind(clinic: Clinic) -> None:
    clinic.subscribe()
    clinic.record(*STEADY)
    clinic.tell_all()
    assert list_behind(clinic.deployment) == []
    assert measure_notices(clinic.deployment).oldest_seconds == 0


def test_a_handshake_that_failed_is_in_error(clinic: Clinic) -> None:
    gone = clinic.subscribe()
    clinic.receiver.mock(return_value=httpx.Response(500))
    clinic.tell_all()
    for _ in range(3):
        clinic.clock.pass_by(minutes=5)
        clinic.tell_all()
    (one,) = list_behind(clinic.deployment)
    assert (one.id, one.status) == (gone, "error")
    assert "500" in one.fault
