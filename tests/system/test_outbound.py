"""Nobody makes the service ask where it should not: neither who calls it, nor the EHR itself."""

import gzip
import time
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from service.errors import EhrSilent, EhrUnreachable
from service.http import MAX_ANSWER_BYTES, Http, host_of
from tests.system.children import SandboxEhr, Service
from tests.system.exactly_once import wait_until_delivered
from tests.system.traps import Trap, trap


@pytest.fixture
def forbidden() -> Iterator[Trap]:
    """A server that nobody named."""
    with trap() as set_up:
        yield set_up


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("outbound")
    with SandboxEhr(folder, surface="everything") as ehr:
        running = Service(folder, ehr_base_url=ehr.fhir, ehr_name="sandbox", ehr_poll_seconds="5")
        with running:
            yield running


def asked_for(http: Http, address: str) -> int:
    return http.exchange("GET", address).status


def rating(session: int, **changes: str) -> dict[str, object]:
    return {
        "instrument": "srs-3",
        "patient": "Patient/anna",
        "session_number": session,
        "authored": datetime.now(UTC).isoformat(),
        "identifier": f"urn:outbound|{session}",
        "answers": {f"item-{number}": 9.0 for number in range(1, 5)},
        **changes,
    }


def test_no_reference_of_a_body_is_fetched(service: Service, forbidden: Trap) -> None:
    there = forbidden.base
    with httpx.Client(base_url=service.base_url, timeout=30) as client:
        first = client.post("/v1/responses", json=rating(1)).raise_for_status().json()["id"]
        statuses = [
            client.post("/v1/responses", json=rating(number, **where)).status_code
            for number, where in enumerate(
                [
                    {"patient": f"{there}/Patient/anna"},
                    {"therapist": f"{there}/Practitioner/ada"},
                    {"encounter": f"{there}/Encounter/1"},
                    {"encounter": "http://169.254.169.254/Encounter/1"},
                ],
                start=2,
            )
        ]
        sent = client.get(f"/fhir/QuestionnaireResponse/{first}").raise_for_status().json()
        sent |= {"meta": {"profile": [f"{there}/P"]}, "encounter": {"reference": f"{there}/Encounter/2"}}
        for path in ("", "/$validate", "/$extract"):
            for form in (sent["questionnaire"], f"{there}/Questionnaire/1"):
                client.post(f"/fhir/QuestionnaireResponse{path}", json=sent | {"questionnaire": form})
        client.get("/fhir/Observation", params={"subject": f"{there}/Patient/anna"})
    wait_until_delivered(service.base_url)
    time.sleep(2)  # a look of the watcher, which asks the EHR for Encounters
    assert 201 in statuses
    assert forbidden.asked == []


@pytest.mark.parametrize(
    ("address", "code"),
    [("http://no-such-host.invalid", "host-unknown"), ("http://127.0.0.1:1", "connection-refused")],
)
def test_what_keeps_us_from_a_connection_is_told_apart(address: str, code: str) -> None:
    http = Http(frozenset({host_of(address)}), 5.0)
    with pytest.raises(EhrUnreachable) as failed:
        asked_for(http, f"{address}/fhir/metadata")
    http.close()
    assert failed.value.code == code


def test_plain_http_at_an_https_address_is_told() -> None:
    with trap() as ehr:
        http = Http(frozenset({host_of(ehr.base)}), 5.0)
        with pytest.raises(EhrUnreachable) as failed:
            asked_for(http, ehr.base.replace("http:", "https:"))
        http.close()
    assert failed.value.code == "not-tls"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(forbidden: Trap, status: int) -> None:
    with trap(lambda _: (status, {"Location": f"{forbidden.base}/fhir"}, b"")) as ehr:
        http = Http(frozenset({host_of(ehr.base)}), 5.0)
        assert asked_for(http, f"{ehr.base}/fhir/metadata") == status
        http.close()
    assert forbidden.asked == []


@pytest.mark.parametrize("megabytes", [6, 200])
def test_a_bomb_of_the_ehr_is_given_up_while_it_is_small(megabytes: int) -> None:
    bomb = gzip.compress(bytes(megabytes * 1_000_000), 1)
    with trap(lambda _: (200, {"Content-Encoding": "gzip"}, bomb)) as ehr:
        http = Http(frozenset({host_of(ehr.base)}), 20.0)
        tracemalloc.start()
        with pytest.raises(EhrSilent) as failed:
            asked_for(http, f"{ehr.base}/fhir/metadata")
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        http.close()
    assert failed.value.code == "answer-too-large"
    assert most < 4 * MAX_ANSWER_BYTES


def test_a_packed_answer_of_the_ehr_is_read() -> None:
    with trap(lambda _: (200, {"Content-Encoding": "gzip"}, gzip.compress(b"{}"))) as ehr:
        http = Http(frozenset({host_of(ehr.base)}), 5.0)
        assert http.exchange("GET", f"{ehr.base}/fhir").body == b"{}"
        http.close()


def test_no_environment_variable_leads_elsewhere(forbidden: Trap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", forbidden.base)
    monkeypatch.setenv("ALL_PROXY", forbidden.base)
    with trap() as ehr:
        http = Http(frozenset({host_of(ehr.base)}), 5.0)
        assert asked_for(http, f"{ehr.base}/fhir") == 200
        http.close()
    assert forbidden.asked == []
