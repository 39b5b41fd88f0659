"""What one request, one caller, and all of them together may take."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import text

from service.app import create_app
from service.errors import OutOfTime
from service.log import Log
from service.store.database import Database
from service.time_limit import limited_to
from tests.conftest import BASE_URL, TestClient
from tests.service.api.fhir.calls import create, issues, sent
from tests.service.api.v1.build import a_body
from tests.service.importing import a_file, a_row

COUNT_FOR_EVER = text(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000000)"
    " SELECT max(i) FROM n"
)


@contextmanager
def nobody_writes(database: Database) -> Iterator[None]:
    """Let whoever wants to write wait; PostgreSQL has many writers, and needs to be told."""
    with database.write() as tx:
        if database.is_postgresql:
            tx.execute(text("LOCK TABLE audit_rows, responses IN EXCLUSIVE MODE"))
        yield


@pytest.fixture
def limited(deployment, log_stream):
    """Returns a client of the service with these settings."""

    @contextmanager
    def serve(**settings: object) -> Iterator[TestClient]:
        changed = replace(deployment, settings=deployment.settings.model_copy(update=settings))
        with TestClient(create_app(changed, Log(log_stream)), base_url=BASE_URL) as client:
            yield client

    return serve


def reason_of(answer) -> str:
    return answer.json()["faults"][0]["reason"]


def test_a_body_over_the_limit_is_refused_by_its_length(limited):
    with limited(max_body_bytes=1024) as client:
        answer = client.post(
            "/v1/responses", content=b" " * 1025, headers={"Content-Type": "application/json"}
        )

    assert (answer.status_code, reason_of(answer)) == (413, "too-large")


def test_a_body_over_the_limit_is_refused_that_does_not_say_its_length(limited):
    with limited(max_body_bytes=1024) as client:
        pieces = iter([b" " * 1000] * 3)
        answer = client.post("/v1/responses", content=pieces, headers={"Content-Type": "application/json"})

    assert (answer.status_code, reason_of(answer)) == (413, "too-large")


def test_a_body_nested_too_deeply_is_refused(client):
    deep = b'{"a":' * 100 + b"1" + b"}" * 100
    answer = client.post("/v1/responses", content=deep, headers={"Content-Type": "application/json"})

    assert (answer.status_code, reason_of(answer)) == (400, "nested-too-deeply")


@pytest.mark.parametrize("path", ["/v1/responses", "/fhir/QuestionnaireResponse"])
@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, identity"])
def test_a_compressed_body_is_refused_unread(client, path, encoding):
    headers = {"Content-Type": "application/json", "Content-Encoding": encoding}

    assert client.post(path, content=b"{}", headers=headers).status_code == 415


@pytest.mark.parametrize(
    "path", ["/v1/rupture-alerts?_count=100000", "/v1/deliveries?_count=0", "/v1/rupture-alerts?_count=-1"]
)
def test_a_page_is_never_longer_than_allowed(client, path):
    assert client.get(path).status_code == 400


def test_a_page_of_the_fhir_door_is_never_longer_than_allowed(client):
    links = client.get("/fhir/Observation?_count=100000").json()["link"]

    assert "_count=100000" not in next(one["url"] for one in links if one["relation"] == "self")


def test_a_caller_over_its_rate_is_told_when_to_come_again(limited):
    with limited(requests_per_minute=60) as client:
        answers = [client.get("/v1/instruments") for _ in range(11)]

    assert [one.status_code for one in answers] == [200] * 10 + [429]
    assert answers[-1].headers["retry-after"] == "1"
    assert reason_of(answers[-1]) == "too-many-requests"


def test_the_fhir_door_says_so_in_its_own_words(limited):
    with limited(requests_per_minute=6) as client:
        client.get("/fhir/metadata")
        answer = client.get("/fhir/metadata")

    assert answer.status_code == 429
    assert issues(answer) == [("throttled", "")]


def test_who_watches_the_process_is_always_answered(limited):
    with limited(requests_per_minute=6) as client:
        answers = [client.get(path).status_code for path in ["/live", "/ready"] * 5]

    assert answers == [200] * 10


def test_a_bundle_is_let_in_whole_and_its_entries_are_paid_for_later(limited):
    entries = [{"request": {"method": "GET", "url": "Observation"}} for _ in range(5)]
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": entries}
    with limited(requests_per_minute=12) as client:
        answered = client.post("/fhir", json=bundle).json()
        later = client.get("/fhir/Observation")

    assert {one["response"]["status"] for one in answered["entry"]} == {"200 OK"}
    assert later.status_code == 429
    assert int(later.headers["retry-after"]) > 15


def test_more_requests_at_once_than_allowed_are_sent_away(limited, database):
    answers = []
    with limited(requests_at_once=1, request_seconds=20.0) as client:
        with nobody_writes(database):
            waiting = threading.Thread(target=lambda: answers.append(until_taken(client)))
            waiting.start()
            refused = until_refused(client)
            lively = client.get("/live")
        waiting.join()

    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert reason_of(refused) == "too-busy"
    assert (lively.status_code, answers[0].status_code) == (200, 201)


def test_a_page_over_the_limit_is_refused_in_words_for_a_person(limited):
    with limited(requests_per_minute=6) as client:
        german = {"Accept-Language": "de"}
        refused = [client.get("/form/some-token", headers=german) for _ in range(8)][-1]
        clinician = client.get("/clinician")
        sent = client.post("/form/some-token", json={})

    assert (refused.status_code, clinician.status_code, sent.status_code) == (429, 429, 429)
    assert "Einen Moment, bitte" in refused.text
    assert "script-src 'self'" in refused.headers["content-security-policy"]
    assert int(refused.headers["retry-after"]) > 0
    assert "<h1>This page cannot be shown</h1>" in clinician.text
    assert reason_of(sent) == "too-many-requests"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"/form/{'x' * 129}", 400),
        ("GET", "/form/assets/1/nowhere.js", 404),
        ("GET", "/form/a/b", 404),
    ],
)
def test_what_is_no_page_of_the_forms_is_told_in_words(limited, method, path, status):
    with limited() as client:
        answer = client.request(method, path)

    assert answer.status_code == status
    assert "There is no form at this address" in answer.text


def until_taken(client):
    while (answer := client.post("/v1/responses", json=a_body())).status_code == 503:
        time.sleep(0.05)  # another request came first
    return answer


def until_refused(client):
    for _ in range(200):
        answer = client.get("/.well-known/jwks.json")
        if answer.status_code == 503:
            return answer
        time.sleep(0.02)
    raise AssertionError("nothing was refused")


def test_a_write_that_waits_too_long_for_its_turn_is_given_up(limited, database):
    with limited(request_seconds=0.3) as client, nobody_writes(database):
        answer = client.post("/v1/responses", json=a_body())

    assert answer.status_code == 503
    assert (reason_of(answer), answer.headers["retry-after"]) == ("out-of-time", "30")


def slowly(pieces: list[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        time.sleep(0.2)
        yield piece


def test_an_import_goes_on_for_as_long_as_its_pieces_come(limited):
    pieces = slowly([a_file([a_row(1)]), *(f"{a_row(n)}\n".encode() for n in (2, 3))])
    with limited(request_seconds=0.4) as client:
        answer = client.post("/v1/imports", content=pieces, headers={"Content-Type": "text/csv"})

    assert (answer.status_code, answer.json()["recorded"]) == (200, 3)


def test_what_was_given_up_is_not_recorded(limited, database):
    with limited(request_seconds=0.3) as client:
        with nobody_writes(database):
            create(client, sent())
        answer = client.get("/fhir/QuestionnaireResponse?_summary=count")

    assert answer.json()["total"] == 0


def test_a_query_that_takes_too_long_is_interrupted(database):
    begun = time.monotonic()
    with pytest.raises(OutOfTime), limited_to(0.2), database.read() as tx:
        tx.execute(COUNT_FOR_EVER)
    assert time.monotonic() - begun < 10


def test_the_connection_of_a_query_that_was_interrupted_is_good_for_the_next(database):
    with pytest.raises(OutOfTime), limited_to(0.1), database.read() as tx:
        tx.execute(COUNT_FOR_EVER)
    with database.read() as tx:
        assert tx.execute(text("SELECT 1")).scalar() == 1


def test_the_other_method_that_a_header_names_is_ignored(client):
    told = {"X-HTTP-Method-Override": "DELETE", "X-HTTP-Method": "PUT", "X-Method-Override": "PATCH"}

    assert client.get("/v1/instruments", headers=told).status_code == 200
    assert client.get("/v1/instruments?_method=DELETE").status_code == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/rupture-alerts?" + "&".join(f"a{number}=1" for number in range(101)), 400),
        ("/fhir/Observation?" + "&".join(["code=1"] * 101), 400),
        ("/fhir/Observation?code=" + "a" * 9000, 414),
        ("/v1/patients/" + "a" * 9000 + "/alliance-trend", 414),
        ("/v1/rupture-alerts?patient=Patient/a&patient=Patient/b", 400),
        ("/v1/rupture-alerts?status=open&%73tatus=repaired", 400),
    ],
)
def test_a_query_that_no_caller_needs_is_refused(client, path, status):
    assert client.get(path).status_code == status


def test_a_parameter_of_the_fhir_door_may_come_twice(client):
    assert client.get("/fhir/Observation?date=ge2026-01-01&date=le2026-12-31").status_code == 200


@pytest.mark.parametrize("headers", [{f"X-{number}": "a" for number in range(101)}, {"X-A": "a" * 40_000}])
def test_more_headers_than_anybody_needs_are_refused(client, headers):
    answer = client.get("/live", headers=headers)

    assert (answer.status_code, answer.headers["connection"]) == (431, "close")
