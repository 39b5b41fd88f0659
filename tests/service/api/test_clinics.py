"""Several clinics behind one service: each caller reaches its own, and all share what is open."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from fhir_mappings.codes import Names
from service.app import Served
from service.log import Log
from service.settings import Settings
from service.store.chart import keep_fact
from service.store.troubles import set_trouble
from tests.conftest import BASE_URL, TestClient
from tests.service.api.fhir.calls import create, sent
from tests.service.ehr.auth.keys import as_pem, ec_key, rsa_key
from tests.service.two_clinics import NORTH, SOUTH, key_of, of_clinic, service_of

OPEN = ("/live", "/ready", "/fhir/metadata", "/.well-known/jwks.json", "/openapi.json")


@dataclass
class Bell:
    """Counts how often a watcher was told to look."""

    rung: int = 0

    def __call__(self) -> None:
        self.rung += 1


@dataclass
class Both:
    """The service, and what its two clinics' watchers heard."""

    client: TestClient
    bells: dict[str, Bell]
    keys: dict[str, str]

    def get(self, path: str, clinic: str = NORTH) -> object:
        return self.client.get(path, headers={"Authorization": f"Bearer {self.keys.get(clinic, clinic)}"})


def keys_of(key: object) -> dict[str, str]:
    return {
        "ehr_base_url": "http://127.0.0.1:8095/fhir",
        "ehr_auth": "smart",
        "ehr_client_id": "us",
        "ehr_keys": as_pem(key),
    }


@pytest.fixture
def both(deployment, database, log_stream) -> Iterator[Both]:
    bells = {NORTH: Bell(), SOUTH: Bell()}
    keys = {NORTH: rsa_key(), SOUTH: ec_key()}
    served = []
    for clinic, bell in bells.items():
        settings = Settings(database_url=database.url, **keys_of(keys[clinic]))
        own = of_clinic(deployment, clinic, settings)
        served.append(Served(own, notice=bell))
        with database.write() as tx:
            keep_fact(tx, clinic, "notice-token", clinic * 8)
    shown = {one.deployment.clinic: key_of(one.deployment) for one in served}
    with TestClient(service_of(served, Log(log_stream)), base_url=BASE_URL) as client:
        yield Both(client, bells, shown)


def as_caller(both: Both, clinic: str) -> TestClient:
    both.client.headers["Authorization"] = f"Bearer {both.keys[clinic]}"
    return both.client


def test_a_response_is_there_for_its_own_clinic_alone(both):
    location = create(as_caller(both, NORTH), sent()).headers["location"]

    assert both.get(location, NORTH).status_code == 200
    assert both.get(location, SOUTH).status_code == 404
    assert both.get("/fhir/QuestionnaireResponse", SOUTH).json()["total"] == 0


def test_both_clinics_may_use_one_identifier_and_patient(both):
    created = [create(as_caller(both, clinic), sent()).status_code for clinic in (NORTH, SOUTH)]

    assert created == [201, 201]


def test_entries_of_a_batch_are_asked_for_the_caller_s_clinic(both):
    create(as_caller(both, NORTH), sent())
    entry = {"request": {"method": "GET", "url": "QuestionnaireResponse"}}
    batch = {"resourceType": "Bundle", "type": "batch", "entry": [entry]}

    totals = [
        as_caller(both, clinic).post("/fhir", json=batch).json()["entry"][0]["resource"]["total"]
        for clinic in (NORTH, SOUTH)
    ]
    assert totals == [1, 0]


def test_who_has_no_clinic_is_refused(both):
    assert both.get("/v1/rupture-alerts", "west").status_code == 401


@pytest.mark.parametrize("path", OPEN)
def test_what_is_open_is_told_alike_to_every_clinic(both, path):
    answers = [both.get(path, clinic) for clinic in (NORTH, SOUTH)]

    assert [one.status_code for one in answers] == [200, 200]
    assert answers[0].content == answers[1].content


def test_readiness_tells_a_caller_of_its_own_clinic_alone(both, database):
    with database.write() as tx:
        set_trouble(tx, SOUTH, "ehr", "2026-03-02T09:00:00.000000Z")
    troubles = {one: both.get("/ready", one).json()["ehr_in_trouble_since"] for one in (NORTH, SOUTH)}

    assert troubles == {NORTH: None, SOUTH: "2026-03-02T09:00:00.000000Z"}
    assert set(both.client.get("/ready").json()) == {"status", "database", "schema", "clock"}


def test_nobody_is_told_which_clinic_s_identity_provider_is_meant(both):
    assert both.client.get("/.well-known/smart-configuration").status_code == 404


def test_a_page_that_asks_what_it_may_ask_is_of_no_clinic(both):
    assert both.client.options("/v1/rupture-alerts").status_code == 405


def test_the_keys_of_all_clinics_are_published(both):
    keys = both.get("/.well-known/jwks.json").json()["keys"]

    assert [key["alg"] for key in keys] == ["RS384", "ES384"]


def test_a_notice_rings_at_the_clinic_of_its_secret(both):
    assert (
        both.client.post(f"/notify/{SOUTH * 8}", headers={"Authorization": "Bearer north"}).status_code == 204
    )
    assert {clinic: bell.rung for clinic, bell in both.bells.items()} == {NORTH: 0, SOUTH: 1}
    assert both.client.post("/notify/west", headers={"Authorization": "Bearer north"}).status_code == 404


def test_accesses_to_what_is_open_are_kept_under_no_clinic(both, database):
    with database.read() as tx:  # that the keys were made
        before = tx.exec_driver_sql("SELECT max(row_id) FROM audit_rows").scalar_one()
    both.get("/fhir/metadata")
    both.client.post("/notify/west", headers={"Authorization": "Bearer north"})
    with database.read() as tx:
        rows = tx.exec_driver_sql("SELECT clinic, row_id FROM audit_rows").all()
        kept = sorted({row.clinic for row in rows if row.row_id > before})

    assert kept == [""]


def test_a_failure_in_a_clinic_s_app_is_answered_by_the_gate(both, database, log_stream):
    location = create(as_caller(both, NORTH), sent()).headers["location"]
    with database.write() as tx:
        tx.exec_driver_sql("UPDATE responses SET body = '{Canary', answers = '{Canary'")

    answer = both.get(location)
    assert (answer.status_code, answer.json()["resourceType"]) == (500, "OperationOutcome")
    assert "Canary" not in answer.text + log_stream.getvalue()


def topics_of(answer) -> list[str]:
    resources = answer.json()["rest"][0]["resource"]
    (subscription,) = (one for one in resources if one["type"] == "Subscription")
    return [one["valueCanonical"] for one in subscription.get("extension", [])]


def test_metadata_names_the_topics_of_the_callers_own_clinic(deployment, database, log_stream):
    served = [
        Served(replace(of_clinic(deployment, one), names=Names(f"https://{one}.example/fhir")))
        for one in (NORTH, SOUTH)
    ]
    keys = [key_of(one.deployment) for one in served]
    with TestClient(service_of(served, Log(log_stream)), base_url=BASE_URL) as client:
        named = [
            topics_of(client.get("/fhir/metadata", headers={"Authorization": f"Bearer {key}"}))
            for key in keys
        ]
        of_nobody = topics_of(client.get("/fhir/metadata"))

    assert [{one.partition("/SubscriptionTopic")[0] for one in topics} for topics in named] == [
        {"https://north.example/fhir"},
        {"https://south.example/fhir"},
    ]
    assert of_nobody == []
