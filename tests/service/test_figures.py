"""What is counted, and that nothing in it is about a patient or without bound."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client import generate_latest

from service.app import create_app
from service.figures import Figures
from service.log import Log
from service.metrics import Metrics
from service.store.database import Database
from tests.conftest import BASE_URL, NOW, TestClient
from tests.service.api.fhir.calls import create, sent


@pytest.fixture
def told(deployment) -> Iterator:
    """Returns the figures as Prometheus reads them."""
    metrics = Metrics([deployment])
    yield lambda: generate_latest(metrics.registry).decode()
    metrics.close()


def value_of(told: str, name: str) -> float:
    (line,) = [one for one in told.splitlines() if one.startswith(f"{name} ")]
    return float(line.rpartition(" ")[2])


def test_requests_are_counted_by_route_template_and_class(client, told):
    client.get("/fhir/QuestionnaireResponse/Canary?patient=Canary")
    route = "/fhir/QuestionnaireResponse/{logical_id}"
    labels = f'method="GET",route="{route}",status="4xx"'

    assert value_of(told(), f"alliance_request_seconds_count{{{labels}}}") == 1
    assert "Canary" not in told()


def test_addresses_that_are_not_ours_are_one_row(client, told):
    for number in range(20):
        client.request(f"METHOD{number}", f"/nowhere/{number}")

    assert value_of(told(), 'alliance_request_seconds_count{method="other",route="none",status="4xx"}') == 20


def test_refused_callers_are_counted(client, told):
    client.get("/live", headers={"Host": "evil.example"})

    assert value_of(told(), 'alliance_requests_refused_total{reason="forbidden"}') == 1


def test_recordings_are_counted_and_nobody_is_named(client, told):
    create(client, sent())

    assert value_of(told(), "alliance_recorded_total") == 1
    assert not [word for word in ("anna", "ada", "Patient", "36.3") if word in told()]


def test_without_a_database_that_is_told_and_all_else_goes_on(deployment, log_stream, tmp_path):
    nowhere = Database(f"sqlite:///{tmp_path}/no/such/folder/alliance.db")
    away = replace(deployment, database=nowhere, figures=Figures())
    metrics = Metrics([away])
    with TestClient(create_app(away, Log(log_stream)), base_url=BASE_URL) as client:
        client.get("/v1/rupture-alerts")
    told = generate_latest(metrics.registry).decode()

    assert value_of(told, "alliance_database_up") == 0
    assert value_of(told, 'alliance_database_errors_total{error="StoreAway"}') >= 1


def test_exchanges_with_the_ehr_are_counted_and_its_clock_is_read():
    figures = Figures()
    figures.note_exchange("GET", 200, 0.2, "Mon, 02 Mar 2026 12:02:00 GMT", NOW)
    figures.note_exchange("POST", 0, 5.0, "", NOW + timedelta(minutes=1))
    told = generate_latest(figures.registry).decode()

    count = 'alliance_ehr_exchange_seconds_count{{clinic="default",method="{}",status="{}"}}'
    assert value_of(told, count.format("GET", "2xx")) == 1
    assert value_of(told, count.format("POST", "none")) == 1
    assert value_of(told, 'alliance_ehr_clock_ahead_seconds{clinic="default"}') == 120


def test_a_clock_over_a_minute_away_is_told_and_stops_nothing(client, deployment):
    deployment.figures.note_exchange("GET", 200, 0.2, "Mon, 02 Mar 2026 12:01:30 GMT", NOW)
    ready = client.get("/ready")

    assert ready.status_code == 200
    assert "the EHR's clock is 90 s ahead of ours" in ready.json()["clocks"]
