"""What of a response may go to an EHR, in which release, and with whose codes."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fhir_mappings.answers import check_answers
from fhir_mappings.catalogue import shipped_instruments
from fhir_mappings.codes import SNOMED
from fhir_mappings.form_map_file import check_form_maps
from service.flows.record_response import record_response
from service.store.inbound import Replaced, keep_replacement, replacements
from tests.answer_sets import WORDS, answer_sets, complete_answers
from tests.form_maps import THEIRS, srs_map
from tests.service.build import a_response, an_access
from tests.service.ehr.fake_ehr import Surface
from tests.service.flows.delivering import Bench, a_bench


def record(bench: Bench, instrument: str, given: dict[str, object] | None = None, **changes: Any) -> Any:
    form = shipped_instruments()[instrument]
    answers = check_answers(form, given or complete_answers(form))
    return record_response(
        bench.deployment, a_response(instrument=form, answers=answers, **changes), an_access()
    )


@pytest.mark.parametrize("instrument", ["session-reflection-therapist", "rupture-markers-observer"])
def test_a_form_that_is_never_pushed_makes_no_delivery(tmp_path: Path, instrument: str) -> None:
    with a_bench(tmp_path) as bench:
        # All lowest: no sign of a strain, whose alert would be delivered.
        lowest = next(answer_sets(shipped_instruments()[instrument], count=2))
        recorded = record(bench, instrument, lowest, source="Practitioner/olga")
        bench.deliver_all()
        assert recorded.deliveries == ()
        assert bench.deliveries() == []
        assert bench.ehr.writes == []


def test_of_a_form_with_own_words_only_the_scores_go(tmp_path: Path) -> None:
    with a_bench(tmp_path) as bench:
        record(bench, "session-check-in-client")
        bench.deliver_all()
        assert bench.ehr.found("QuestionnaireResponse") == []
        assert bench.ehr.found("Observation")
        assert not [one for one in bench.ehr.writes if WORDS.encode() in one.content]


@pytest.mark.parametrize("version", ["4.0.0", "4.0.1", "4.3.0", ""])
def test_an_ehr_of_r4_or_r4b_gets_everything(tmp_path: Path, version: str) -> None:
    with a_bench(tmp_path, has_definitions=False, surface=Surface(fhir_version=version)) as bench:
        bench.record()
        bench.deliver_all()
        assert set(bench.states()) == {"confirmed"}
        assert bench.ehr.found("Observation")


@pytest.mark.parametrize("version", ["5.0.0", "3.0.2", "4.6.0"])
def test_a_delivery_to_an_ehr_of_another_release_is_held_with_that_reason(
    tmp_path: Path, version: str
) -> None:
    with a_bench(tmp_path, surface=Surface(fhir_version=version)) as bench:
        bench.record()
        bench.deliver_all()
        assert bench.states() == ["held"]
        assert (
            bench.only().reason
            == f"this EHR speaks FHIR {version}; we write R4 (4.0) and R4B (4.3) into EHRs"
        )
        assert bench.ehr.writes == []


@pytest.mark.parametrize(("wanted", "systems"), [(False, 0), (True, 1)])
def test_snomed_codes_go_where_the_clinic_wants_them(tmp_path: Path, wanted: bool, systems: int) -> None:  # noqa: FBT001 - a parameter of the test
    with a_bench(tmp_path, settings={"snomed_codes": wanted}) as bench:
        bench.record()
        bench.deliver_all()
        codings = [coding for one in bench.ehr.found("Observation") for coding in one["code"]["coding"]]
        assert [one["system"] for one in codings].count(SNOMED) == systems


def test_a_response_goes_as_one_to_the_form_that_the_ehr_owns(tmp_path: Path) -> None:
    with a_bench(tmp_path, has_definitions=False) as bench:
        maps = check_form_maps({"ehr/srs-3.toml": srs_map()}, shipped_instruments()).maps["ehr"]
        bench.lane = replace(bench.lane, form_maps=maps)
        bench.record()
        bench.deliver_all()
        (sent,) = bench.ehr.found("QuestionnaireResponse")
        assert (sent["questionnaire"], sent["item"][0]["linkId"]) == (THEIRS, "page")
        assert bench.ehr.found("Questionnaire") == []  # ours is not needed there
        assert len(bench.ehr.found("Observation")) == 6


def test_a_total_that_the_ehrs_form_has_no_place_for_goes_as_an_observation_alone(tmp_path: Path) -> None:
    text = srs_map().partition("[scores.total]")[0]
    with a_bench(tmp_path) as bench:
        maps = check_form_maps({"ehr/srs-3.toml": text}, shipped_instruments()).maps["ehr"]
        bench.lane = replace(bench.lane, form_maps=maps)
        form = shipped_instruments()["srs-3"]
        bench.record(answers=check_answers(form, {}, Decimal(36)))
        bench.deliver_all()
        assert bench.ehr.found("QuestionnaireResponse") == []
        assert len(bench.ehr.found("Observation")) == 1


def test_what_goes_out_names_the_patient_who_stays(tmp_path: Path) -> None:
    with a_bench(tmp_path) as bench:
        with bench.deployment.database.write() as tx:
            keep_replacement(tx, "default", "ehr", Replaced("Patient/anna", "Patient/berta"), bench.now())
        bench.record()
        bench.deliver_all()
        (sent,) = bench.ehr.found("QuestionnaireResponse")
        assert sent["subject"] == sent["source"] == {"reference": "Patient/berta"}


def test_of_two_replacements_in_a_row_the_last_one_counts(tmp_path: Path) -> None:
    with a_bench(tmp_path) as bench, bench.deployment.database.write() as tx:
        for pair in (("Patient/anna", "Patient/berta"), ("Patient/berta", "Patient/cleo")):
            keep_replacement(tx, "default", "ehr", Replaced(*pair), bench.now())
        found = replacements(tx, "default", "ehr", ["Patient/anna", "Patient/dora"])
    assert found == {"Patient/anna": "Patient/cleo"}
