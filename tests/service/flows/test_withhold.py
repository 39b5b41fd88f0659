"""Nothing about a patient who does not want it is written into the EHR."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from service.flows.explain_delivery import what_follows
from service.flows.merge_patients import merge_patients, undo_merge
from service.flows.set_disclosure import set_disclosure
from service.store.disclosures import BEFORE_SINCE, NOTHING_PUSHED, OLDER_THERE, TAKEN_BACK, Disclosure
from tests.service.build import an_access
from tests.service.ehr.fake_ehr import PLAIN, Fault, Json, Surface
from tests.service.flows.delivering import SETTLE_SECONDS, Bench, Crash, CrashPlan, a_bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path, surface=PLAIN) as made:
        yield made


def say(bench: Bench, patient: str = "Patient/anna", **changes: Any) -> None:
    set_disclosure(bench.deployment, patient, Disclosure(**changes), an_access("U"))


def test_what_may_not_be_written_waits_with_a_reason(bench: Bench) -> None:
    say(bench, push=False)
    bench.record()
    bench.deliver_all()
    assert bench.ehr.writes == []
    assert [(one.state, one.parked, one.reason) for one in bench.deliveries()] == [
        ("waiting", False, NOTHING_PUSHED)
    ]


def test_what_follows_is_told_of_what_waits_for_the_patients_word(bench: Bench) -> None:
    say(bench, push=False)
    bench.record()
    bench.deliver_all()
    assert what_follows(bench.only(), bench.now()).startswith(
        "It goes by itself once what the patient allows"
    )


def test_it_leaves_by_itself_once_it_may(bench: Bench) -> None:
    say(bench, push=False)
    bench.record()
    bench.deliver_all()
    say(bench, push=True)
    bench.deliver_all()
    assert bench.states() == ["confirmed"]
    assert len(bench.ehr.rows) == 7


def test_sessions_before_the_day_keep_waiting(bench: Bench) -> None:
    say(bench, push=False)
    bench.record(6)
    bench.record(7)
    bench.deliver_all()
    say(bench, push=True, since="2026-02-16")
    bench.deliver_all()
    assert [(one.state, one.reason) for one in bench.deliveries()] == [
        ("waiting", BEFORE_SINCE),
        ("confirmed", ""),
    ]


def test_an_earlier_day_lets_them_go(bench: Bench) -> None:
    say(bench, since="2026-02-16")
    bench.record(6)
    bench.deliver_all()
    say(bench, since="2026-02-09")
    bench.deliver_all()
    assert bench.states() == ["confirmed"]


def test_others_are_written_as_ever(bench: Bench) -> None:
    say(bench, "Patient/bert", push=False)
    bench.record()
    bench.deliver_all()
    assert bench.states() == ["confirmed"]


def test_a_word_given_between_two_parts_stops_the_rest(bench: Bench) -> None:
    bench.record()
    seen: list[str] = []

    def stop_after_the_first(name: str) -> None:
        seen.append(name)
        if seen.count("recorded") == 1:
            say(bench, push=False)

    bench.crash_point = stop_after_the_first
    bench.restart()
    bench.deliver_all()
    assert bench.only().state == "waiting"
    assert [row.type for row in bench.ehr.rows] == ["QuestionnaireResponse"]


def test_the_rest_follows_and_nothing_doubles(bench: Bench) -> None:
    test_a_word_given_between_two_parts_stops_the_rest(bench)
    bench.crash_point = lambda _: None
    bench.restart()
    say(bench, push=True)
    bench.deliver_all()
    assert bench.states() == ["confirmed"]
    assert len(bench.ehr.found("QuestionnaireResponse")) == 1


def test_what_is_in_the_air_is_settled_and_not_sent_again(bench: Bench) -> None:
    bench.ehr.faults = [Fault()]
    bench.record()
    bench.deliver()
    say(bench, push=False)
    bench.deliver_all(2 * SETTLE_SECONDS)
    assert bench.only().state == "waiting"
    assert len(bench.ehr.writes) == 1


def test_a_merge_takes_the_stricter_word_and_an_undo_gives_it_back(bench: Bench) -> None:
    say(bench, "Patient/bert", push=False)
    merge_patients(bench.deployment, "Patient/bert", "Patient/anna", "Practitioner/ada", an_access("U"))
    bench.record()
    bench.deliver_all()
    waited = bench.states()
    undo_merge(bench.deployment, "Patient/bert", "Patient/anna", "Practitioner/ada", an_access("U"))
    bench.deliver_all()
    assert (waited, bench.states()) == (["waiting"], ["confirmed"])


def test_connecting_the_ehr_again_does_not_let_it_go(bench: Bench) -> None:
    say(bench, push=False)
    bench.record()
    bench.deliver_all()
    bench.connect()
    bench.deliver_all()
    assert bench.ehr.writes == []


def of_type(bench: Bench, resource_type: str) -> list[Json]:
    return bench.ehr.found(resource_type)


def statuses(bench: Bench) -> set[str]:
    """The status of whatever the EHR holds of responses."""
    return {
        one["status"] for kind in ("QuestionnaireResponse", "Observation") for one in of_type(bench, kind)
    }


def a_delivered(bench: Bench) -> str:
    """Record and deliver Anna's session, then let nothing more be written; return the response's id."""
    recorded = bench.record()
    bench.deliver_all()
    say(bench, push=False)
    return recorded.filled.id


@pytest.mark.parametrize("surface", [PLAIN, Surface()], ids=["plain", "transaction"])
def test_what_is_withdrawn_is_marked_in_the_ehr_and_nothing_is_added(
    tmp_path: Path, surface: Surface
) -> None:
    with a_bench(tmp_path, surface=surface) as bench:
        response_id = a_delivered(bench)
        before = {row.id for row in bench.ehr.rows}
        bench.withdraw(response_id)
        bench.deliver_all()
        assert bench.states() == ["confirmed", "confirmed"]
        assert statuses(bench) == {"entered-in-error"}
        assert {row.id for row in bench.ehr.rows} == before


def test_a_correction_waits_and_says_that_an_older_version_is_there(bench: Bench) -> None:
    response_id = a_delivered(bench)
    sent = len(bench.ehr.writes)
    bench.correct(response_id, total="30.0")
    bench.deliver_all()
    assert bench.deliveries()[1].reason == NOTHING_PUSHED + OLDER_THERE
    assert len(bench.ehr.writes) == sent
    say(bench, push=True)
    bench.deliver_all()
    assert (bench.states(), statuses(bench)) == (["confirmed", "confirmed"], {"amended"})


@pytest.mark.parametrize("worker_was_first", [True, False])
def test_what_is_withdrawn_tells_nothing_of_a_correction_that_was_held(
    bench: Bench, *, worker_was_first: bool
) -> None:
    response_id = a_delivered(bench)
    held = {row.id: row.resource for row in bench.ehr.rows}
    bench.correct(response_id, total="30.0")
    if worker_was_first:
        bench.deliver_all()
    bench.withdraw(response_id, 2)
    bench.deliver_all()
    assert bench.states() == ["confirmed", "discarded", "confirmed"]
    assert bench.deliveries()[1].reason == TAKEN_BACK
    for one in of_type(bench, "Observation"):
        assert one.get("valueQuantity") == held[one["id"]].get("valueQuantity")
    assert statuses(bench) == {"entered-in-error"}


def test_what_was_discarded_so_never_goes_afterwards(bench: Bench) -> None:
    test_what_is_withdrawn_tells_nothing_of_a_correction_that_was_held(bench, worker_was_first=True)
    say(bench, push=True)
    bench.deliver_all()
    assert statuses(bench) == {"entered-in-error"}


def test_what_never_got_there_and_is_withdrawn_never_goes(bench: Bench) -> None:
    say(bench, push=False)
    recorded = bench.record()
    bench.deliver_all()
    bench.withdraw(recorded.filled.id)
    bench.deliver_all()
    say(bench, push=True)
    bench.deliver_all()
    assert (bench.states(), bench.ehr.writes) == (["discarded", "confirmed"], [])


def test_of_what_got_there_in_part_that_part_is_taken_back(bench: Bench) -> None:
    test_a_word_given_between_two_parts_stops_the_rest(bench)
    bench.crash_point = lambda _: None
    bench.restart()
    bench.withdraw(bench.only().subject_id)
    bench.deliver_all()
    assert [(row.type, row.resource["status"]) for row in bench.ehr.rows] == [
        ("QuestionnaireResponse", "entered-in-error")
    ]


def test_a_word_given_amid_a_withdrawal_lets_it_go_on_without_anything_new(bench: Bench) -> None:
    recorded = bench.record()
    bench.deliver_all()
    before = {row.id for row in bench.ehr.rows}
    bench.crash_point = lambda name: say(bench, push=False) if name == "recorded" else None
    bench.restart()
    bench.withdraw(recorded.filled.id)
    bench.deliver_all()
    assert bench.states() == ["confirmed", "confirmed"]
    assert statuses(bench) == {"entered-in-error"}
    assert {row.id for row in bench.ehr.rows} == before


def test_an_alert_that_its_ratings_no_longer_support_is_taken_back_as_it_stood(bench: Bench) -> None:
    for session in range(1, 7):
        bench.record(session, "37.0")
    recorded = bench.record(7, "20.0")
    bench.deliver_all()
    (before,) = of_type(bench, "DetectedIssue")
    say(bench, push=False)
    bench.withdraw(recorded.filled.id)
    bench.deliver_all()
    (issue,) = of_type(bench, "DetectedIssue")
    assert (before["status"], issue["status"]) == ("preliminary", "cancelled")
    assert issue["detail"] == before["detail"]
    assert set(bench.states()) == {"confirmed"}


def test_an_ehr_that_takes_no_corrections_says_so_to_a_person(tmp_path: Path) -> None:
    with a_bench(tmp_path, surface=Surface(update=False, update_create=False)) as bench:
        bench.withdraw(a_delivered(bench))
        bench.deliver_all()
        assert bench.deliveries()[1].reason.endswith("correct it there by hand")


@pytest.mark.parametrize("can_update", [True, False])
def test_a_note_is_overwritten_or_left_to_a_person(tmp_path: Path, *, can_update: bool) -> None:
    surface = Surface(types=("DocumentReference",), update=can_update, update_create=False)
    with a_bench(tmp_path, surface=surface) as bench:
        bench.withdraw(a_delivered(bench))
        bench.deliver_all()
        (note,) = of_type(bench, "DocumentReference")
        assert bench.states()[1] == ("confirmed" if can_update else "held")
        assert note["status"] == ("entered-in-error" if can_update else "current")


@pytest.mark.parametrize("surface", [PLAIN, Surface()], ids=["plain", "transaction"])
@pytest.mark.parametrize("fault", [Fault(), Fault(performs=True), Fault(503), Fault(500)])
def test_what_goes_wrong_amid_a_withdrawal_is_settled_as_ever(
    tmp_path: Path, surface: Surface, fault: Fault
) -> None:
    with a_bench(tmp_path, surface=surface) as bench:
        response_id = a_delivered(bench)
        before = {row.id for row in bench.ehr.rows}
        bench.ehr.faults = [fault]
        bench.withdraw(response_id)
        bench.deliver_all(2 * SETTLE_SECONDS)
        assert bench.states() == ["confirmed", "confirmed"]
        assert statuses(bench) == {"entered-in-error"}
        assert {row.id for row in bench.ehr.rows} == before


@pytest.mark.parametrize("point", ["claimed", "frozen", "answered", "recorded"])
def test_a_worker_that_dies_amid_a_withdrawal_is_followed_by_the_next(bench: Bench, point: str) -> None:
    response_id = a_delivered(bench)
    before = {row.id for row in bench.ehr.rows}
    bench.crash_point = CrashPlan({0}, only=point)
    bench.restart()
    bench.withdraw(response_id)
    with pytest.raises(Crash):
        bench.deliver_all()
    bench.restart()
    bench.deliver_all(2 * SETTLE_SECONDS)
    assert bench.states() == ["confirmed", "confirmed"]
    assert statuses(bench) == {"entered-in-error"}
    assert {row.id for row in bench.ehr.rows} == before
