"""Corrections, withdrawals, alerts: what is in the EHR already is changed there, never added again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fhir_mappings.filled import Answers
from service.flows.decide_delivery import retry_delivery
from service.flows.new_response import Recorded
from service.store.delivery_acts import discard
from tests.service.ehr.fake_ehr import PLAIN, Fault, Json, Surface, outcome
from tests.service.flows.delivering import SETTLE_SECONDS, Bench, a_bench

NO_UPDATES = Surface(update=False, update_create=False)


@pytest.fixture(params=[Surface(), PLAIN], ids=["transaction", "plain"])
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Bench]:
    with a_bench(tmp_path, surface=request.param) as made:
        yield made


def a_delivered(bench: Bench, **changes: object) -> Recorded:
    recorded = bench.record(**changes)
    bench.deliver_all()
    return recorded


def scores_of(bench: Bench) -> dict[str, str]:
    """The status of each Observation in the EHR, by part."""
    return {
        one["identifier"][0]["value"].rpartition(".")[2]: one["status"]
        for one in bench.ehr.found("Observation")
    }


def a_dip(bench: Bench) -> Recorded:
    """Six good sessions of one client, then one far below the usual range."""
    for session in range(1, 7):
        bench.record(session, "37.0")
    return bench.record(7, "20.0")


def test_a_correction_changes_the_same_resources(bench: Bench) -> None:
    recorded = a_delivered(bench)
    bench.correct(recorded.filled.id, total="30.0")
    bench.deliver_all()
    assert bench.states() == ["confirmed", "confirmed"]
    assert len(bench.ehr.found("Observation")) == 6
    assert set(scores_of(bench).values()) == {"amended"}
    assert len(bench.ehr.found("QuestionnaireResponse")) == 1


def test_a_correction_names_the_version_it_changes(tmp_path: Path) -> None:
    with a_bench(tmp_path, surface=PLAIN) as bench:
        recorded = a_delivered(bench)
        bench.correct(recorded.filled.id, total="30.0")
        bench.deliver_all()
        assert {request.headers.get("if-match") for request in bench.ehr.writes[7:]} == {'W/"1"'}


def test_a_score_that_vanished_is_entered_in_error(bench: Bench) -> None:
    recorded = a_delivered(bench)
    marks = {name: value for name, value in recorded.filled.answers.values.items() if name != "item-4"}
    bench.correct(recorded.filled.id, answers=Answers(marks))
    bench.deliver_all()
    found = scores_of(bench)
    assert (found["item-4"], found["total"]) == ("entered-in-error", "entered-in-error")
    assert found["item-1"] == "amended"


def test_a_score_that_comes_back_is_no_longer_in_error(bench: Bench) -> None:
    recorded = a_delivered(bench)
    marks = {name: value for name, value in recorded.filled.answers.values.items() if name != "item-4"}
    bench.correct(recorded.filled.id, answers=Answers(marks))
    bench.deliver_all()
    bench.correct(recorded.filled.id, 2, total="30.0")
    bench.deliver_all()
    assert set(scores_of(bench).values()) == {"amended"}
    assert len(bench.ehr.found("Observation")) == 6


def test_a_withdrawn_response_is_entered_in_error_with_its_scores(bench: Bench) -> None:
    recorded = a_delivered(bench)
    bench.withdraw(recorded.filled.id)
    bench.deliver_all()
    assert bench.states() == ["confirmed", "confirmed"]
    assert set(scores_of(bench).values()) == {"entered-in-error"}
    assert bench.ehr.found("QuestionnaireResponse")[0]["status"] == "entered-in-error"


def test_versions_go_in_order_though_the_second_came_first_to_the_worker(bench: Bench) -> None:
    recorded = bench.record()
    bench.correct(recorded.filled.id, total="30.0")
    bench.deliver_all()
    assert bench.states() == ["confirmed", "confirmed"]
    assert set(scores_of(bench).values()) == {"amended"}


def test_what_was_withdrawn_before_it_got_there_never_goes(bench: Bench) -> None:
    bench.ehr.faults = [Fault(422)]
    recorded = a_delivered(bench)
    bench.withdraw(recorded.filled.id)
    with bench.deployment.database.write() as tx:
        discard(tx, "default", bench.only().id, "withdrawn", bench.now())
    bench.deliver_all()
    assert bench.states() == ["discarded", "confirmed"]
    assert not bench.ehr.rows


def test_a_later_version_waits_for_a_parked_one(bench: Bench) -> None:
    bench.ehr.faults = [Fault(422)]
    recorded = a_delivered(bench)
    bench.correct(recorded.filled.id, total="30.0")
    bench.deliver_all()
    assert bench.states() == ["rejected", "pending"]


def test_an_ehr_without_updates_holds_the_correction_and_says_why(tmp_path: Path) -> None:
    with a_bench(tmp_path, surface=NO_UPDATES) as bench:
        recorded = a_delivered(bench)
        bench.correct(recorded.filled.id, total="30.0")
        bench.deliver_all()
        held = bench.deliveries()[1]
        assert held.state == "held"
        assert (
            held.reason == "this EHR takes no corrections of QuestionnaireResponse; correct it there by hand"
        )
        assert set(scores_of(bench).values()) == {"final"}


def test_a_lost_answer_to_a_correction_is_found_by_its_content(bench: Bench) -> None:
    recorded = a_delivered(bench)
    bench.ehr.faults = [Fault(performs=True)]
    bench.correct(recorded.filled.id, total="30.0")
    sent = len(bench.ehr.writes)
    bench.deliver_all()
    assert bench.states() == ["confirmed", "confirmed"]
    assert len(bench.ehr.found("Observation")) == 6
    assert len(bench.ehr.writes) - sent == (1 if bench.ehr.surface.transaction else 7)


def test_a_correction_that_never_arrived_is_sent_once_more(bench: Bench) -> None:
    recorded = a_delivered(bench)
    bench.ehr.faults = [Fault()]
    bench.correct(recorded.filled.id, total="30.0")
    bench.deliver_all(SETTLE_SECONDS + 10)
    assert bench.states() == ["confirmed", "confirmed"]
    assert set(scores_of(bench).values()) == {"amended"}


def test_a_correction_that_an_error_answered_with_200_is_sent_until_it_is_there(bench: Bench) -> None:
    recorded = a_delivered(bench)
    bench.ehr.faults = [Fault(200, body=outcome("processing"))]
    bench.correct(recorded.filled.id, total="30.0")
    bench.deliver_all(SETTLE_SECONDS + 10)
    assert bench.states() == ["confirmed", "confirmed"]
    assert set(scores_of(bench).values()) == {"amended"}


def test_what_somebody_else_changed_in_the_ehr_is_not_overwritten(bench: Bench) -> None:
    recorded = a_delivered(bench)
    row = next(row for row in bench.ehr.rows if row.type == "QuestionnaireResponse")
    row.version, row.resource = 2, row.resource | {"status": "amended"}
    bench.correct(recorded.filled.id, total="30.0")
    bench.deliver_all(2 * SETTLE_SECONDS)
    assert bench.deliveries()[1].reason.startswith("somebody else changed it in the EHR: retry overwrites")
    assert row.version == 2


def test_a_person_may_say_that_what_was_changed_there_is_overwritten(bench: Bench) -> None:
    recorded = a_delivered(bench)
    row = next(row for row in bench.ehr.rows if row.type == "QuestionnaireResponse")
    row.version, row.resource = 2, row.resource | {"status": "stopped"}
    bench.correct(recorded.filled.id, total="30.0")
    bench.deliver_all(2 * SETTLE_SECONDS)
    with bench.deployment.database.write() as tx:
        retry_delivery(tx, "default", bench.deliveries()[1].id, bench.now())
    bench.deliver_all()
    assert bench.states() == ["confirmed", "confirmed"]
    row = next(row for row in bench.ehr.rows if row.type == "QuestionnaireResponse")
    assert (row.version, row.resource["status"]) == (3, "amended")


def test_what_changes_between_that_word_and_the_update_is_not_overwritten(tmp_path: Path) -> None:
    with a_bench(tmp_path, surface=PLAIN) as bench:
        recorded = a_delivered(bench)
        bench.ehr.rows[0].version = 2
        bench.correct(recorded.filled.id, total="30.0")
        bench.deliver_all(2 * SETTLE_SECONDS)
        with bench.deployment.database.write() as tx:
            retry_delivery(tx, "default", bench.deliveries()[1].id, bench.now())
        bench.deliver_all()
        assert 'W/"2"' in {request.headers.get("if-match") for request in bench.ehr.writes}


def test_a_response_that_came_out_of_the_ehr_is_not_written_again(bench: Bench) -> None:
    a_delivered(bench, ehr_reference="QuestionnaireResponse/777")
    assert not bench.ehr.found("QuestionnaireResponse")
    derived = {one["derivedFrom"][0]["reference"] for one in bench.ehr.found("Observation")}
    assert derived == {"QuestionnaireResponse/777"}


def test_a_correction_of_one_that_came_out_of_the_ehr_corrects_its_scores_alone(bench: Bench) -> None:
    reference = "QuestionnaireResponse/777"
    recorded = a_delivered(bench, ehr_reference=reference, origin="ehr")
    bench.correct(recorded.filled.id, total="30.0", ehr_reference=reference, origin="ehr")
    bench.deliver_all()
    totals = [one["valueQuantity"]["value"] for one in bench.ehr.found("Observation") if _is_total(one)]
    assert not bench.ehr.found("QuestionnaireResponse")
    assert totals == [30]


def _is_total(observation: Json) -> bool:
    return bool(observation["code"]["coding"][0]["code"] == "srs-3.total")


def test_an_alert_points_at_the_scores_in_the_ehr(bench: Bench) -> None:
    a_dip(bench)
    bench.deliver_all()
    issue = bench.ehr.found("DetectedIssue")[0]
    observations = {f"Observation/{one['id']}" for one in bench.ehr.found("Observation")}
    assert {one["reference"] for one in issue["implicated"]} <= observations
    assert set(bench.states()) == {"confirmed"}


def test_an_alert_does_not_wait_for_a_parked_response(bench: Bench) -> None:
    for session in range(1, 7):
        bench.record(session, "37.0")
    bench.deliver_all()
    bench.ehr.faults = [Fault(422)]
    bench.record(7, "20.0")
    bench.deliver_all()
    issue = bench.ehr.found("DetectedIssue")[0]
    assert "rejected" in bench.states()
    assert "implicated" not in issue


def test_a_changed_alert_changes_the_same_resource(bench: Bench) -> None:
    recorded = a_dip(bench)
    bench.deliver_all()
    bench.withdraw(recorded.filled.id)
    bench.deliver_all()
    issues = bench.ehr.found("DetectedIssue")
    assert [one["status"] for one in issues] == ["cancelled"]
    assert set(bench.states()) == {"confirmed"}


def test_an_ehr_without_alerts_holds_them_and_says_why(tmp_path: Path) -> None:
    surface = Surface(types=("QuestionnaireResponse", "Observation"))
    with a_bench(tmp_path, surface=surface) as bench:
        a_dip(bench)
        bench.deliver_all()
        (held,) = bench.deliveries(state="held")
        kinds = "DetectedIssue, Task, Flag, DocumentReference or Communication"
        assert held.reason == f"this EHR takes no {kinds} (not declared) from us"
