"""Responses in an EHR that takes notes only."""

from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from service.flows.act_on_delivery import retry_delivery
from tests.service.build import an_access
from tests.service.ehr.fake_ehr import Fault, Surface
from tests.service.flows.delivering import SETTLE_SECONDS, Bench, a_bench

NOTES_ONLY = Surface(types=("DocumentReference",))
CREATE_ONLY = Surface(types=("DocumentReference",), update=False, update_create=False)
BY_HAND = "this EHR cannot withdraw a note"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path, surface=NOTES_ONLY) as made:
        yield made


@pytest.fixture
def create_only(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path, surface=CREATE_ONLY) as made:
        yield made


def text_of(note: dict[str, Any]) -> str:
    return b64decode(note["content"][0]["attachment"]["data"]).decode()


def notes_in(bench: Bench) -> list[dict[str, Any]]:
    return bench.ehr.found("DocumentReference")


def test_a_response_goes_as_one_note_and_the_delivery_says_so(bench: Bench) -> None:
    bench.record()
    bench.deliver_all()
    assert (bench.only().state, bench.only().rung) == ("confirmed", "document")
    assert "SRS total: 36.3 (0 to 40)" in text_of(notes_in(bench)[0])


def test_a_note_needs_no_definitions(tmp_path: Path) -> None:
    with a_bench(tmp_path, surface=NOTES_ONLY, has_definitions=False) as bench:
        bench.record()
        bench.deliver_all()
        assert [one.subject_kind for one in bench.deliveries()] == ["response"]


def test_without_documents_it_goes_as_a_communication(tmp_path: Path) -> None:
    with a_bench(tmp_path, surface=Surface(types=("Communication",))) as bench:
        bench.record()
        bench.deliver_all()
        assert bench.only().rung == "communication"
        assert "SRS total" in bench.ehr.found("Communication")[0]["payload"][0]["contentString"]


def test_a_correction_overwrites_the_note(bench: Bench) -> None:
    recorded = bench.record()
    bench.deliver_all()
    bench.correct(recorded.filled.id, total="30.1")
    bench.deliver_all()
    assert len(notes_in(bench)) == 1
    assert notes_in(bench)[0]["docStatus"] == "amended"
    assert "SRS total: 30.1" in text_of(notes_in(bench)[0])


def test_a_withdrawal_marks_the_note_as_entered_in_error(bench: Bench) -> None:
    recorded = bench.record()
    bench.deliver_all()
    bench.withdraw(recorded.filled.id)
    bench.deliver_all()
    assert [one["status"] for one in notes_in(bench)] == ["entered-in-error"]
    assert bench.states() == ["confirmed", "confirmed"]


def test_where_notes_cannot_be_updated_a_correction_is_a_new_one_that_says_so(create_only: Bench) -> None:
    recorded = create_only.record()
    create_only.deliver_all()
    create_only.correct(recorded.filled.id, total="30.0")
    create_only.deliver_all()
    first, second = notes_in(create_only)
    assert second["relatesTo"][0]["target"]["reference"] == f"DocumentReference/{first['id']}"
    assert "This note replaces the note" in text_of(second)
    assert create_only.states() == ["confirmed", "confirmed"]


def test_each_correction_replaces_the_last_note(create_only: Bench) -> None:
    recorded = create_only.record()
    for version, total in ((1, "30.0"), (2, "31.0")):
        create_only.deliver_all()
        create_only.correct(recorded.filled.id, version, total=total)
    create_only.deliver_all()
    _, second, third = notes_in(create_only)
    assert third["relatesTo"][0]["target"]["reference"] == f"DocumentReference/{second['id']}"


def test_where_notes_cannot_be_withdrawn_a_person_is_told(create_only: Bench) -> None:
    recorded = create_only.record()
    create_only.deliver_all()
    create_only.withdraw(recorded.filled.id)
    create_only.deliver_all()
    last = create_only.deliveries()[-1]
    assert (last.state, last.parked) == ("held", True)
    assert last.reason.startswith(BY_HAND)
    assert "withdraws the note" in text_of(notes_in(create_only)[1])


def test_trying_that_again_files_no_third_note(create_only: Bench) -> None:
    recorded = create_only.record()
    create_only.deliver_all()
    create_only.withdraw(recorded.filled.id)
    create_only.deliver_all()
    retry_delivery(
        create_only.deployment, create_only.deliveries()[-1].id, None, an_access("E"), not_there=False
    )
    create_only.deliver_all()
    assert len(notes_in(create_only)) == 2
    assert create_only.deliveries()[-1].state == "held"


def test_what_never_got_there_is_not_withdrawn_there(create_only: Bench) -> None:
    create_only.ehr.faults = [Fault(422)]
    recorded = create_only.record()
    create_only.withdraw(recorded.filled.id)
    create_only.deliver_all()
    assert notes_in(create_only) == []


def test_a_lost_answer_files_no_second_note(create_only: Bench) -> None:
    create_only.ehr.faults = [Fault(performs=True)]
    create_only.record()
    create_only.deliver_all(2 * SETTLE_SECONDS)
    assert len(notes_in(create_only)) == 1
    assert create_only.states() == ["confirmed"]


def test_epic_takes_a_note_into_an_encounter_only(tmp_path: Path) -> None:
    with a_bench(tmp_path, surface=Surface(), profile="epic") as bench:
        bench.record(encounter="Encounter/e-1")
        bench.record(8)
        bench.deliver_all()
        (note,) = notes_in(bench)
        assert note["context"]["encounter"] == [{"reference": "Encounter/e-1"}]
        assert not note.keys() & {"author", "relatesTo"}
        assert [one.reason for one in bench.deliveries(state="held")] == [
            "this EHR files a note into an encounter only, and the response names none"
        ]


def test_what_was_begun_as_data_is_not_corrected_by_a_note(tmp_path: Path) -> None:
    with a_bench(tmp_path, surface=Surface(types=("Observation", "DocumentReference"))) as bench:
        recorded = bench.record()
        bench.deliver_all()
        bench.ehr.surface = NOTES_ONLY
        bench.restart()
        bench.correct(recorded.filled.id, total="30.0")
        bench.deliver_all()
        assert notes_in(bench) == []
        assert bench.deliveries()[-1].reason.startswith("this EHR takes no corrections of Observation")


def test_what_is_refused_although_declared_leads_to_the_next_rung(tmp_path: Path) -> None:
    surface = Surface(transaction=False, types=("QuestionnaireResponse", "DocumentReference"))
    with a_bench(tmp_path, surface=surface, faults=[Fault(405)]) as bench:
        bench.record()
        bench.deliver_all()
        assert (bench.only().state, bench.only().rung) == ("confirmed", "document")
        assert bench.ehr.found("QuestionnaireResponse") == []
