"""A write refused since the EHR replaced the patient goes to who stands for them; else it is parked."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.store.patients import find_alias
from tests.service.ehr.fake_ehr import PLAIN, Fault, Surface
from tests.service.flows.delivering import Bench, a_bench

STANDS: dict[str, object] = {}
REPLACED = {"link": [{"type": "replaced-by", "other": {"reference": "Patient/berta"}}]}


@pytest.fixture(params=[Surface(), PLAIN], ids=["transaction", "single"])
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Bench]:
    with a_bench(tmp_path, surface=request.param) as made:
        yield made


def subjects(bench: Bench) -> set[str]:
    types = ("QuestionnaireResponse", "Observation")
    return {one["subject"]["reference"] for kind in types for one in bench.ehr.found(kind)}


def asked_about(bench: Bench) -> int:
    return sum("/Patient/" in str(one.url) for one in bench.ehr.reads)


@pytest.mark.parametrize("status", [400, 404, 410, 422])
def test_it_goes_to_who_stands_for_the_patient(bench: Bench, status: int) -> None:
    bench.ehr.patients = {"anna": REPLACED, "berta": STANDS}
    bench.ehr.refuses_strangers_with = status
    bench.record()
    bench.deliver_all()
    assert bench.states() == ["confirmed"]
    assert subjects(bench) == {"Patient/berta"}
    assert asked_about(bench) == 2  # anna, and berta who follows


def test_the_two_are_one_here_from_then_on(bench: Bench) -> None:
    bench.ehr.patients = {"anna": REPLACED, "berta": STANDS}
    bench.record()
    bench.deliver_all()
    with bench.deployment.database.read() as tx:
        keys = {find_alias(tx, "default", f"Patient/{one}").patient_key for one in ("anna", "berta")}  # type: ignore[union-attr] # both are known
    bench.record(8)
    bench.deliver_all()
    assert len(keys) == 1
    assert asked_about(bench) == 2
    assert subjects(bench) == {"Patient/berta"}


def test_of_a_patient_who_is_gone_it_is_parked_with_a_plain_reason(bench: Bench) -> None:
    bench.ehr.patients = {}
    bench.record()
    bench.deliver_all()
    assert bench.states() == ["rejected"]
    said, _, ours = bench.only().reason.partition("; ")
    assert said.startswith("the EHR refused it (")
    assert ours == "the EHR does not know this patient (any more); merge them here, or discard it"


def test_of_one_who_stands_the_ehrs_own_reason_is_told(bench: Bench) -> None:
    bench.ehr.patients = {"anna": STANDS}
    bench.ehr.faults = [Fault(422)]
    bench.record()
    bench.deliver_all()
    assert bench.states() == ["rejected"]
    assert bench.only().reason.startswith("the EHR refused it (422")


def test_two_that_rated_one_session_are_left_to_a_person(bench: Bench) -> None:
    bench.ehr.patients = {"anna": REPLACED, "berta": STANDS}
    berta = {"patient": "Patient/berta", "source": "Patient/berta", "identifier": None}
    bench.record()
    bench.record(**berta)
    bench.deliver_all()
    assert sorted(bench.states()) == ["confirmed", "rejected"]
    (parked,) = bench.deliveries(state="rejected")
    assert parked.reason.startswith("the EHR replaced this patient")


def test_an_ehr_that_shows_no_patients_is_taken_at_its_word(bench: Bench) -> None:
    bench.ehr.faults = [Fault(422)]
    bench.ehr.patients = {"anna": {"resourceType": "OperationOutcome"}}
    bench.record()
    bench.deliver_all()
    assert bench.only().reason.startswith("the EHR refused it (422")


def test_what_was_sent_before_the_refusal_is_doubled_by_nothing(bench: Bench) -> None:
    bench.record()
    bench.deliver_all()
    bench.ehr.patients = {"anna": REPLACED, "berta": STANDS}
    bench.correct(bench.only().subject_id, total="30.0", session=7)
    bench.deliver_all()
    assert set(bench.states()) == {"confirmed"}
    assert len(bench.ehr.found("QuestionnaireResponse")) == 1
    assert subjects(bench) == {"Patient/berta"}
