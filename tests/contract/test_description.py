"""openapi/openapi.json is written from the app, and what it says is complete."""

from starlette.testclient import TestClient

from tests.contract.described import described_operations, written_description
from tests.service.api.v1.build import EXAMPLE

REWRITE = "the routes changed: python -m service openapi > openapi/openapi.json"


def test_the_written_description_is_the_apps(client: TestClient) -> None:
    assert client.get("/openapi.json").json() == written_description(), REWRITE


def test_every_operation_has_a_summary_and_a_name_of_its_own() -> None:
    paths = written_description()["paths"]
    operations = [paths[path][method] for method, path in described_operations()]
    names = {operation["operationId"] for operation in operations}
    assert all(operation["summary"] for operation in operations)
    assert len(names) == len(operations)


def test_both_doors_are_described() -> None:
    paths = {path for _, path in described_operations()}
    assert {"/v1/responses", "/v1/rupture-alerts", "/fhir/metadata", "/fhir/Observation"} <= paths


def test_nothing_of_a_later_issue_is_claimed() -> None:
    paths = {path for _, path in described_operations()}
    assert "/v1/imports" not in paths


def test_refusals_are_described_in_the_words_of_their_door() -> None:
    paths = written_description()["paths"]
    plain = paths["/v1/responses"]["post"]["responses"]["422"]["content"]
    fhir = paths["/fhir/metadata"]["get"]["responses"]["500"]["content"]
    assert list(plain) == ["application/problem+json"]
    assert list(fhir) == ["application/fhir+json"]


def test_the_request_of_the_design_stands_as_example() -> None:
    body = written_description()["components"]["schemas"]["ResponseBody"]
    assert body["examples"] == [EXAMPLE]
    assert body["additionalProperties"] is False
