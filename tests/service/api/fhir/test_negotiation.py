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


@pytest.mark.parametrize("asked", ["application/fhir+json;fhirVersion=5.0", "json; fhirVersion=3.0", "html"])
def test_another_version_or_format_is_refused_in_the_query_too(client, asked):
    answer = client.get("/fhir/metadata", params={"_format": asked})

    assert answer.status_code == 406
    assert issues(answer) == [("not-supported", "http._format")]


def test_a_body_of_another_fhir_version_is_not_read(client):
    typed = {"Content-Type": "application/fhir+json; fhirVersion=5.0"}

    answer = client.post("/fhir/QuestionnaireResponse", content=b"{}", headers=typed)

    assert answer.status_code == 415
    assert issues(answer) == [("not-supported", "http.Content-Type")]


def test_the_format_of_a_search_by_form_stands_in_the_form(client):
    xml = {"Accept": "application/fhir+xml"}

    taken = client.post("/fhir/Observation/_search", data={"_format": "json", "_pretty": "true"}, headers=xml)
    refused = client.post("/fhir/Observation/_search", data={"_format": "xml"})

    assert taken.text.startswith('{\n  "resourceType"')
    assert refused.status_code == 406
    assert client.post("/fhir/Observation/_search", data={"patient": "anna"}, headers=xml).status_code == 406
