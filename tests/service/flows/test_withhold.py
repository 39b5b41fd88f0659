"""Nothing about a patient who does not want it is written into the EHR."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from service.flows.explain_delivery import what_follows
from service.flows.merge_patients import merge_patients, undo_merge
from service.flows.set_disclosure import set_disclosure
from service.store.disclosures import BEFORE_SINCE, NOTHING_PUSHED, Disclosure
from tests.service.build import an_access
from tests.service.ehr.fake_ehr import PLAIN, Fault
from tests.service.flows.delivering import SETTLE_SECONDS, Bench, a_bench


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
