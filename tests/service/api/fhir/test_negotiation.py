import pytest

from tests.service.api.fhir.calls import issues


@pytest.mark.parametrize(
    "accept",
    [
        "application/fhir+json",
        "application/json",
        "*/*",
        "text/html, application/fhir+json;q=0.5",
        "application/fhir+json; fhirVersion=4.0",
        "",
    ],
)
def test_json_of_r4_is_answered(client, accept):
    answer = client.get("/fhir/metadata", headers={"Accept": accept})

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/fhir+json; charset=utf-8"


@pytest.mark.parametrize(
    "accept",
    [
        "application/fhir+xml",
        "text/turtle",
        "application/fhir+json; fhirVersion=5.0",
        "application/fhir+json;q=0",
    ],
)
def test_anything_else_is_not_acceptable(client, accept):
    answer = client.get("/fhir/metadata", headers={"Accept": accept})

    assert answer.status_code == 406
    assert issues(answer) == [("not-supported", "http.Accept")]


def test_the_format_parameter_beats_the_header(client):
    xml = {"Accept": "application/fhir+xml"}

    assert client.get("/fhir/metadata?_format=json", headers=xml).status_code == 200
    assert client.get("/fhir/metadata?_format=application/fhir+json", headers=xml).status_code == 200
    assert client.get("/fhir/metadata?_format=xml").status_code == 406


def test_an_answer_is_indented_when_asked_so(client):
    assert client.get("/fhir/metadata?_pretty=true").text.startswith('{\n  "resourceType"')
