import pytest

from tests.service.api.fhir.calls import created_id, sent


@pytest.mark.parametrize("path", ["/fhir/metadata", "/fhir/Observation?_count=1", "/live"])
def test_head_has_the_headers_of_get_and_no_body(client, path):
    headed, read = client.head(path), client.get(path)

    assert (headed.status_code, headed.content) == (200, b"")
    assert headed.headers["content-length"] == read.headers["content-length"]


def test_head_of_a_resource_tells_its_version(client):
    response_id = created_id(client, sent())

    headed = client.head(f"/fhir/QuestionnaireResponse/{response_id}")

    assert headed.headers["etag"] == 'W/"1"'
    assert headed.headers["last-modified"] == "Mon, 02 Mar 2026 12:00:00 GMT"


def test_head_of_nothing_is_not_found(client):
    assert client.head("/fhir/Observation/nobody").status_code == 404


def test_head_is_logged_as_itself(client, log_stream):
    client.head("/fhir/metadata")

    assert '"method": "HEAD", "route": "/fhir/metadata"' in log_stream.getvalue()
