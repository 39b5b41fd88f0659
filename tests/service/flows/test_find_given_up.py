"""What was given up before anybody knew whether it arrived, and the versions that come after it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from service.errors import FaultsInRequest
from service.flows.decide_delivery import confirm_delivery
from service.flows.explain_delivery import what_follows
from service.store.delivery_acts import discard, retry
from service.store.given_up import LEFT_TWICE, LEFT_UNSEEN
from tests.service.ehr.fake_ehr import PLAIN, Fault, Row, Surface
from tests.service.flows.delivering import SETTLE_SECONDS, Bench, a_bench
from tests.service.flows.test_deliver_alerts import KINDS, a_dip, act, statuses

LOST = Fault(performs=True)
NEVER_ARRIVED = Fault()
UNSEARCHED = ("url",)


@pytest.fixture(params=[Surface(conditional=False), PLAIN], ids=["transaction", "plain"])
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Bench]:
    with a_bench(tmp_path, surface=request.param) as made:
        yield made


def show_identifiers(bench: Bench, *, well: bool) -> None:
    """Let the EHR be searched by our identifiers, or no longer."""
    names = ("identifier", *UNSEARCHED) if well else UNSEARCHED
    bench.ehr.surface = replace(bench.ehr.surface, search_params=names)
    bench.lane.client.forget_capabilities()


def given_up(bench: Bench, fault: Fault = LOST, *, searched: bool = True) -> str:
    """The id of a response whose delivery somebody gave up while its outcome was unknown."""
    show_identifiers(bench, well=False)
    bench.ehr.faults = [fault]
    recorded = bench.record()
    bench.deliver_all(5)
    assert bench.states() == ["unknown"]
    give_up(bench, 0)
    show_identifiers(bench, well=searched)
    return recorded.filled.id


def give_up(bench: Bench, place: int) -> None:
    with bench.deployment.database.write() as tx:
        discard(tx, "default", bench.deliveries()[place].id, "gave up", bench.now())


def try_again(bench: Bench, *, not_there: bool) -> None:
    with bench.deployment.database.write() as tx:
        retry(tx, "default", bench.deliveries()[1].id, bench.now(), not_there=not_there)


def in_the_chart(bench: Bench) -> list[str]:
    return [one["status"] for one in bench.ehr.found("QuestionnaireResponse")]


def test_what_arrived_all_the_same_is_corrected_there(bench: Bench) -> None:
    response = given_up(bench)
    bench.correct(response, total="30.0")
    bench.deliver_all(2 * SETTLE_SECONDS)
    assert bench.states() == ["discarded", "confirmed"]
    assert in_the_chart(bench) == ["amended"]
    assert {one["status"] for one in bench.ehr.found("Observation")} <= {"amended"}
    assert len(bench.ehr.found("Observation")) == 6


def test_what_arrived_all_the_same_is_withdrawn_there(bench: Bench) -> None:
    response = given_up(bench)
    bench.withdraw(response)
    bench.deliver_all(2 * SETTLE_SECONDS)
    assert bench.states() == ["discarded", "confirmed"]
    assert in_the_chart(bench) == ["entered-in-error"]


def test_what_never_arrived_goes_when_that_is_sure(bench: Bench) -> None:
    response = given_up(bench, NEVER_ARRIVED)
    bench.correct(response, total="30.0")
    bench.deliver_all()
    assert bench.deliveries()[1].reason.startswith("an earlier version was given up")
    bench.deliver_all(2 * SETTLE_SECONDS)
    assert (bench.states(), in_the_chart(bench)) == (["discarded", "confirmed"], ["amended"])


def test_what_is_committed_late_is_waited_for(bench: Bench) -> None:
    response = given_up(bench, Fault(performs=True, delay_seconds=50))
    bench.correct(response, total="30.0")
    bench.deliver_all(2 * SETTLE_SECONDS)
    assert in_the_chart(bench) == ["amended"]


@pytest.fixture
def unseen(bench: Bench) -> Bench:
    """A correction of what may be there, which the EHR cannot be searched for."""
    bench.correct(given_up(bench, searched=False), total="30.0")
    bench.deliver_all(2 * SETTLE_SECONDS)
    return bench


def test_where_nobody_can_search_a_person_must_look(unseen: Bench) -> None:
    held = unseen.deliveries()[1]
    assert (held.state, held.reason) == ("held", LEFT_UNSEEN)
    assert "if it is not, retry it and say so" in what_follows(held, unseen.now())
    with pytest.raises(FaultsInRequest) as refused:
        try_again(unseen, not_there=False)
    assert [fault.at for fault in refused.value.faults] == ["not_there"]
    assert len(unseen.ehr.writes) == 1


def test_what_a_person_did_not_find_is_sent(unseen: Bench) -> None:
    unseen.ehr.rows.clear()
    try_again(unseen, not_there=True)
    unseen.deliver_all(2 * SETTLE_SECONDS)
    assert (unseen.states(), in_the_chart(unseen)) == (["discarded", "confirmed"], ["amended"])


def test_what_a_person_overlooked_is_corrected_where_a_search_shows_it_by_then(unseen: Bench) -> None:
    show_identifiers(unseen, well=True)
    try_again(unseen, not_there=True)
    unseen.deliver_all(2 * SETTLE_SECONDS)
    assert (unseen.states(), in_the_chart(unseen)) == (["discarded", "confirmed"], ["amended"])


def test_a_search_that_goes_on_failing_is_no_obstacle_to_a_persons_word(bench: Bench) -> None:
    bench.correct(given_up(bench, NEVER_ARRIVED, searched=False), total="30.0")
    bench.deliver_all()
    show_identifiers(bench, well=True)
    bench.ehr.unreadable = {"QuestionnaireResponse": 500}
    try_again(bench, not_there=True)
    bench.deliver_all(2 * SETTLE_SECONDS)
    assert in_the_chart(bench) == ["amended"]


def test_what_a_person_found_is_corrected_under_that_id(tmp_path: Path) -> None:
    with a_bench(tmp_path, surface=PLAIN) as bench:
        bench.correct(given_up(bench, searched=False), total="30.0")
        bench.deliver_all(2 * SETTLE_SECONDS)
        with bench.deployment.database.write() as tx:
            confirm_delivery(tx, "default", bench.deliveries()[1].id, bench.ehr.rows[0].id, bench.now())
        bench.deliver_all()
        assert (bench.states(), in_the_chart(bench)) == (["discarded", "confirmed"], ["amended"])


def test_a_withdrawal_of_what_a_person_did_not_find_is_done(bench: Bench) -> None:
    bench.withdraw(given_up(bench, searched=False))
    bench.deliver_all(2 * SETTLE_SECONDS)
    assert bench.deliveries()[1].reason == LEFT_UNSEEN
    try_again(bench, not_there=True)
    bench.deliver_all()
    assert bench.states() == ["discarded", "confirmed"]


def test_of_two_that_are_there_none_is_picked(bench: Bench) -> None:
    response = given_up(bench)
    first = bench.ehr.rows[0]
    bench.ehr.rows.append(Row(first.type, "twin", 1, first.resource, first.written_at))
    bench.correct(response, total="30.0")
    bench.deliver_all(2 * SETTLE_SECONDS)
    assert bench.deliveries()[1].reason == LEFT_TWICE


def test_a_search_that_fails_again_and_again_is_a_persons(bench: Bench) -> None:
    response = given_up(bench)
    bench.ehr.unreadable = {"QuestionnaireResponse": 500}
    bench.correct(response, total="30.0")
    bench.deliver_all()
    assert bench.deliveries()[1].state == "pending"
    for _ in range(8):
        bench.clock.pass_by(hours=4)
        bench.deliver_all()
    assert bench.deliveries()[1].reason == LEFT_UNSEEN


def test_what_was_refused_and_given_up_is_not_looked_for(bench: Bench) -> None:
    bench.ehr.faults = [Fault(422)]
    response = bench.record().filled.id
    bench.deliver_all()
    give_up(bench, 0)
    bench.correct(response, total="30.0")
    bench.deliver_all()
    assert bench.states() == ["discarded", "confirmed"]
    assert not [one for one in bench.ehr.reads if one.url.params]


def test_a_correction_that_arrived_and_was_given_up_is_corrected_in_its_turn(bench: Bench) -> None:
    response = bench.record().filled.id
    bench.deliver_all()
    bench.ehr.faults = [LOST]
    bench.correct(response, total="30.0")
    bench.lane = replace(bench.lane, crash_point=lambda name: give_up_in_the_air(bench, name))
    bench.deliver()
    bench.restart()
    bench.correct(response, 2, total="25.0")
    bench.deliver_all(2 * SETTLE_SECONDS)
    assert bench.states() == ["confirmed", "discarded", "confirmed"]
    assert len(in_the_chart(bench)) == 1


def test_an_alert_that_arrived_all_the_same_is_ended_there(tmp_path: Path) -> None:
    surface = replace(PLAIN, types=KINDS, search_params=UNSEARCHED)
    with a_bench(tmp_path, surface=surface, faults=[LOST]) as bench:
        recorded = a_dip(bench)
        (lost,) = bench.deliveries(state="unknown")
        give_up(bench, bench.deliveries().index(lost))
        show_identifiers(bench, well=True)
        act(bench, recorded, "dismiss", reason="known-cause")
        assert statuses(bench)["DetectedIssue"] == ["cancelled"]


def give_up_in_the_air(bench: Bench, name: str) -> None:
    """Give the correction up while its search is still to come, its lease being over."""
    if name == "unknown":
        bench.clock.pass_by(seconds=16)
        give_up(bench, 1)
