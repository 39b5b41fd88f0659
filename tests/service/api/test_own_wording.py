"""A clinic's own wording at the doors: shown, served, written, taken and found."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from service.app import create_app
from service.flows.choose_instruments import choose_instruments
from service.flows.deployment import Deployment
from service.flows.keep_wording import choose_wording, keep_wording
from service.log import Log
from tests.builders import NAMES, a_response, srs
from tests.conftest import BASE_URL
from tests.own_wording import own_wording
from tests.service.api.fhir.calls import create, ids, search
from tests.service.api.v1.build import post

OURS, CLINICS = NAMES.questionnaire("srs-3"), NAMES.questionnaire("srs-3-default")


@pytest.fixture
def clinic(deployment: Deployment) -> Iterator[TestClient]:
    chosen = choose_instruments(deployment.settings, {})
    files = {
        "default/srs-3.de.toml": own_wording(srs(), "de", primary="true"),
        "default/srs-3.fr.toml": own_wording(srs(), "fr"),
    }
    with deployment.database.write() as tx:
        worded = keep_wording(tx, "default", chosen, choose_wording(files, chosen.known, "default"))
    app = create_app(replace(deployment, instruments=worded.offered, known=worded.known), Log())
    with TestClient(app, base_url=BASE_URL) as opened:
        yield opened


def test_both_forms_are_served(clinic: TestClient) -> None:
    found = [ids(search(clinic, "Questionnaire", url=url)) for url in (OURS, CLINICS)]
    assert found == [["srs-3-1.0.0"], ["srs-3-default-1.0.0"]]


def test_what_comes_as_plain_json_is_written_as_the_clinics_form(clinic: TestClient) -> None:
    response_id = post(clinic, language="fr").json()["id"]
    written = clinic.get(f"/fhir/QuestionnaireResponse/{response_id}").json()
    assert written["questionnaire"] == f"{CLINICS}|1.0.0"
    assert written["item"][0]["item"][0]["text"] == "Klinik Gehört und geachtet"


@pytest.mark.parametrize("canonical", [CLINICS, f"{CLINICS}|1.0.0", OURS])
def test_a_response_to_either_form_is_taken_and_found_by_its_own_url(
    clinic: TestClient, canonical: str
) -> None:
    answer = create(clinic, a_response(questionnaire=canonical, id=None, meta=None))
    assert answer.status_code == 201
    url = canonical.partition("|")[0]
    assert ids(search(clinic, "QuestionnaireResponse", questionnaire=url)) == [answer.json()["id"]]
    other = OURS if url == CLINICS else CLINICS
    assert ids(search(clinic, "QuestionnaireResponse", questionnaire=other)) == []


def test_a_version_that_never_was_is_refused(clinic: TestClient) -> None:
    answer = create(clinic, a_response(questionnaire=f"{CLINICS}|2.0.0", id=None, meta=None))
    assert answer.status_code == 422
    assert "the version known here is 1.0.0" in answer.text


def test_both_forms_are_one_series(clinic: TestClient) -> None:
    create(clinic, a_response(questionnaire=OURS, id=None, meta=None))
    post(clinic, session_number=8, authored="2026-03-02T11:50:00+01:00", identifier="urn:clinic:north|r-8")
    (series,) = clinic.get("/v1/patients/anna/alliance-trend").json()["series"]
    assert len(series["points"]) == 2


def test_the_wording_that_applies_is_shown(clinic: TestClient) -> None:
    shown = clinic.get("/v1/instruments/srs-3").json()
    assert (shown["form"], shown["wording"]) == ("srs-3-default|1.0.0", "clinic")
    assert (shown["language"], shown["languages"]) == ("de", ["de", "fr"])
    assert shown["items"][0]["text"] == "Klinik Gehört und geachtet"


def test_a_language_can_be_asked_for(clinic: TestClient) -> None:
    shown = clinic.get("/v1/instruments/srs-3", params={"language": "fr-CH"}).json()
    assert (shown["language"], shown["items"][0]["lower_anchor"]) == ("fr", "Klinik pas du tout")


def test_without_a_clinics_wording_our_descriptors_are_shown(clinic: TestClient) -> None:
    shown = clinic.get("/v1/instruments/wai-sr-client", params={"language": "nl"}).json()
    assert (shown["form"], shown["wording"]) == ("wai-sr-client|1.0.0", "descriptors")
    assert shown["languages"] == ["en", "de", "es", "fr", "nl"]
    assert shown["items"][0]["choices"][0]["display"] == "Weinig"
