"""What cannot be looked for in the EHR is left to a person, and nothing else waits for it for ever."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.store.delivery_acts import retry
from tests.service.ehr.fake_ehr import PLAIN, Fault
from tests.service.flows.delivering import Bench, a_bench

LOST = Fault(performs=True)
A_DAY_OF_TURNS = 50


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path, surface=PLAIN) as bench:
        yield bench


def let_pass(bench: Bench, *, turns: int = A_DAY_OF_TURNS) -> None:
    """Let half-hours pass, and deliver after each."""
    for _ in range(turns):
        bench.clock.pass_by(minutes=30)
        bench.deliver_all()


def test_a_definition_that_cannot_be_searched_for_does_not_stop_the_rest(tmp_path: Path) -> None:
    with a_bench(tmp_path, surface=PLAIN, has_definitions=False) as bench:
        bench.ehr.unreadable = {"CodeSystem": 500}
        bench.record()
        bench.deliver_all(900)
        sent = [one for one in bench.deliveries() if one.subject_kind == "response"]
        assert [one.state for one in sent] == ["confirmed"]
        assert "pending" in {one.state for one in bench.deliveries() if one.subject_kind == "definition"}


def test_a_definition_that_the_ehr_fails_at_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    with a_bench(tmp_path, surface=PLAIN, has_definitions=False) as bench:
        bench.ehr.unreadable = {"CodeSystem": 500}
        bench.record()
        bench.deliver_all(20)
        assert bench.ehr.found("QuestionnaireResponse") == []
        bench.ehr.unreadable = {}
        bench.deliver_all(120)
        assert set(bench.states()) == {"confirmed"}


def test_a_search_that_always_fails_is_left_to_a_person_after_a_day(plain: Bench) -> None:
    plain.ehr.unreadable, plain.ehr.faults = {"QuestionnaireResponse": 500}, [LOST]
    plain.record()
    let_pass(plain, turns=10)
    assert plain.only().reason == ""
    let_pass(plain)
    assert plain.only().state == "unknown"
    assert plain.only().reason.startswith("the EHR keeps failing at the search for it")
    plain.record(session=8)
    plain.ehr.unreadable = {}
    plain.deliver_all()
    assert plain.states() == ["unknown", "confirmed"]


def test_a_search_that_fails_after_an_outage_is_no_persons_yet(plain: Bench) -> None:
    plain.ehr.unreadable, plain.ehr.faults = {"QuestionnaireResponse": 0}, [LOST]
    plain.record()
    let_pass(plain)
    plain.ehr.unreadable = {"QuestionnaireResponse": 500}
    plain.deliver_all()
    assert (plain.only().state, plain.only().reason) == ("unknown", "")


def test_who_looked_and_released_it_is_believed_though_the_search_goes_on_failing(plain: Bench) -> None:
    plain.ehr.unreadable, plain.ehr.faults = {"QuestionnaireResponse": 500}, [Fault()]
    plain.record()
    let_pass(plain, turns=A_DAY_OF_TURNS + 10)
    with plain.deployment.database.write() as tx:
        retry(tx, "default", plain.only().id, plain.now(), not_there=True)
    plain.deliver_all()
    assert (plain.states(), len(plain.ehr.found("QuestionnaireResponse"))) == (["confirmed"], 1)


def test_every_failed_search_is_kept_with_its_code(plain: Bench) -> None:
    plain.ehr.unreadable, plain.ehr.faults = {"QuestionnaireResponse": 500}, [LOST]
    plain.record()
    plain.deliver_all(5)
    detail = plain.detail(plain.only().id)
    (write, *searches) = detail.attempts[detail.parts[0].row]
    assert write.kind == "write"
    assert {(one.kind, one.outcome, one.codes) for one in searches} == {
        ("search", "search-failed", "status-500")
    }


@pytest.mark.parametrize("status", [403, 422])
def test_a_correction_that_may_not_be_looked_at_is_left_to_a_person(plain: Bench, status: int) -> None:
    recorded = plain.record()
    plain.deliver_all()
    plain.ehr.unreadable, plain.ehr.faults = {"QuestionnaireResponse": status}, [LOST]
    plain.correct(recorded.filled.id, total="30.0")
    plain.deliver_all()
    (_, corrected) = plain.deliveries()
    assert (corrected.state, corrected.reason) == (
        "unknown",
        "the answer was lost, and this EHR cannot be searched for it",
    )
