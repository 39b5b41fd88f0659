import socket
import threading
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import uvicorn

from service.sandbox import SURFACES, create_sandbox
from tests.service.sandbox.conftest import FHIR, Caller, TestClient

PATIENT = {"resourceType": "Patient"}


def statuses(caller, writes: int) -> list[int]:
    return [caller.create(PATIENT).status_code for _ in range(writes)]


def stored(caller) -> int:
    return caller.http.get("/counts").json().get("Patient", 0)


def test_every_third_write_fails_and_is_not_performed(caller):
    caller.http.put("/faults?fail-every=3")

    assert statuses(caller, 6) == [201, 201, 503, 201, 201, 503]
    assert stored(caller) == 4


def test_a_failing_write_may_be_performed_and_its_answer_replaced(caller):
    caller.http.put("/faults?fail-every=1&fail-after=true&fail-status=500")

    assert statuses(caller, 2) == [500, 500]
    assert stored(caller) == 2


def test_a_busy_answer_says_when_to_come_back(caller):
    caller.http.put("/faults?fail-every=1&fail-status=429")

    answer = caller.create(PATIENT)

    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")


def test_reads_do_not_fail(caller):
    caller.http.put("/faults?fail-every=1")

    assert caller.http.get("/fhir/Patient").status_code == 200
    assert caller.http.post("/fhir/Patient/_search").status_code == 200


def test_a_gateway_answers_in_html_whatever_is_asked(caller):
    caller.http.put("/faults?html=true")

    answers = [caller.create(PATIENT), caller.http.get("/fhir/metadata")]

    assert [answer.status_code for answer in answers] == [500, 500]
    assert all(answer.headers["content-type"].startswith("text/html") for answer in answers)


def test_latency_delays_an_answer(caller):
    caller.http.put("/faults?latency-ms=60")
    started = time.monotonic()
    caller.create(PATIENT)

    assert time.monotonic() - started >= 0.06


def test_turning_the_faults_off_ends_them(caller):
    caller.http.put("/faults?fail-every=1")
    caller.http.put("/faults")

    assert statuses(caller, 1) == [201]
    assert caller.http.get("/faults").json()["fail_every"] == 0


def test_an_unknown_fault_is_refused(caller):
    assert caller.http.put("/faults?fail-allways=1").status_code == 400


def test_fresh_rows_hide_from_search_but_not_from_reads(tmp_path):
    now = [datetime(2026, 3, 2, tzinfo=UTC)]
    app = create_sandbox(str(tmp_path / "ehr.db"), SURFACES["everything"], clock=lambda: now[0])
    with TestClient(app) as client:
        caller = Caller(client)
        client.put("/faults?hide-from-search-ms=2000")
        kept = caller.patient()
        seen_at_once = len(caller.found("Patient"))
        read = client.get(f"/fhir/{kept}").status_code
        now[0] += timedelta(seconds=2)
        seen_later = len(caller.found("Patient"))

    assert (seen_at_once, read, seen_later) == (0, 200, 1)


@pytest.fixture
def address(tmp_path, socket_enabled):
    """A sandbox behind a real socket: only there can an answer get lost."""
    listener = socket.create_server(("127.0.0.1", 0))
    app = create_sandbox(str(tmp_path / "ehr.db"), SURFACES["everything"])
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()


def test_an_answer_can_get_lost_after_the_write_was_performed(address):
    with httpx.Client(base_url=address) as client:
        client.put("/faults?fail-every=1&fail-after=true&fail-status=0")
        with pytest.raises(httpx.RemoteProtocolError):
            client.post("/fhir/Patient", json=PATIENT, headers=FHIR)
        counts = client.get("/counts").json()

    assert counts == {"Patient": 1}


def test_many_callers_at_once_lose_and_double_nothing(address):
    def write() -> None:
        with httpx.Client(base_url=address) as client:
            for number in range(10):
                condition = {"If-None-Exist": f"identifier=urn:test|{number}"}
                body = PATIENT | {"identifier": [{"system": "urn:test", "value": str(number)}]}
                client.post("/fhir/Patient", json=body, headers=FHIR | condition)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert httpx.get(f"{address}/counts").json() == {"Patient": 10}
