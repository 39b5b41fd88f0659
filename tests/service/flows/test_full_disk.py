"""Our own disk is full at a commit of a delivery: when there is space again everything arrives once."""

from pathlib import Path

import pytest

from service.errors import StoreError
from tests.databases import sqlite_only
from tests.full_disk import full_disk
from tests.service.ehr.fake_ehr import PLAIN, Fault, Surface
from tests.service.flows.delivering import SETTLE_SECONDS, Bench, a_bench

pytestmark = sqlite_only
LOST = Fault(performs=True)


def deliver_as_the_worker_does(bench: Bench) -> None:
    """Go round for a while; a round that fails is waited out."""
    for _ in range(int(3 * SETTLE_SECONDS)):
        bench.clock.pass_by(seconds=1)
        try:
            bench.deliver_all()
        except StoreError:
            continue


@pytest.mark.parametrize("surface", [Surface(), PLAIN], ids=["transaction", "one-by-one"])
@pytest.mark.parametrize("faults", [[], [LOST]], ids=["answered", "answer-lost"])
@pytest.mark.parametrize("commit", range(3))
def test_a_disk_that_is_full_at_any_commit_loses_and_doubles_nothing(
    tmp_path: Path, surface: Surface, faults: list[Fault], commit: int
) -> None:
    with a_bench(tmp_path, surface=surface, faults=list(faults)) as bench:
        bench.record()
        with full_disk(bench.deployment.database, {commit}) as full:
            deliver_as_the_worker_does(bench)
        assert full == [commit]
        assert bench.states() == ["confirmed"]
        assert len(bench.ehr.found("QuestionnaireResponse")) == 1
        assert len(bench.ehr.found("Observation")) == 6


def test_a_disk_that_stays_full_leaves_the_delivery_for_later(tmp_path: Path) -> None:
    with a_bench(tmp_path) as bench:
        bench.record()
        with full_disk(bench.deployment.database, range(1000)):
            deliver_as_the_worker_does(bench)
        assert (bench.states(), bench.ehr.writes) == (["pending"], [])
        deliver_as_the_worker_does(bench)
        assert bench.states() == ["confirmed"]
