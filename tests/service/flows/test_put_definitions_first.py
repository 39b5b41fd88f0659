"""What a delivery needs goes before it, once per version, and nothing that no delivery needs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fhir_mappings.answers import check_answers
from fhir_mappings.catalogue import shipped_instruments
from service.flows.new_response import NewResponse
from service.flows.record_response import record_response
from tests.answer_sets import complete_answers
from tests.service.build import a_response, an_access
from tests.service.ehr.fake_ehr import DEFINITIONS, PLAIN, TYPES, Fault, Surface
from tests.service.flows.delivering import SETTLE_SECONDS, Bench, a_bench

SRS_NEEDS = {
    "Device/alliance-service|1.2.3",
    "CodeSystem/alliance-measures-1.0.0",
    "CodeSystem/alliance-perspectives-1.0.0",
    "ValueSet/alliance-perspectives-1.0.0",
    "Questionnaire/srs-3-1.0.0",
}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path, has_definitions=False) as made:
        yield made


def filled(instrument: str, **changes: object) -> NewResponse:
    form = shipped_instruments()[instrument]
    answers = check_answers(form, complete_answers(form))
    return a_response(instrument=form, answers=answers, **changes)


def queued(bench: Bench) -> set[str]:
    return {one.subject_id for one in bench.deliveries() if one.subject_kind == "definition"}


def test_nothing_is_put_there_before_something_needs_it(bench: Bench) -> None:
    bench.connect()
    bench.deliver_all()
    assert bench.deliveries() == []
    assert bench.ehr.writes == []


def test_what_a_response_needs_goes_before_it_and_nothing_else(bench: Bench) -> None:
    bench.record()
    bench.deliver_all()
    assert queued(bench) == SRS_NEEDS
    types = [row.type for row in bench.ehr.rows]
    before = ["Device", "CodeSystem", "CodeSystem", "ValueSet", "Questionnaire"]
    assert types[:6] == [*before, "QuestionnaireResponse"]
    assert set(bench.states()) == {"confirmed"}


@pytest.mark.parametrize("surface", [Surface(), PLAIN])
def test_definitions_are_put_there_once(tmp_path: Path, surface: Surface) -> None:
    with a_bench(tmp_path, has_definitions=False, surface=surface) as bench:
        for session in (6, 7):
            bench.record(session)
            bench.restart()
            bench.deliver_all()
        kinds = ("Device", "CodeSystem", "ValueSet", "Questionnaire", "QuestionnaireResponse")
        assert [len(bench.ehr.found(kind)) for kind in kinds] == [1, 2, 1, 1, 2]


def test_another_form_adds_what_only_it_needs(bench: Bench) -> None:
    bench.record()
    bench.deliver_all()
    record_response(bench.deployment, filled("wai-sr-client", identifier=None), an_access())
    bench.deliver_all()
    assert queued(bench) - SRS_NEEDS == {
        "CodeSystem/wai-frequency-5-1.0.0",
        "ValueSet/wai-frequency-5-1.0.0",
        "Questionnaire/wai-sr-client-1.0.0",
    }


def test_a_form_whose_scores_alone_may_go_there_is_not_put_there(bench: Bench) -> None:
    record_response(bench.deployment, filled("session-check-in-client"), an_access())
    bench.deliver_all()
    assert "CodeSystem/alliance-measures-1.0.0" in queued(bench)
    assert bench.ehr.found("Questionnaire") == []
    assert [one["code"]["coding"][0]["code"] for one in bench.ehr.found("Observation")] == [
        "session-check-in-client.understood",
        "session-check-in-client",
    ]


def test_what_an_alert_names_is_there_before_the_first_alert(tmp_path: Path) -> None:
    surface = Surface(types=(*TYPES, *DEFINITIONS, "Task", "Flag"))
    with a_bench(tmp_path, has_definitions=False, surface=surface) as bench:
        for session in range(1, 7):
            bench.record(session, "37.0")
        bench.record(7, "20.0")
        bench.deliver_all()
        types = [row.type for row in bench.ehr.rows]
        lists = {row.id for row in bench.ehr.rows[: types.index("DetectedIssue")] if row.type == "CodeSystem"}
    named = ("alert-statuses", "alert-tasks", "repair-steps", "alert-dismissal-reasons")
    assert {f"{one}-1.0.0" for one in named} <= lists


def test_client_ids_end_in_the_version(bench: Bench) -> None:
    bench.record()
    bench.deliver_all()
    assert {one["id"] for one in bench.ehr.found("Questionnaire")} == {"srs-3-1.0.0"}


def test_definitions_that_are_there_already_are_not_created_again(tmp_path: Path) -> None:
    (tmp_path / "second").mkdir()
    with a_bench(tmp_path, has_definitions=False, surface=PLAIN) as first:
        first.record()
        first.deliver_all()
        rows = [row for row in first.ehr.rows if row.type not in {"QuestionnaireResponse", "Observation"}]
    with a_bench(tmp_path / "second", has_definitions=False, surface=PLAIN) as second:
        second.ehr.rows = rows
        second.record()
        second.deliver_all()
        assert set(second.states()) == {"confirmed"}
        assert len(second.ehr.found("Questionnaire")) == len(second.ehr.found("Device")) == 1


def test_a_new_release_tells_the_device_its_version(bench: Bench) -> None:
    bench.record()
    bench.deliver_all()
    bench.restart()
    object.__setattr__(bench.lane, "software_version", "1.3.0")
    bench.record(8)
    bench.deliver_all()
    assert [one["version"][0]["value"] for one in bench.ehr.found("Device")] == ["1.3.0"]


def test_responses_wait_for_an_unfinished_definition(bench: Bench) -> None:
    bench.ehr.faults = [Fault()]
    bench.record()
    bench.deliver_all()
    assert not bench.ehr.found("QuestionnaireResponse")
    assert [one.state for one in bench.deliveries() if one.subject_kind == "response"] == ["pending"]


def test_a_definition_under_our_own_id_goes_again_before_the_settling_time(bench: Bench) -> None:
    bench.ehr.faults = [Fault(500), Fault()]
    bench.record()
    bench.deliver_all(seconds=SETTLE_SECONDS / 2)
    assert set(bench.states()) == {"confirmed"}
    assert queued(bench) == SRS_NEEDS


def test_a_definition_that_the_ehr_keeps_failing_at_is_parked(bench: Bench) -> None:
    bench.ehr.faults = [Fault(500)] * 100
    bench.record()
    bench.deliver_all(seconds=3600)
    parked = [one for one in bench.deliveries(state="parked") if one.subject_kind == "definition"]
    assert {one.reason for one in parked} == {"the EHR keeps failing at it"}


def test_responses_do_not_wait_for_a_definition_that_the_ehr_refuses(bench: Bench) -> None:
    bench.ehr.faults = [Fault(422)]
    bench.record()
    bench.deliver_all()
    assert [one.subject_id for one in bench.deliveries(state="rejected")] == ["Device/alliance-service|1.2.3"]
    assert [one.state for one in bench.deliveries() if one.subject_kind == "response"] == ["confirmed"]


def test_without_our_device_provenance_names_us_in_words(tmp_path: Path) -> None:
    surface = Surface(types=("QuestionnaireResponse", "Observation", "Provenance"))
    with a_bench(tmp_path, has_definitions=False, surface=surface) as bench:
        bench.record()
        bench.deliver_all()
        provenance = bench.ehr.found("Provenance")[0]
        assert provenance["agent"][0]["who"] == {"display": "Alliance service"}


def test_a_definition_of_another_release_of_ours_is_held(bench: Bench) -> None:
    bench.record()
    bench.deliver()
    object.__setattr__(bench.lane, "software_version", "1.3.0")
    bench.deliver_all()
    assert [one.subject_id for one in bench.deliveries(state="held")] == ["Device/alliance-service|1.2.3"]
