"""``check-ehr`` as people and programs see it."""

import json

import pytest
import respx

from tests.service.build import StandingClock
from tests.service.ehr.fake_ehr import BASE, FakeEhr
from tests.service.test_main import run


@pytest.fixture
def ehr():
    with respx.mock(assert_all_called=False) as router:
        made = FakeEhr(StandingClock())
        made.mount(router)
        yield made


def test_it_ends_well_and_says_what_would_be_sent_how(ehr):
    code, said = run("check-ehr", ehr_base_url=BASE)

    assert code == 0
    assert "What would be sent how:" in said
    assert said.endswith("All is well.\n")


def test_it_answers_programs_in_json_and_by_its_exit_code(ehr):
    code, said = run("check-ehr", "--json", "--patient", "nobody", ehr_base_url=BASE)

    assert code == 1
    assert json.loads(said)["well"] is False


def test_a_test_patient_is_written_about_when_asked(ehr):
    _, said = run("check-ehr", "--write-probe", "Patient/anna", ehr_base_url=BASE)

    assert "ok    write-probe" in said
    assert len(ehr.found("QuestionnaireResponse")) == 1


def test_without_an_ehr_there_is_nothing_to_check(capsys):
    assert run("check-ehr")[0] == 2
    assert capsys.readouterr().err.startswith("ALLIANCE_EHR_BASE_URL:")


@pytest.mark.parametrize("patient", ["../metadata", "Observation/1", "Patient/1?x=y"])
def test_only_a_patient_can_be_looked_up(capsys, patient):
    with pytest.raises(SystemExit):
        run("check-ehr", "--patient", patient, ehr_base_url=BASE)
    assert "must be a reference" in capsys.readouterr().err


def test_keys_and_certificates_that_cannot_be_read_are_named(capsys):
    smart = {"ehr_base_url": BASE, "ehr_auth": "smart", "ehr_client_id": "us"}
    assert run("check-ehr", **smart, ehr_keys="hidden")[0] == 2
    assert run("check-ehr", ehr_base_url=BASE, ehr_ca="hidden")[0] == 2
    said = capsys.readouterr().err
    assert said.startswith("ALLIANCE_EHR_KEYS: holds no private key")
    assert "ALLIANCE_EHR_CA" in said
    assert "hidden" not in said
