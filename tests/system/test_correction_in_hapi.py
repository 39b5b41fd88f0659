"""A correction reaches HAPI as an update of the same resources, a withdrawal as entered in error."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx
import pytest

from fhir_mappings import json_text
from tests.demo_clinic import Rating, submission
from tests.system.chart import Chart, only
from tests.system.children import Service
from tests.system.exactly_once import wait_until_delivered
from tests.system.hapi import Hapi
from tests.system.people import clinic_called, seed_ehr
from tests.system.sending import Sent, send_all

pytestmark = pytest.mark.hapi

BASE = "https://alliance.example/fhir"
JSON = {"Content-Type": "application/json"}


def is_full_srs(rating: Rating) -> bool:
    return rating.instrument == "srs-3" and rating.answers is not None and len(rating.answers) == 4


@pytest.fixture(scope="module")
def delivered(hapi: Hapi, service_to_hapi: Service, name_of: Callable[[str], str]) -> list[Sent]:
    """Full SRS forms of several clients, the latest of each, all in HAPI."""
    clinic = clinic_called(name_of("mended"), clients=6, seed=11)
    seed_ehr(hapi.fhir, clinic)
    last = {rating.client: rating for rating in clinic.ratings if is_full_srs(rating)}
    sent = send_all(service_to_hapi.base_url, list(last.values()))
    wait_until_delivered(service_to_hapi.base_url)
    return sorted(sent, key=lambda one: one.rating.client)


def in_hapi(chart: Chart, sent: Sent, part: str | None = None) -> dict[str, Any]:
    """Return the only resource under our identifier: the response, or one part of it."""
    if part is None:
        return only(chart.find("QuestionnaireResponse", identifier=f"{BASE}/identifier/response|{sent.id}"))
    return only(chart.find("Observation", identifier=f"{BASE}/identifier/score|{sent.id}.{part}"))


def correct(service: Service, sent: Sent, answers: dict[str, Decimal]) -> None:
    httpx.put(
        f"{service.base_url}/v1/responses/{sent.id}",
        content=json_text.dumps(submission(sent.rating) | {"answers": answers}),
        headers=JSON | {"If-Match": 'W/"1"'},
    ).raise_for_status()
    wait_until_delivered(service.base_url)


def withdraw(service: Service, sent: Sent) -> None:
    httpx.post(
        f"{service.base_url}/v1/responses/{sent.id}/withdraw",
        content=json_text.dumps({"reason": "filled in for another client"}),
        headers=JSON,
    ).raise_for_status()
    wait_until_delivered(service.base_url)


def test_a_correction_updates_the_same_resources(delivered, hapi_chart, service_to_hapi):
    sent = delivered[0]
    before = {part: in_hapi(hapi_chart, sent, part)["id"] for part in (None, "item-1", "total", "panel")}
    correct(service_to_hapi, sent, dict(sent.rating.answers) | {"item-1": Decimal("1.5")})
    after = {part: in_hapi(hapi_chart, sent, part) for part in before}

    assert {part: one["id"] for part, one in after.items()} == before
    assert after["item-1"]["valueQuantity"]["value"] == Decimal("1.5")
    assert {one["status"] for one in after.values()} == {"amended"}


def test_a_score_that_a_correction_takes_away_becomes_entered_in_error(
    delivered, hapi_chart, service_to_hapi
):
    sent = delivered[1]
    answers = dict(sent.rating.answers)
    del answers["item-4"]
    correct(service_to_hapi, sent, answers)
    states = {part: in_hapi(hapi_chart, sent, part)["status"] for part in ("item-1", "item-4", "total")}

    assert states == {"item-1": "amended", "item-4": "entered-in-error", "total": "entered-in-error"}


def test_a_withdrawal_marks_every_resource_entered_in_error(delivered, hapi_chart, service_to_hapi):
    sent = delivered[2]
    withdraw(service_to_hapi, sent)
    parts = (None, "item-1", "item-2", "item-3", "item-4", "total", "panel")

    assert {in_hapi(hapi_chart, sent, part)["status"] for part in parts} == {"entered-in-error"}


def test_a_response_corrected_before_it_could_be_delivered_arrives_in_its_last_version(
    delivered, hapi, hapi_chart, service_to_hapi
):
    sent = delivered[3]
    hapi.turn_faults(fail_every=1)
    try:
        httpx.put(
            f"{service_to_hapi.base_url}/v1/responses/{sent.id}",
            content=json_text.dumps(
                submission(sent.rating) | {"answers": dict(sent.rating.answers) | {"item-2": 2}}
            ),
            headers=JSON | {"If-Match": 'W/"1"'},
        ).raise_for_status()
        httpx.put(
            f"{service_to_hapi.base_url}/v1/responses/{sent.id}",
            content=json_text.dumps(
                submission(sent.rating) | {"answers": dict(sent.rating.answers) | {"item-2": 3}}
            ),
            headers=JSON | {"If-Match": 'W/"2"'},
        ).raise_for_status()
    finally:
        hapi.turn_faults()
    wait_until_delivered(service_to_hapi.base_url)

    assert in_hapi(hapi_chart, sent, "item-2")["valueQuantity"]["value"] == 3


def test_the_others_are_untouched(delivered, hapi_chart):
    assert {in_hapi(hapi_chart, one)["status"] for one in delivered[4:]} == {"completed"}
