"""A clinic's own form is taken, scored, served and drawn like those that are shipped."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from starlette.testclient import TestClient

from fhir_mappings.catalogue import shipped_instruments
from service.app import create_app
from service.flows.choose_instruments import choose_instruments
from service.flows.deployment import Deployment
from service.log import Log
from tests.builders import NAMES, a_response
from tests.conftest import BASE_URL
from tests.service.api.fhir.calls import create, ids, search
from tests.service.api.v1.build import post
from tests.service.own_form import own_form

FORM = NAMES.questionnaire("house-form")


@pytest.fixture
def clinic(deployment: Deployment) -> Iterator[TestClient]:
    chosen = choose_instruments(deployment.settings, {"house-form.toml": own_form()})
    app = create_app(replace(deployment, instruments=chosen.offered, known=chosen.known), Log())
    with TestClient(app, base_url=BASE_URL) as opened:
        yield opened


def record(clinic: TestClient, **changes: Any) -> Any:
    return post(clinic, instrument="house-form", answers={"item-1": 4}, **changes)


def test_it_is_taken_and_scored(clinic: TestClient) -> None:
    receipt = record(clinic)
    assert receipt.status_code == 201
    assert receipt.json()["scores"] == {"total": 4}


def test_it_has_a_trend_and_no_tiers(clinic: TestClient) -> None:
    record(clinic)
    (series,) = clinic.get("/v1/patients/anna/alliance-trend").json()["series"]
    assert (series["instrument"], series["norms"], series["points"][0]["tier"]) == ("house-form", None, None)


def test_its_questionnaire_and_codes_are_served(clinic: TestClient) -> None:
    assert ids(search(clinic, "Questionnaire", url=FORM)) == ["house-form-1.0.0"]
    (codes,) = search(clinic, "CodeSystem", url=NAMES.measures)["entry"]
    listed = {one["code"] for one in codes["resource"]["concept"]}
    assert {"house-form.total", "srs-3.total"} <= listed


def test_a_questionnaire_response_to_it_is_taken(clinic: TestClient) -> None:
    item = [{"linkId": "item-1", "answer": [{"valueInteger": 5}]}]
    answer = create(clinic, a_response(questionnaire=FORM, item=item, id=None, meta=None, text=None))
    assert answer.status_code == 201
    assert f"{answer.json()['id']}.total" in ids(search(clinic, "Observation"))


def test_a_bad_answer_to_it_is_refused_by_its_own_range(clinic: TestClient) -> None:
    refused = post(clinic, instrument="house-form", answers={"item-1": 6})
    assert [one["reason"] for one in refused.json()["faults"]] == ["above-maximum"]


def test_without_its_file_it_is_unknown(client: TestClient) -> None:
    assert "house-form" not in shipped_instruments()
    assert [one["reason"] for one in record(client).json()["faults"]] == ["unknown-instrument"]
