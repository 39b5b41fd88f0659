"""A worker that dies, or whose disk is full, at every moment, with an EHR of every product's shape.

What is confirmed is in the EHR once and whole; what is not is before a person. Nothing is lost in silence.
"""

from pathlib import Path

import pytest

from service.errors import StoreError
from service.sandbox import SURFACES
from tests.databases import sqlite_only
from tests.full_disk import full_disk
from tests.service.flows.delivering import SETTLE_SECONDS, Crash, CrashPlan
from tests.service.flows.shapes import ENCOUNTER, Shape, a_shape

MOMENTS = ("claimed", "frozen", "answered", "recorded")
COMMITS = range(3)
# Where a lost answer cannot be searched for, a person looks.
BLIND = {"epic", "openemr"}


def resources_of(shape: Shape, response_id: str) -> int:
    return sum(response_id in name for name in shape.identifiers())


def settle(shape: Shape) -> None:
    """Start anew, and go round until nothing moves by itself any more."""
    shape.bench.crash_point = lambda _: None
    shape.bench.restart()
    shape.bench.deliver_all(2 * SETTLE_SECONDS)


def find_lost(shape: Shape) -> list[str]:
    """Return the responses that are neither in the EHR as whole as the first one, nor parked."""
    found = [one for one in shape.bench.deliveries() if one.subject_kind == "response"]
    whole = resources_of(shape, found[0].subject_id)
    assert whole
    return [
        one.subject_id
        for one in found
        if not one.parked and (one.state, resources_of(shape, one.subject_id)) != ("confirmed", whole)
    ]


def check(shape: Shape, *, may_park: bool) -> None:
    assert find_lost(shape) == []
    assert max(shape.identifiers().values()) == 1
    assert may_park or not any(one.parked for one in shape.bench.deliveries())


@pytest.mark.parametrize("surface", SURFACES)
def test_a_worker_that_dies_at_every_moment_loses_and_doubles_nothing(tmp_path: Path, surface: str) -> None:
    with a_shape(tmp_path, surface) as shape:
        shape.bench.record(1, encounter=ENCOUNTER)
        settle(shape)
        for session, moment in enumerate(MOMENTS, 2):
            shape.bench.crash_point = CrashPlan({0}, moment)
            shape.bench.restart()
            shape.bench.record(session, encounter=ENCOUNTER)
            with pytest.raises(Crash):
                shape.bench.deliver()
            settle(shape)

        check(shape, may_park=surface in BLIND)


@sqlite_only
@pytest.mark.parametrize("surface", SURFACES)
def test_a_disk_that_is_full_at_every_commit_loses_and_doubles_nothing(tmp_path: Path, surface: str) -> None:
    with a_shape(tmp_path, surface) as shape:
        shape.bench.record(1, encounter=ENCOUNTER)
        settle(shape)
        for session, commit in enumerate(COMMITS, 2):
            shape.bench.record(session, encounter=ENCOUNTER)
            with full_disk(shape.bench.deployment.database, {commit}) as full:
                deliver_or_fail(shape)
            assert full == [commit]
            settle(shape)

        check(shape, may_park=surface in BLIND)


def deliver_or_fail(shape: Shape) -> None:
    try:
        shape.bench.deliver()
    except StoreError:
        return
