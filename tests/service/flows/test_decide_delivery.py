"""What people do to parked deliveries."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fhir_mappings import json_text
from fhir_mappings.codes import Names
from service.errors import FaultsInRequest, NotFound, StaleVersion, WrongState
from service.flows.decide_delivery import confirm_delivery
from service.flows.list_deliveries import DeliveryListQuery, list_delivery_page
from service.store.deliveries import count_by_state, oldest_under_way
from service.store.delivery_acts import discard, retry
from tests.service.ehr.fake_ehr import PLAIN, Fault, Json, Row, Surface
from tests.service.flows.delivering import SETTLE_SECONDS, Bench, a_bench

OURS = Names().identifier("response")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path) as made:
        yield made


def a_refused(bench: Bench) -> str:
    """The id of a delivery that the EHR refused."""
    bench.ehr.faults = [Fault(422)]
    bench.record()
    bench.deliver_all()
    return bench.only().id


def try_again(bench: Bench, delivery_id: str, version: int | None = None, *, not_there: bool = True) -> None:
    with bench.deployment.database.write() as tx:
        retry(tx, "default", delivery_id, bench.now(), version=version, not_there=not_there)


def say_it_is_there(bench: Bench, delivery_id: str, reference: str) -> None:
    with bench.deployment.database.write() as tx:
        confirm_delivery(tx, "default", delivery_id, reference, bench.now())


def test_what_was_refused_is_planned_and_sent_anew(bench: Bench) -> None:
    delivery = a_refused(bench)
    try_again(bench, delivery)
    bench.deliver_all(SETTLE_SECONDS)
    assert bench.states() == ["confirmed"]
    states = [part.state for part in bench.detail(delivery).parts]
    assert states == ["discarded", "confirmed"]


def test_what_was_held_goes_once_the_ehr_takes_it(tmp_path: Path) -> None:
    with a_bench(tmp_path, surface=Surface(types=("Device",))) as bench:
        bench.record()
        bench.deliver_all()
        bench.ehr.surface = Surface()
        bench.clock.pass_by(minutes=2)
        try_again(bench, bench.only().id)
        bench.deliver_all()
        assert bench.states() == ["confirmed"]


def test_what_is_confirmed_cannot_be_tried_again(bench: Bench) -> None:
    bench.record()
    bench.deliver_all()
    with pytest.raises(WrongState) as refused:
        try_again(bench, bench.only().id)
    assert refused.value.message == "Nobody needs to decide about this delivery now."


def test_an_act_on_another_version_than_the_one_seen_is_refused(bench: Bench) -> None:
    delivery = a_refused(bench)
    seen = bench.only().version
    try_again(bench, delivery, seen)
    with pytest.raises(StaleVersion) as refused:
        try_again(bench, delivery, seen)
    assert refused.value.status == 412


def test_a_delivery_that_does_not_exist_is_not_found(bench: Bench) -> None:
    with pytest.raises(NotFound) as refused:
        try_again(bench, "nothing")
    assert refused.value.status == 404


def test_a_delivery_on_its_way_is_left_alone(bench: Bench) -> None:
    bench.record()
    outcome: list[WrongState] = []

    def interfere(name: str) -> None:
        if name == "frozen":
            with pytest.raises(WrongState) as refused:
                try_again(bench, bench.only().id)
            outcome.append(refused.value)

    bench.crash_point = interfere
    bench.restart()
    bench.deliver_all()
    assert [one.status for one in outcome] == [409]
    assert bench.states() == ["confirmed"]


def test_given_up_is_final_and_says_why(bench: Bench) -> None:
    delivery = a_refused(bench)
    with bench.deployment.database.write() as tx:
        changed = discard(tx, "default", delivery, "entered by hand", bench.now())
    bench.deliver_all()
    assert (changed.state, changed.reason, changed.parked) == ("discarded", "entered by hand", False)
    assert not bench.ehr.rows


def test_what_a_person_found_is_corrected_under_that_id(tmp_path: Path) -> None:
    with a_bench(tmp_path, surface=Surface(types=("QuestionnaireResponse",), transaction=False)) as bench:
        bench.ehr.faults = [Fault(performs=True), Fault()]
        bench.ehr.hides_seconds = 10_000.0
        recorded = bench.record()
        bench.deliver_all(3 * SETTLE_SECONDS)
        assert bench.only().parked
        say_it_is_there(bench, bench.only().id, f"QuestionnaireResponse/{bench.ehr.rows[0].id}")
        bench.correct(recorded.filled.id, total="30.0")
        bench.deliver_all()
        assert bench.states() == ["confirmed", "confirmed"]
        assert [row.resource["status"] for row in bench.ehr.rows] == ["amended"]


def a_wrong_confirmation(bench: Bench, there: Json, reference: str = "other") -> None:
    """A response that a person confirmed under the id of this other thing, and a correction of it."""
    bench.ehr.faults = [Fault(422)]
    recorded = bench.record()
    bench.deliver_all()
    bench.ehr.rows.append(Row("QuestionnaireResponse", "other", 1, there, bench.clock()))
    say_it_is_there(bench, bench.only().id, f"QuestionnaireResponse/{reference}")
    bench.correct(recorded.filled.id, total="30.0")
    bench.deliver_all()


@pytest.mark.parametrize("reference", ["other", "other/_history/1"])
@pytest.mark.parametrize(
    "there",
    [
        {"subject": {"reference": "Patient/berta"}},
        {"subject": {"reference": "Patient/anna"}, "identifier": {"system": OURS, "value": "another"}},
    ],
)
def test_what_is_there_under_a_mistaken_id_is_never_overwritten(
    tmp_path: Path, there: Json, reference: str
) -> None:
    surface = Surface(types=("QuestionnaireResponse",), transaction=False)
    with a_bench(tmp_path, surface=surface) as bench:
        a_wrong_confirmation(bench, {"resourceType": "QuestionnaireResponse", **there}, reference)
        held = bench.deliveries()[1]
        assert (held.state, "nothing is overwritten" in held.reason) == ("held", True)
        assert bench.ehr.rows[-1].version == 1


def test_what_a_person_entered_there_is_corrected(tmp_path: Path) -> None:
    with a_bench(tmp_path, surface=Surface(types=("QuestionnaireResponse",), transaction=False)) as bench:
        by_hand = {"resourceType": "QuestionnaireResponse", "subject": {"reference": "Patient/anna"}}
        a_wrong_confirmation(bench, by_hand)
        assert bench.states() == ["confirmed", "confirmed"]
        assert bench.ehr.writes[-1].headers["if-match"] == 'W/"1"'


def test_the_rest_of_the_parts_goes_on(tmp_path: Path) -> None:
    with a_bench(tmp_path, surface=PLAIN, faults=[Fault(), Fault()]) as bench:
        bench.record()
        bench.deliver_all(3 * SETTLE_SECONDS)
        say_it_is_there(bench, bench.only().id, "777")
        bench.deliver_all()
        assert bench.states() == ["confirmed"]
        derived = {one["derivedFrom"][0]["reference"] for one in bench.ehr.found("Observation")}
        assert derived == {"QuestionnaireResponse/777"}


def test_of_a_transactions_scores_we_know_only_that_they_are_there(bench: Bench) -> None:
    bench.ehr.faults = [Fault(), Fault()]
    recorded = bench.record()
    bench.deliver_all(3 * SETTLE_SECONDS)
    say_it_is_there(bench, bench.only().id, "QuestionnaireResponse/777")
    bench.correct(recorded.filled.id, total="30.0")
    bench.deliver_all()
    held = bench.deliveries()[1]
    assert bench.only().state == "confirmed"
    assert held.reason == (
        "the EHR holds the Observation under an id that it never told; correct it there by hand"
    )


def a_stumble(bench: Bench) -> None:
    """A delivery that was busy once, and over which this service stumbled before it went again."""
    bench.ehr.faults = [Fault(429)]
    bench.record()
    bench.deliver()
    bench.lane = replace(bench.lane, instruments={})
    bench.clock.pass_by(minutes=3)
    bench.deliver_all()
    bench.restart()


@pytest.mark.parametrize("surface", [Surface(), PLAIN], ids=["transaction", "plain"])
def test_what_a_person_found_is_not_sent_beside_it(tmp_path: Path, surface: Surface) -> None:
    with a_bench(tmp_path, surface=surface) as bench:
        a_stumble(bench)
        assert bench.states() == ["held"]
        by_hand = {"resourceType": "QuestionnaireResponse", "subject": {"reference": "Patient/anna"}}
        bench.ehr.rows.append(Row("QuestionnaireResponse", "x1", 1, by_hand, bench.clock()))
        say_it_is_there(bench, bench.only().id, "x1")
        bench.deliver_all(2 * SETTLE_SECONDS)
        assert bench.states() == ["confirmed"]
        assert [one["id"] for one in bench.ehr.found("QuestionnaireResponse")] == ["x1"]
        derived = [one["derivedFrom"][0]["reference"] for one in bench.ehr.found("Observation")]
        assert derived == ["QuestionnaireResponse/x1"] * 6


@pytest.fixture
def partly(tmp_path: Path) -> Iterator[Bench]:
    """A delivery of which the EHR holds the response and all scores but the total."""
    with a_bench(tmp_path, surface=Surface(conditional=False), faults=[Fault(performs=True)]) as bench:
        bench.ehr.hides_seconds = 1.0
        bench.record()
        bench.deliver()
        bench.ehr.rows = [row for row in bench.ehr.rows if not is_total(row)]
        bench.deliver_all(2 * SETTLE_SECONDS)
        assert bench.only().reason.startswith("only some of it is in the EHR")
        yield bench


def is_total(row: Row) -> bool:
    return row.type == "Observation" and row.resource["identifier"][0]["value"].endswith(".total")


def test_of_what_is_there_in_part_the_rest_is_sent_once_somebody_said_so(partly: Bench) -> None:
    try_again(partly, partly.only().id)
    partly.deliver_all(2 * SETTLE_SECONDS)
    assert partly.states() == ["confirmed"]
    assert [len(partly.ehr.found(one)) for one in ("QuestionnaireResponse", "Observation")] == [1, 6]


def test_of_what_is_there_in_part_no_score_is_lost_by_confirming_it(partly: Bench) -> None:
    found = partly.ehr.found("QuestionnaireResponse")[0]["id"]
    say_it_is_there(partly, partly.only().id, found)
    partly.deliver_all(2 * SETTLE_SECONDS)
    assert partly.states() == ["confirmed"]
    assert [is_total(row) for row in partly.ehr.rows].count(True) == 1
    assert len(partly.ehr.found("Observation")) == 6


def test_what_a_search_found_is_known_though_nobody_can_search_any_more(partly: Bench) -> None:
    partly.ehr.surface = Surface(conditional=False, search_params=("url",))
    partly.lane.client.forget_capabilities()
    say_it_is_there(partly, partly.only().id, partly.ehr.found("QuestionnaireResponse")[0]["id"])
    partly.deliver_all(2 * SETTLE_SECONDS)
    assert (partly.states(), len(partly.ehr.found("Observation"))) == (["confirmed"], 6)


def test_what_came_of_a_part_afterwards_is_found_and_not_sent_again(partly: Bench) -> None:
    total = next(one for one in json_text.loads(partly.ehr.writes[0].content)["entry"] if is_of_total(one))
    partly.ehr.rows.append(Row("Observation", "late", 1, total["resource"], partly.clock()))
    partly.clock.pass_by(seconds=2)
    say_it_is_there(partly, partly.only().id, partly.ehr.found("QuestionnaireResponse")[0]["id"])
    partly.deliver_all(2 * SETTLE_SECONDS)
    assert (partly.states(), len(partly.ehr.writes)) == (["confirmed"], 1)


def is_of_total(entry: Json) -> bool:
    return str(entry["resource"].get("identifier", [{}])).endswith(".total'}]")


def test_a_confirmed_correction_keeps_where_its_scores_are(tmp_path: Path) -> None:
    with a_bench(tmp_path, surface=Surface(conditional=False)) as bench:
        recorded = bench.record()
        bench.deliver_all()
        bench.ehr.faults = [Fault(), Fault()]
        bench.correct(recorded.filled.id, total="30.0")
        bench.deliver_all(4 * SETTLE_SECONDS)
        say_it_is_there(bench, bench.deliveries()[1].id, bench.ehr.found("QuestionnaireResponse")[0]["id"])
        bench.correct(recorded.filled.id, 2, total="25.0")
        bench.deliver_all()
        assert bench.states() == ["confirmed"] * 3


@pytest.mark.parametrize("reference", ["Observation/7", "QuestionnaireResponse/", "not a reference/"])
def test_a_reference_of_another_type_is_refused(bench: Bench, reference: str) -> None:
    delivery = a_refused(bench)
    with pytest.raises(FaultsInRequest) as refused:
        say_it_is_there(bench, delivery, reference)
    assert [fault.at for fault in refused.value.faults] == ["ehr_reference"]


def test_parked_deliveries_are_listed_and_counted(bench: Bench) -> None:
    a_refused(bench)
    bench.record(8)
    bench.deliver_all()
    assert [one.state for one in bench.deliveries(state="parked")] == ["rejected"]
    with bench.deployment.database.read() as tx:
        assert count_by_state(tx, "default") == {"rejected": 1, "confirmed": 1}
        assert oldest_under_way(tx, "default", "ehr") is None


def test_the_list_goes_on_behind_a_row(bench: Bench) -> None:
    for session in (6, 7, 8):
        bench.record(session)
    first = bench.deliveries(limit=2)
    rest = bench.deliveries(after=first[-1].row)
    assert len(first) == 2
    assert [one.subject_id for one in rest] == [bench.deliveries()[2].subject_id]


def test_what_may_be_there_is_sent_again_only_where_somebody_says_that_it_is_not(tmp_path: Path) -> None:
    with a_bench(tmp_path, surface=PLAIN, faults=[Fault(), Fault()]) as bench:
        bench.record()
        bench.deliver_all(3 * SETTLE_SECONDS)
        with pytest.raises(FaultsInRequest) as refused:
            try_again(bench, bench.only().id, not_there=False)
        assert [fault.at for fault in refused.value.faults] == ["not_there"]
        assert bench.states() == ["unknown"]


def test_what_was_queued_long_ago_and_still_goes_on_is_late(bench: Bench) -> None:
    bench.ehr.faults = [Fault(refuses=True)] * 9
    bench.record()
    bench.deliver()
    bench.clock.pass_by(hours=4, seconds=1)
    bench.record(8)
    page = list_delivery_page(bench.deployment, DeliveryListQuery(state="late"), "default")
    assert [one.id for one in page.items] == [bench.only().id]
