import json
import threading
from dataclasses import replace

import pytest

from service.app import create_app
from service.log import Log
from service.settings import Settings
from service.store.database import Database
from tests.conftest import BASE_URL, TestClient
from tests.service.api.fhir.calls import create, issues, sent


@pytest.fixture
def broken(client, database):
    """The id of a stored response whose answers cannot be read any more."""
    response_id = create(client, sent()).json()["id"]
    with database.write() as tx:
        tx.exec_driver_sql("UPDATE responses SET body = '{Canary', answers = '{Canary'")
    return response_id


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8000", "[::1]:8000", "127.0.0.2"])
def test_this_machine_is_served_under_every_name_of_it(client, host):
    assert client.get("/live", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1", "["]
)
def test_a_foreign_host_is_refused(client, host):
    answer = client.get("/fhir/metadata", headers={"Host": host})

    assert answer.status_code == 403
    assert issues(answer) == [("forbidden", "http.Host")]


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "file://", "http://127.0.0.1.evil.example"]
)
def test_a_page_of_another_site_is_refused(client, origin):
    answer = client.get("/live", headers={"Origin": origin})

    assert answer.status_code == 403
    assert answer.json()["faults"][0]["at"] == "Origin"


def test_a_page_of_this_machine_is_served(client):
    assert client.get("/live", headers={"Origin": "http://localhost:8000"}).status_code == 200


def test_a_request_id_is_echoed(client):
    assert client.get("/live", headers={"X-Request-Id": "abc-1"}).headers["x-request-id"] == "abc-1"


@pytest.mark.parametrize("given", ["with blank", "x" * 65, "<script>", ""])
def test_a_request_id_that_is_not_a_plain_word_is_replaced(client, given):
    assert len(client.get("/live", headers={"X-Request-Id": given}).headers["x-request-id"]) == 36


def test_every_answer_carries_the_security_headers(client):
    for answer in (client.get("/live"), client.get("/nowhere"), client.get("/live", headers={"Host": "x"})):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_one_event_is_logged_for_each_request_without_its_values(client, log_stream):
    client.get("/fhir/QuestionnaireResponse/Canary?patient=Canary", headers={"X-Request-Id": "r-1"})

    (line,) = log_stream.getvalue().splitlines()
    event = json.loads(line)
    assert "Canary" not in line
    assert event["route"] == "/fhir/QuestionnaireResponse/{logical_id}"
    assert (event["event"], event["method"], event["status"], event["request"]) == (
        "request",
        "GET",
        404,
        "r-1",
    )


@pytest.mark.parametrize("path", ["/fhir/Foo", "/fhir/Foo/1", "/fhir/Observation/1/$lastn"])
def test_an_unknown_path_of_the_fhir_door_is_an_outcome(client, path):
    answer = client.get(path)

    assert answer.status_code == 404
    assert issues(answer) == [("not-supported", "")]


@pytest.mark.parametrize("path", ["/fhir", "/fhir/"])
def test_the_base_of_the_fhir_door_takes_bundles_only(client, path):
    answer = client.get(path)

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_an_unknown_path_elsewhere_is_a_problem(client):
    answer = client.get("/nowhere")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"] == "Not Found"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/fhir/Observation/1", "GET, HEAD"),
        ("PUT", "/fhir/QuestionnaireResponse", "GET, HEAD, POST"),
        ("PUT", "/fhir/Observation/_search", "GET, HEAD, POST"),
        ("HEAD", "/v1/responses", "POST"),
        ("OPTIONS", "/fhir/metadata", "GET, HEAD"),
        ("PATCH", "/live", "GET, HEAD"),
    ],
)
def test_another_method_is_told_which_are_allowed(client, method, path, allowed):
    answer = client.request(method, path)

    assert answer.status_code == 405
    assert answer.headers["allow"] == allowed


def test_a_failure_says_nothing_but_its_request_id(client, broken, log_stream):
    answer = client.get(f"/fhir/QuestionnaireResponse/{broken}", headers={"X-Request-Id": "r-9"})

    assert answer.status_code == 500
    assert issues(answer) == [("exception", "")]
    assert answer.json()["issue"][0]["diagnostics"] == "request r-9"
    assert "Canary" not in answer.text + log_stream.getvalue()
    assert '"event": "request_failed"' in log_stream.getvalue()


def test_a_failure_elsewhere_is_a_problem(client, broken):
    answer = client.get(f"/v1/responses/{broken}")

    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_table_that_is_gone_is_a_database_that_is_away(client, database):
    with database.write() as tx:
        tx.exec_driver_sql("ALTER TABLE responses RENAME TO gone")

    answer = client.get("/v1/responses/Canary")

    assert answer.status_code == 503
    assert "Canary" not in answer.text


def test_a_database_that_cannot_be_opened_is_not_ready_but_alive(deployment, log_stream, tmp_path):
    nowhere = Database(f"sqlite:///{tmp_path}/no/such/folder/alliance.db")
    app = create_app(replace(deployment, database=nowhere), Log(log_stream))
    with TestClient(app, base_url=BASE_URL) as client:
        assert client.get("/live").status_code == 200
        assert client.get("/ready").status_code == 503
        assert client.get("/ready").json()["database"] is False


def test_the_worker_is_woken_by_a_new_response_only(deployment, log_stream):
    woken = threading.Semaphore(0)
    app = create_app(deployment, Log(log_stream), woken.release)
    with TestClient(app, base_url=BASE_URL) as client:
        create(client, sent())
        create(client, sent())
        client.get("/fhir/Observation")

    assert woken.acquire(blocking=False)
    assert not woken.acquire(blocking=False)


def test_addresses_are_the_public_ones_where_a_proxy_stands_before(deployment, database, log_stream):
    settings = Settings(database_url=database.url, public_base_url="https://alliance.north.example")
    app = create_app(replace(deployment, settings=settings), Log(log_stream))
    with TestClient(app, base_url=BASE_URL) as client:
        answer = create(client, sent())

    assert answer.headers["location"].startswith("https://alliance.north.example/fhir/QuestionnaireResponse/")


def test_readers_of_the_ehr_s_people_are_sent_there(deployment, database, log_stream):
    settings = Settings(database_url=database.url, ehr_base_url="http://127.0.0.1:8095/fhir")
    app = create_app(replace(deployment, settings=settings), Log(log_stream))
    with TestClient(app, base_url=BASE_URL, follow_redirects=False) as client:
        answer, search = client.get("/fhir/Patient/anna"), client.get("/fhir/Patient?_id=anna")
        found = client.get("/fhir/Patient/%2e%2e")

    assert answer.status_code == 307
    assert answer.headers["location"] == "http://127.0.0.1:8095/fhir/Patient/anna"
    assert search.headers["location"] == "http://127.0.0.1:8095/fhir/Patient?_id=anna"
    assert found.status_code == 404
