"""Delivery against an EHR that works, and one that does not."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from fhir_mappings import json_text
from service.ehr.auth.credentials import TokenCredentials
from service.ehr.auth.token import Token
from service.ehr.client import EhrClient
from service.flows.deliver import deliver_next
from service.store.delivery_acts import retry
from service.store.outbox import queue_delivery
from tests.service.ehr.fake_ehr import BASE, PLAIN, Fault, Surface, outcome
from tests.service.flows.delivering import SETTLE_SECONDS, Bench, Crash, CrashPlan, a_bench, in_parallel

LOST = Fault(performs=True)
NEVER_ARRIVED = Fault()
BUSY = Fault(503, headers=(("Retry-After", "7"),))
BUSY_YET_PERFORMED = Fault(503, performs=True, headers=(("Retry-After", "7"),))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path) as made:
        yield made


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Bench]:
    """With an EHR that has neither transactions nor conditions nor client ids."""
    with a_bench(tmp_path, surface=PLAIN) as made:
        yield made


def test_a_response_goes_as_one_transaction(bench: Bench) -> None:
    bench.record()
    bench.deliver_all()
    assert bench.states() == ["confirmed"]
    assert [str(request.url.path) for request in bench.ehr.writes] == ["/fhir"]
    assert len(bench.ehr.found("Observation")) == 6


def test_scores_point_at_the_response_in_the_ehr(bench: Bench) -> None:
    bench.record()
    bench.deliver_all()
    response = bench.ehr.found("QuestionnaireResponse")[0]
    derived = [score["derivedFrom"][0]["reference"] for score in bench.ehr.found("Observation")]
    assert set(derived) == {f"QuestionnaireResponse/{response['id']}"}


def test_the_ehr_gets_our_identifier_and_not_the_callers(bench: Bench) -> None:
    recorded = bench.record()
    bench.deliver_all()
    identifier = bench.ehr.found("QuestionnaireResponse")[0]["identifier"]
    assert identifier == {
        "system": bench.deployment.names.identifier("response"),
        "value": recorded.filled.id,
    }


def test_provenance_goes_by_put_under_an_id_of_response_and_version(bench: Bench) -> None:
    recorded = bench.record()
    bench.deliver_all()
    assert [one["id"] for one in bench.ehr.found("Provenance")] == [f"{recorded.filled.id}-1"]


def test_without_transactions_the_response_goes_first_and_the_panel_last(plain: Bench) -> None:
    plain.record()
    plain.deliver_all()
    assert [row.type for row in plain.ehr.rows] == ["QuestionnaireResponse"] + ["Observation"] * 6
    members = plain.ehr.rows[-1].resource["hasMember"]
    assert {one["reference"] for one in members} == {f"Observation/{row.id}" for row in plain.ehr.rows[1:-1]}
    assert plain.states() == ["confirmed"]


def test_conditional_create_is_asked_for_where_declared(tmp_path: Path) -> None:
    with a_bench(tmp_path, surface=Surface(transaction=False)) as bench:
        recorded = bench.record()
        bench.deliver_all()
        asked = bench.ehr.writes[0].headers["if-none-exist"]
    assert asked.endswith(f"/identifier/response|{recorded.filled.id}")


def test_an_ehr_without_responses_gets_the_scores_alone(tmp_path: Path) -> None:
    with a_bench(tmp_path, surface=Surface(types=("Observation",))) as bench:
        bench.record()
        bench.deliver_all()
        assert bench.states() == ["confirmed"]
        assert [row.type for row in bench.ehr.rows] == ["Observation"] * 6
        assert "derivedFrom" not in bench.ehr.rows[0].resource


def test_an_ehr_that_takes_nothing_holds_the_delivery_and_says_why(tmp_path: Path) -> None:
    with a_bench(tmp_path, surface=Surface(types=("Provenance",))) as bench:
        bench.record()
        bench.deliver_all()
        held = bench.only()
    assert held.state == "held"
    assert held.reason == (
        "this EHR takes no QuestionnaireResponse, Observation, DocumentReference or Communication "
        "(not declared) from us"
    )


def test_a_lost_answer_is_found_by_search_and_not_sent_again(bench: Bench) -> None:
    bench.ehr.faults = [LOST]
    bench.record()
    bench.deliver_all()
    assert bench.states() == ["confirmed"]
    assert len(bench.ehr.writes) == 1


def test_what_never_arrived_is_sent_once_more_after_settling(bench: Bench) -> None:
    bench.ehr.faults = [NEVER_ARRIVED]
    bench.record()
    bench.deliver_all(SETTLE_SECONDS - 5)
    assert len(bench.ehr.writes) == 1
    bench.deliver_all(10)
    assert bench.states() == ["confirmed"]
    assert len(bench.ehr.writes) == 2


def test_the_second_sending_has_the_same_bytes(bench: Bench) -> None:
    bench.ehr.faults = [NEVER_ARRIVED]
    bench.record()
    bench.deliver_all(SETTLE_SECONDS + 10)
    first, second = bench.ehr.writes
    assert first.content == second.content


def test_what_is_not_there_after_two_sendings_waits_for_a_person(bench: Bench) -> None:
    bench.ehr.faults = [NEVER_ARRIVED, NEVER_ARRIVED]
    bench.record()
    bench.deliver_all(3 * SETTLE_SECONDS)
    assert (bench.only().state, bench.only().parked) == ("unknown", True)
    assert bench.only().reason == "not in the EHR after it was sent twice"


def test_a_person_who_says_it_is_not_there_releases_it(bench: Bench) -> None:
    bench.ehr.faults = [NEVER_ARRIVED, NEVER_ARRIVED]
    bench.record()
    bench.deliver_all(3 * SETTLE_SECONDS)
    with bench.deployment.database.write() as tx:
        retry(tx, "default", bench.only().id, bench.now(), not_there=True)
    bench.deliver_all()
    assert bench.states() == ["confirmed"]
    assert len(bench.ehr.found("QuestionnaireResponse")) == 1


def test_two_of_ours_in_the_ehr_are_never_picked_from(plain: Bench) -> None:
    plain.ehr.faults = [LOST]
    plain.ehr.hides_seconds = 1.0
    plain.record()
    plain.deliver()
    plain.ehr.rows.append(plain.ehr.rows[0].__class__(**vars(plain.ehr.rows[0]) | {"id": "twin"}))
    plain.deliver_all(SETTLE_SECONDS)
    assert plain.only().reason == "the EHR holds more than one of it; none is picked"


def test_an_ehr_that_cannot_be_searched_leaves_it_to_a_person(tmp_path: Path) -> None:
    with a_bench(tmp_path, surface=Surface(search_params=("patient",)), faults=[LOST]) as bench:
        bench.record()
        bench.deliver_all()
        assert bench.only().reason == "the answer was lost, and this EHR cannot be searched for it"
        assert len(bench.ehr.writes) == 1


@pytest.mark.parametrize("kept", ["2026-03-02T09:50:00+00:00", "2026-03-02", "2026-03-04T06:00:00+00:00"])
def test_what_the_ehr_keeps_under_another_time_is_found(tmp_path: Path, kept: str) -> None:
    surface = Surface(
        types=("QuestionnaireResponse",), search_params=("patient", "authored"), transaction=False
    )
    with a_bench(tmp_path, surface=surface, profile="meditech", faults=[LOST], hides_seconds=1.0) as bench:
        bench.record(authored="2026-03-02T10:50:00.123+01:00")
        bench.deliver()
        bench.ehr.rows[0].resource["authored"] = kept
        bench.deliver_all(3 * SETTLE_SECONDS)
        assert (bench.states(), len(bench.ehr.writes)) == (["confirmed"], 1)


def test_a_busy_ehr_is_asked_again_when_it_said(bench: Bench) -> None:
    bench.ehr.faults = [BUSY]
    bench.record()
    bench.deliver()
    assert bench.only().reason == "the EHR is busy (503)"
    bench.clock.pass_by(seconds=6)
    assert bench.deliver() is None
    bench.clock.pass_by(seconds=1)
    bench.deliver_all()
    assert bench.states() == ["confirmed"]


@pytest.mark.parametrize("surface", [Surface(), PLAIN])
def test_a_busy_answer_after_the_commit_doubles_nothing(tmp_path: Path, surface: Surface) -> None:
    with a_bench(tmp_path, surface=surface, faults=[BUSY_YET_PERFORMED]) as bench:
        bench.record()
        bench.deliver_all(30)
        assert bench.states() == ["confirmed"]
        assert len(bench.ehr.found("QuestionnaireResponse")) == 1


def test_an_ehr_without_conditions_is_given_time_after_busy(plain: Bench) -> None:
    plain.ehr.faults = [BUSY_YET_PERFORMED]
    plain.ehr.hides_seconds = 30.0
    plain.record()
    plain.deliver_all(2 * SETTLE_SECONDS)
    assert plain.states() == ["confirmed"]
    assert len(plain.ehr.rows) == 7


def test_a_refused_connection_is_tried_again_without_a_search(plain: Bench) -> None:
    plain.ehr.faults = [Fault(refuses=True)]
    plain.record()
    went = plain.deliver()
    assert went is not None
    assert (went.well, went.pause_seconds) == (False, 0.0)
    reads = len(plain.ehr.reads)
    plain.deliver_all()
    assert plain.states() == ["confirmed"]
    assert len(plain.ehr.reads) == reads


def test_a_refusal_parks_with_code_and_element(bench: Bench) -> None:
    body = outcome("value", expression=["QuestionnaireResponse.item"], diagnostics="anna wrote 9.9")
    bench.ehr.patients = {"anna": {}}
    bench.ehr.faults = [Fault(422, body=body)]
    bench.record()
    bench.deliver_all()
    assert bench.only().reason == "the EHR refused it (422: value@QuestionnaireResponse.item)"
    assert bench.only().parked


def test_what_the_ehr_said_is_kept_with_the_attempt_and_not_in_the_log(bench: Bench) -> None:
    bench.ehr.faults = [Fault(422, body=outcome("value", diagnostics="anna wrote 9.9"))]
    bench.record()
    bench.deliver_all()
    detail = bench.detail(bench.only().id)
    kept = [one for attempts in detail.attempts.values() for one in attempts]
    assert "anna wrote 9.9" in kept[0].answer
    assert "anna" not in bench.log.getvalue()


def test_a_parked_response_does_not_hold_back_the_next(bench: Bench) -> None:
    bench.ehr.faults = [Fault(422)]
    bench.record(1)
    bench.record(2)
    bench.deliver_all()
    assert bench.states() == ["rejected", "confirmed"]


def test_an_unknown_response_holds_back_the_patient_and_nobody_else(bench: Bench) -> None:
    bench.ehr.faults = [NEVER_ARRIVED]
    bench.record(1)
    bench.record(2)
    bench.record(1, patient="Patient/ben", source="Patient/ben", identifier=None)
    bench.deliver_all()
    assert bench.states() == ["unknown", "pending", "confirmed"]


def test_one_of_a_patient_is_on_its_way_at_a_time(bench: Bench) -> None:
    bench.record(1)
    bench.record(2)
    bench.crash_point = CrashPlan({0}, "frozen")
    bench.restart()
    with pytest.raises(Crash):
        bench.deliver()
    assert deliver_next(in_parallel(bench, "second")) is None


def test_a_promise_that_is_not_kept_leads_to_the_next_form(bench: Bench) -> None:
    bench.ehr.faults = [Fault(405), Fault(405)]
    bench.record()
    bench.deliver_all()
    assert bench.states() == ["confirmed"]
    assert {row.type for row in bench.ehr.rows} == {"Observation", "Provenance"}


def test_a_missing_right_parks_one_delivery_and_no_other(bench: Bench) -> None:
    bench.ehr.faults = [Fault(403)]
    bench.record(6)
    bench.record(7)
    bench.deliver_all()
    assert bench.states() == ["rejected", "confirmed"]
    assert bench.only().reason == "the EHR does not allow it (403)"


def test_another_plan_waits_until_what_may_have_arrived_was_searched_for(tmp_path: Path) -> None:
    with a_bench(tmp_path, surface=Surface(conditional=False), hides_seconds=30.0) as bench:
        bench.ehr.faults = [BUSY_YET_PERFORMED, Fault(405), Fault(405)]
        bench.record()
        bench.deliver_all(3 * SETTLE_SECONDS)
        assert len(bench.ehr.found("QuestionnaireResponse")) == 1
        assert len(bench.ehr.found("Observation")) == 6


def test_what_is_only_partly_there_is_left_to_a_person(tmp_path: Path) -> None:
    with a_bench(tmp_path, surface=Surface(conditional=False), faults=[LOST]) as bench:
        bench.ehr.hides_seconds = 1.0
        bench.record()
        bench.deliver()
        bench.ehr.rows = [row for row in bench.ehr.rows if row.type != "Observation"]
        bench.deliver_all(2 * SETTLE_SECONDS)
        assert bench.only().reason.startswith("only some of it is in the EHR")
        assert len(bench.ehr.writes) == 1


def test_two_workers_deliver_each_response_once(bench: Bench) -> None:
    for session in range(1, 8):
        bench.record(session, patient=f"Patient/p-{session}", source=f"Patient/p-{session}", identifier=None)
    second = in_parallel(bench, "second")
    while any(deliver_next(lane) for lane in (bench.lane, second)):
        pass
    assert set(bench.states()) == {"confirmed"}
    assert len(bench.ehr.found("QuestionnaireResponse")) == 7


def test_an_ehr_that_refuses_every_form_holds_the_delivery(bench: Bench) -> None:
    bench.ehr.faults = [Fault(405)] * 6
    bench.record()
    bench.deliver_all()
    assert bench.states() == ["held"]
    assert not bench.ehr.rows


def test_an_ehr_that_answers_web_pages_gets_nothing_and_nothing_is_lost(bench: Bench) -> None:
    bench.ehr.statement = lambda: {"resourceType": "nonsense"}  # type: ignore[method-assign] # a gateway's page
    bench.record()
    went = bench.deliver()
    assert went is not None
    assert (bench.states(), went.pause_seconds) == (["pending"], 0.0)


def test_an_id_that_was_not_told_is_searched_for(bench: Bench) -> None:
    bench.ehr.surface = PLAIN
    bench.ehr.faults = [Fault(201, performs=True)]
    recorded = bench.record()
    bench.deliver_all()
    bench.correct(recorded.filled.id, total="30.0")
    bench.deliver_all()
    assert bench.states() == ["confirmed", "confirmed"]
    assert len(bench.ehr.found("QuestionnaireResponse")) == 1


@pytest.mark.parametrize("body", [b"", b"{}", b"<h1>Back soon</h1>"])
def test_a_success_that_names_nothing_is_searched_for_and_what_never_arrived_is_sent(
    bench: Bench, body: bytes
) -> None:
    bench.ehr.surface = PLAIN
    bench.ehr.faults = [Fault(200, body=body)]
    bench.record()
    bench.deliver_all(2 * SETTLE_SECONDS)
    assert bench.states() == ["confirmed"]
    assert len(bench.ehr.found("QuestionnaireResponse")) == 1


def test_an_answer_that_is_no_transaction_response_is_searched_for(bench: Bench) -> None:
    bench.ehr.faults = [Fault(200, performs=True, body=b'{"resourceType": "Bundle"}')]
    bench.record()
    bench.deliver_all()
    assert bench.states() == ["confirmed"]
    assert bench.outcomes() == ["write unknown"]


def test_a_lost_race_is_settled_by_search(bench: Bench) -> None:
    bench.ehr.faults = [Fault(409, performs=True)]
    bench.record()
    bench.deliver_all()
    assert bench.states() == ["confirmed"]
    assert len(bench.ehr.writes) == 1


def test_a_conflict_that_never_ends_waits_for_a_person(bench: Bench) -> None:
    bench.ehr.faults = [Fault(409)] * 10
    bench.record()
    bench.deliver_all(200)
    assert bench.only().reason == "the EHR keeps reporting a conflict"
    assert len(bench.ehr.writes) == 6


def a_sleep(bench: Bench, *, taken_over: bool) -> None:
    """Let the worker sleep for longer than its lease once its part is frozen; another may take over."""
    second = in_parallel(bench, "second")

    def sleep(name: str) -> None:
        if name == "frozen":
            bench.clock.pass_by(seconds=16)
            if taken_over:
                deliver_next(second)

    bench.crash_point = sleep
    bench.restart()


def test_a_worker_that_slept_and_was_replaced_sends_nothing(bench: Bench) -> None:
    a_sleep(bench, taken_over=True)
    bench.record()
    bench.deliver()
    assert not bench.ehr.writes
    bench.crash_point = lambda _: None
    bench.restart()
    bench.deliver_all(SETTLE_SECONDS + 20)
    assert bench.states() == ["confirmed"]


def test_a_worker_that_slept_and_was_missed_by_nobody_goes_on(bench: Bench) -> None:
    a_sleep(bench, taken_over=False)
    bench.record()
    bench.deliver()
    assert (bench.states(), len(bench.ehr.writes)) == (["confirmed"], 1)


def test_a_worker_that_waited_long_for_a_token_and_was_replaced_sends_nothing(plain: Bench) -> None:
    second = in_parallel(plain, "second")
    fetched: list[str] = []

    def fetch() -> Token:
        if fetched and plain.states() == ["sent"]:
            plain.clock.pass_by(seconds=16)
            deliver_next(second)
        fetched.append("token")
        return Token(f"t-{len(fetched)}", plain.clock(), plain.clock(), "system/*.cruds")

    credentials = TokenCredentials(fetch, plain.clock)
    client = EhrClient(plain.http, BASE, plain.clock, credentials=credentials)
    plain.lane = replace(plain.lane, client=client)
    plain.record()
    plain.deliver()
    assert not plain.ehr.writes
    plain.restart()
    plain.deliver_all(SETTLE_SECONDS + 20)
    assert len(plain.ehr.found("QuestionnaireResponse")) == 1


@pytest.mark.parametrize("point", ["claimed", "frozen", "answered", "recorded", "unknown"])
def test_a_kill_at_any_point_neither_doubles_nor_loses(bench: Bench, point: str) -> None:
    bench.ehr.faults = [LOST] if point == "unknown" else []
    bench.crash_point = CrashPlan({0}, point)
    bench.restart()
    bench.record()
    with pytest.raises(Crash):
        bench.deliver()
    bench.restart()
    bench.deliver_all(2 * SETTLE_SECONDS)
    assert bench.states() == ["confirmed"]
    assert len(bench.ehr.found("QuestionnaireResponse")) == 1


def test_a_stumble_of_ours_with_a_request_in_the_air_is_settled_like_a_crash(bench: Bench) -> None:
    bench.record(1)
    bench.record(1, patient="Patient/ben", source="Patient/ben", identifier=None)
    stumbles = [True]

    def stumble(name: str) -> None:
        if name == "frozen" and stumbles:
            stumbles.pop()
            raise KeyError(name)

    bench.crash_point = stumble
    bench.restart()
    bench.deliver_all(2 * SETTLE_SECONDS)
    assert bench.states() == ["confirmed", "confirmed"]


def test_a_delivery_over_which_we_stumble_is_held_and_stops_nobody(bench: Bench) -> None:
    with bench.deployment.database.write() as tx:
        queue_delivery(
            tx,
            clinic="default",
            ehr="ehr",
            subject_kind="response",
            subject_id="gone",
            subject_version=1,
            patient_key="nobody",
            now=bench.now(),
            state="pending",
        )
    bench.record()
    bench.deliver_all()
    assert bench.states() == ["held", "confirmed"]
    assert bench.only().reason == "this service failed at it (NotFound)"


def test_what_is_logged_of_a_delivery_names_the_request_that_queued_it(bench: Bench) -> None:
    bench.record()
    bench.deliver()
    (told,) = [line for line in bench.log.getvalue().splitlines() if "delivery_confirmed" in line]
    assert json_text.loads(told.encode())["request"] == "request-1"


def test_three_commits_deliver_a_transaction(bench: Bench) -> None:
    bench.record()
    commits: list[bool] = []
    event.listen(
        bench.deployment.database.engine,
        "commit",
        lambda connection: commits.append(connection.get_execution_options().get("writes", False)),
    )
    bench.deliver()
    assert bench.states() == ["confirmed"]
    assert commits.count(True) == 3


def test_attempts_name_their_number_and_times(bench: Bench) -> None:
    bench.ehr.faults = [BUSY]
    bench.record()
    bench.deliver_all(10)
    detail = bench.detail(bench.only().id)
    attempts = detail.attempts[detail.parts[0].row]
    assert [(one.number, one.outcome, one.status) for one in attempts] == [
        (1, "later", 503),
        (2, "confirmed", 200),
    ]
    assert json_text.loads(detail.parts[0].body)["type"] == "transaction"
    assert attempts[0].started_at < attempts[1].started_at


def test_deliveries_are_due_from_when_they_were_queued(bench: Bench) -> None:
    bench.record()
    bench.clock.moment -= timedelta(seconds=1)
    assert bench.deliver() is None
