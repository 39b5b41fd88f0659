"""A patient looked up in the EHR by an identifier that stands in no path and no log."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from service.app import create_app
from service.log import Log
from tests.conftest import BASE_URL
from tests.service.flows.taking_in import Clinic, a_clinic

MRN = {"system": "urn:mrn", "value": "4711"}


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    with a_clinic(tmp_path) as made:
        yield made


@pytest.fixture
def door(clinic: Clinic) -> Iterator[TestClient]:
    app = create_app(clinic.deployment, Log(clinic.log), client=clinic.client)
    with TestClient(app, base_url=BASE_URL) as opened:
        yield opened


def find(door: TestClient, identifier: Any = "urn:mrn|4711") -> Any:
    return door.post("/v1/patients/find", json={"identifier": identifier})


def test_the_one_patient_is_found(clinic: Clinic, door: TestClient) -> None:
    clinic.know("anna", identifier=[MRN])
    assert find(door).json() == {"id": "anna", "patient": "Patient/anna"}


def test_nobody_is_404(door: TestClient) -> None:
    assert find(door).status_code == 404


def test_several_are_409(clinic: Clinic, door: TestClient) -> None:
    clinic.know("anna", "berta", identifier=[MRN])
    assert find(door).status_code == 409


def test_who_was_replaced_is_found_as_who_stays(clinic: Clinic, door: TestClient) -> None:
    clinic.know("berta", identifier=[MRN])
    link = [{"other": {"reference": "Patient/berta"}, "type": "replaced-by"}]
    clinic.know("anna", identifier=[MRN], link=link)
    assert find(door).json()["id"] == "berta"


@pytest.mark.parametrize(("identifier", "reason"), [(None, "required"), ("4711", "wrong-identifier")])
def test_an_identifier_without_system_is_refused(door: TestClient, identifier: Any, reason: str) -> None:
    answer = find(door, identifier)
    assert (answer.status_code, answer.json()["faults"][0]["reason"]) == (422, reason)


def test_an_ehr_that_does_not_answer_is_503(clinic: Clinic, door: TestClient) -> None:
    clinic.instead["Patient"] = httpx.Response(500)
    answer = find(door)
    assert (answer.status_code, answer.json()["faults"][0]["reason"]) == (503, "ehr-not-answering")


def test_without_an_ehr_nobody_can_be_asked(client: TestClient) -> None:
    assert find(client).status_code == 409


def test_the_identifier_stands_in_no_log_and_no_audit_row(clinic: Clinic, door: TestClient) -> None:
    find(door, "urn:mrn|kestrel")
    with clinic.deployment.database.read() as tx:
        audited = str(tx.exec_driver_sql("SELECT * FROM audit_rows").all())
    assert "kestrel" not in clinic.log.getvalue() + audited
