"""The service signs in at a real EHR by a real Keycloak, and says in words why where it cannot."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.__main__ import main
from service.clock import system_clock
from service.ehr.auth.keys import read_keys
from service.ehr.auth.token_endpoint import SignedProof, TokenEndpoint
from service.http import Http, host_of
from tests.demo_clinic.processes import free_port
from tests.system.children import Service
from tests.system.hapi import Hapi
from tests.system.identity import Idp, a_key, protected_hapi
from tests.system.waiting import wait_until

pytestmark = pytest.mark.idp

EVERYTHING = "system/*.cruds"
RESPONSES = "https://alliance.example/fhir/identifier/response"
KEYS = {algorithm: a_key(algorithm) for algorithm in ("RS384", "ES384")}
SECONDS = 60


@pytest.fixture(scope="module")
def ehr(idp: Idp) -> Iterator[Hapi]:
    with protected_hapi(idp) as started:
        yield started


@pytest.fixture
def signed_in(idp: Idp, ehr: Hapi, tmp_path: Path) -> Callable[..., Any]:
    """A service that signs in at the EHR while the block lasts; settings may differ."""

    @contextmanager
    def run(key: str = KEYS["RS384"], **changes: str) -> Iterator[Service]:
        settings = {
            "ehr_auth": "smart",
            "ehr_client_id": "alliance-service",
            "ehr_keys": key,
            "ehr_token_url": idp.token_url,
            "ehr_scopes": EVERYTHING,
        }
        settings |= changes
        port = int(settings.pop("port", str(idp.keys_port)))
        kept = {name: value for name, value in settings.items() if value != "unset"}
        with Service(tmp_path, ehr_base_url=ehr.fhir, ehr_name="ehr", port=port, **kept) as service:
            yield service

    return run


def authorization(idp: Idp, key: str) -> dict[str, str]:
    """Return a reader's own token, got with a key that the running service publishes."""
    http = Http(frozenset({host_of(idp.token_url)}), 20)
    try:
        proof = SignedProof("alliance-service", read_keys(key)[0])
        endpoint = TokenEndpoint(http, lambda: idp.token_url, proof, EVERYTHING, system_clock)
        return {"Authorization": f"Bearer {endpoint.fetch().value}"}
    finally:
        http.close()


def record(service: Service, patient: str) -> dict[str, Any]:
    """Record one SRS form and return the receipt."""
    body = {
        "instrument": "srs-3",
        "patient": f"Patient/{patient}",
        "authored": datetime.now(UTC).isoformat(),
        "identifier": f"urn:signing-in|{patient}",
        "answers": {"item-1": 9.2, "item-2": 9.0, "item-3": 8.7, "item-4": 9.4},
    }
    answer = httpx.post(f"{service.base_url}/v1/responses", json=body, timeout=30).raise_for_status()
    receipt: dict[str, Any] = answer.json()
    return receipt


def seed(idp: Idp, ehr: Hapi, key: str, patient: str) -> None:
    httpx.put(
        f"{ehr.fhir}/Patient/{patient}",
        json={"resourceType": "Patient", "id": patient},
        headers=authorization(idp, key),
        timeout=60,
    ).raise_for_status()


def deliver(service: Service, idp: Idp, ehr: Hapi, key: str, patient: str) -> int:
    """Record a form of a new patient, wait for its delivery, and return how often the EHR holds it."""
    seed(idp, ehr, key, patient)
    receipt = record(service, patient)
    wait_until(lambda: state(service, receipt) == "confirmed", seconds=SECONDS, what="the delivery")
    return held(ehr, idp, key, receipt)


def held(ehr: Hapi, idp: Idp, key: str, receipt: dict[str, Any]) -> int:
    """Return how often the EHR holds a response."""
    found = httpx.get(
        f"{ehr.fhir}/QuestionnaireResponse",
        params={"identifier": f"{RESPONSES}|{receipt['id']}"},
        headers=authorization(idp, key) | {"Cache-Control": "no-cache"},
        timeout=60,
    ).raise_for_status()
    return int(found.json()["total"])


def state(service: Service, receipt: dict[str, Any]) -> str:
    return str(delivery(service, receipt)["state"])


def delivery(service: Service, receipt: dict[str, Any]) -> dict[str, Any]:
    answer = httpx.get(f"{service.base_url}/v1/deliveries/{receipt['deliveries'][0]}", timeout=30)
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


def troubles(service: Service) -> str:
    return " ".join(httpx.get(f"{service.base_url}/ready", timeout=30).json()["ehr_troubles"])


def trouble_of(service: Service, patient: str) -> str:
    """Record a form that cannot be delivered, and return what /ready says of the EHR then."""
    receipt = record(service, patient)
    wait_until(lambda: troubles(service), seconds=SECONDS, what="the trouble")
    assert state(service, receipt) == "pending"
    return troubles(service)


@pytest.mark.parametrize("algorithm", ["RS384", "ES384"])
def test_a_form_is_delivered_with_a_key_of_either_kind(signed_in, idp, ehr, name_of, algorithm):
    key = KEYS[algorithm]
    with signed_in(key) as service:
        assert deliver(service, idp, ehr, key, name_of(algorithm.lower())) == 1
        assert troubles(service) == ""


def test_a_token_that_lives_three_seconds_is_renewed(signed_in, idp, ehr, name_of):
    key = KEYS["RS384"]
    with signed_in(key, ehr_client_id="alliance-service-short") as service:
        assert deliver(service, idp, ehr, key, name_of("short-1")) == 1
        time.sleep(4)
        assert deliver(service, idp, ehr, key, name_of("short-2")) == 1


def test_keys_are_changed_while_both_are_published(signed_in, idp, ehr, name_of):
    old, new = KEYS["RS384"], KEYS["ES384"]
    with signed_in(old, ehr_other_keys=new) as service:
        published = httpx.get(f"{service.base_url}/.well-known/jwks.json", timeout=30).json()["keys"]
        assert [key["alg"] for key in published] == ["RS384", "ES384"]
        assert deliver(service, idp, ehr, old, name_of("changed-1")) == 1
    with signed_in(new, ehr_other_keys=old) as service:
        assert deliver(service, idp, ehr, new, name_of("changed-2")) == 1


def test_keys_are_changed_in_the_middle_of_deliveries(signed_in, idp, ehr, name_of):
    old, new = KEYS["RS384"], KEYS["ES384"]
    short = {"ehr_client_id": "alliance-service-short"}  # its tokens live three seconds
    patients = [name_of(f"middle-{number}") for number in range(24)]
    with signed_in(old, ehr_other_keys=new, **short) as service:
        for patient in patients:
            seed(idp, ehr, old, patient)
        receipts = [record(service, patient) for patient in patients]
        wait_until(lambda: state(service, receipts[0]) == "confirmed", seconds=SECONDS, what="the first one")
        assert state(service, receipts[-1]) != "confirmed"
    with signed_in(new, ehr_other_keys=old, **short) as service:
        for receipt in receipts:
            wait_until(lambda one=receipt: state(service, one) == "confirmed", seconds=SECONDS, what="all")
        assert [held(ehr, idp, new, receipt) for receipt in receipts] == [1] * len(patients)


def test_a_scope_that_we_may_not_have_is_told(signed_in, name_of):
    with signed_in(ehr_scopes="alliance/metrics.read") as service:
        assert "invalid_scope" in trouble_of(service, name_of("scope"))


def test_a_key_that_the_ehr_does_not_know_is_told(signed_in, name_of):
    stranger = a_key("RS384")
    # It looks for our keys where nobody is.
    with signed_in(stranger, port=str(free_port(0))) as service:
        told = trouble_of(service, name_of("stranger"))
    assert told.startswith("the EHR's token endpoint refused our key")


def check_ehr(idp, ehr, key_file, *arguments, scopes=EVERYTHING):
    """Run ``check-ehr`` as a process of its own; return its exit code and its answer."""
    settings = {
        "ALLIANCE_EHR_BASE_URL": ehr.fhir,
        "ALLIANCE_EHR_AUTH": "smart",
        "ALLIANCE_EHR_CLIENT_ID": "alliance-service",
        "ALLIANCE_EHR_KEYS_FILE": str(key_file),
        "ALLIANCE_EHR_TOKEN_URL": idp.token_url,
        "ALLIANCE_EHR_SCOPES": scopes,
    }
    written = []
    code = main(["check-ehr", "--json", *arguments], settings, written.append)
    steps = {step["name"]: step for step in json.loads("".join(written))["steps"]}
    return code, steps


def test_check_ehr_writes_a_test_response_and_withdraws_it(signed_in, idp, ehr, name_of, tmp_path):
    key, patient = KEYS["ES384"], name_of("checked")
    (tmp_path / "key.json").write_text(key)
    with signed_in(key):
        seed(idp, ehr, key, patient)
        asked = ("--patient", patient, "--write-probe", patient)
        code, steps = check_ehr(idp, ehr, tmp_path / "key.json", *asked)

    assert code == 0
    assert steps["patient"]["well"]
    assert "marked as entered in error again" in steps["write-probe"]["sentence"]


def test_check_ehr_tells_what_may_not_be_written(signed_in, idp, ehr, name_of, tmp_path):
    key = KEYS["ES384"]
    (tmp_path / "key.json").write_text(key)
    with signed_in(key):
        asked = ("--write-probe", name_of("unchecked"))
        code, steps = check_ehr(idp, ehr, tmp_path / "key.json", *asked, scopes="system/Patient.rs")

    assert code == 1
    assert "nothing was written" in steps["write-probe"]["sentence"]


def test_tokens_of_another_host_must_be_allowed(signed_in, name_of):
    with signed_in(ehr_token_url="unset") as service:  # noqa: S106 - no password
        assert "set ALLIANCE_EHR_TOKEN_URL" in trouble_of(service, name_of("elsewhere"))


def test_without_signing_in_the_ehr_asks_for_credentials(signed_in, name_of):
    names = ("ehr_client_id", "ehr_keys", "ehr_token_url", "ehr_scopes")
    with signed_in(ehr_auth="none", **dict.fromkeys(names, "unset")) as service:
        assert "asks for credentials (401)" in trouble_of(service, name_of("nobody"))
