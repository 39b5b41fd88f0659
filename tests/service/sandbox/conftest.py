"""A sandbox EHR of each surface, with a clock that stands still, and builders for what is sent to it."""

import warnings
from datetime import UTC, datetime
from typing import Any

import pytest

from service.sandbox import SURFACES, create_sandbox

with warnings.catch_warnings():
    # Starlette advises against httpx, which the project keeps until its successor has settled.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FHIR = {"Content-Type": "application/fhir+json"}


class Caller:
    """Speaks to one sandbox as an EHR client would."""

    def __init__(self, client: TestClient) -> None:
        self.http = client

    def create(self, resource: dict[str, Any], **headers: str):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.post(f"/fhir/{resource['resourceType']}", json=resource, headers=FHIR | named)

    def update(self, resource: dict[str, Any], **headers: str):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        address = f"/fhir/{resource['resourceType']}/{resource['id']}"
        return self.http.put(address, json=resource, headers=FHIR | named)

    def bundle(self, kind: str, *entries: dict[str, Any]):
        body = {"resourceType": "Bundle", "type": kind, "entry": list(entries)}
        return self.http.post("/fhir", json=body, headers=FHIR)

    def found(self, query: str) -> list[dict[str, Any]]:
        return [entry["resource"] for entry in self.http.get(f"/fhir/{query}").json().get("entry", [])]

    def patient(self) -> str:
        return f"Patient/{self.create({'resourceType': 'Patient'}).json()['id']}"


@pytest.fixture
def caller(tmp_path):
    app = create_sandbox(str(tmp_path / "ehr.db"), SURFACES["everything"], clock=lambda: NOW)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield Caller(client)


@pytest.fixture
def plain(tmp_path):
    app = create_sandbox(str(tmp_path / "plain.db"), SURFACES["no-transaction"], clock=lambda: NOW)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield Caller(client)
