"""What is served of a patient carries the security labels that the clinic chose."""

import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from starlette.testclient import TestClient

from fhir_mappings.codes import Names
from service.app import create_app
from service.errors import SettingsRefused
from service.flows.deployment import Deployment
from service.log import Log
from service.settings import read_settings
from tests.conftest import BASE_URL
from tests.service.api.fhir.calls import created_id, sent

SENT = [{"system": "urn:x", "code": "theirs"}]


@pytest.fixture
def client(deployment: Deployment) -> Iterator[TestClient]:
    named = replace(deployment, names=Names(labels=("V", "BH")))
    with TestClient(create_app(named, Log(io.StringIO())), base_url=BASE_URL) as opened:
        yield opened


def codes(client: TestClient, address: str) -> list[str]:
    resource: Any = client.get(address).json()
    return [one["code"] for one in resource["meta"]["security"]]


def test_a_response_keeps_its_senders_labels_beside_the_clinics(client: TestClient) -> None:
    response_id = created_id(client, sent(meta={"security": SENT}))

    assert codes(client, f"/fhir/QuestionnaireResponse/{response_id}") == ["theirs", "V", "BH"]
    assert codes(client, f"/fhir/Observation/{response_id}.total") == ["V", "BH"]


@pytest.mark.parametrize("chosen", ["R,R", "MH", "R,N", "R,SECRET"])
def test_labels_that_do_not_fit_stop_the_start(chosen: str) -> None:
    with pytest.raises(SettingsRefused) as refused:
        read_settings({"ALLIANCE_SECURITY_LABELS": chosen}, lambda _: "")

    assert "ALLIANCE_SECURITY_LABELS" in str(refused.value)
