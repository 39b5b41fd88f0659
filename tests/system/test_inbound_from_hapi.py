"""Forms filled in HAPI come in: once, across kills and restarts, told by notices, and never echoed."""

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

from fhir_mappings import json_text
from tests.demo_clinic import Rating
from tests.system.chart import Chart
from tests.system.children import Service
from tests.system.exactly_once import wait_until_delivered
from tests.system.fhir_form import to_form
from tests.system.hapi import Hapi
from tests.system.listing import items
from tests.system.people import clinic_called, latest, seed_ehr
from tests.system.waiting import wait_until

pytestmark = pytest.mark.hapi

FHIR = {"Content-Type": "application/fhir+json"}


def portal_form(rating: Rating, **changes: Any) -> dict[str, Any]:
    """Return a form as a portal keeps it: it gives no identifier of anybody's."""
    return {name: value for name, value in to_form(rating).items() if name != "identifier"} | changes


def fill(hapi: Hapi, form: dict[str, Any]) -> str:
    """Fill a form in the EHR and return its reference there."""
    answer = httpx.post(
        f"{hapi.fhir}/QuestionnaireResponse", content=json_text.dumps(form), headers=FHIR, timeout=60
    )
    assert answer.status_code == 201, answer.text
    return f"QuestionnaireResponse/{answer.json()['id']}"


def fill_all(hapi: Hapi, name: str, clients: int, count: int) -> dict[str, Rating]:
    """Fill so many forms of a clinic of one's own; return the ratings by their references in the EHR."""
    clinic = clinic_called(name, clients=clients, seed=41)
    seed_ehr(hapi.fhir, clinic)
    return {fill(hapi, portal_form(rating)): rating for rating in latest(clinic, count)}


def watching(folder: Path, hapi: Hapi, **more: str) -> Service:
    settings = {"ehr_poll_seconds": "5", **more}
    return Service(folder, ehr_base_url=hapi.fhir, ehr_name="hapi", **settings)


def came(service: Service, filled: dict[str, Rating]) -> list[dict[str, Any]]:
    """What the service says of these forms; other tests fill theirs in the same EHR."""
    return [one for one in items(service.base_url, "/v1/inbound") if one["ehr_reference"] in filled]


def wait_until_taken(service: Service, filled: dict[str, Rating]) -> None:
    def is_taken() -> bool:
        return {one["ehr_reference"] for one in came(service, filled) if one["state"] == "taken"} == set(
            filled
        )

    wait_until(is_taken, seconds=120, what="the forms to come in", every=0.5)


def forms_of(chart: Chart, filled: dict[str, Rating]) -> int:
    patients = {rating.client for rating in filled.values()}
    return sum(len(chart.find("QuestionnaireResponse", patient=one)) for one in patients)


def test_forms_come_in_once_across_a_restart_and_only_scores_go_back(
    hapi: Hapi, hapi_chart: Chart, tmp_path: Path, name_of: Callable[[str], str]
) -> None:
    filled = fill_all(hapi, name_of("portal"), clients=3, count=12)
    with watching(tmp_path, hapi) as service:
        wait_until_taken(service, filled)
        wait_until_delivered(service.base_url)
    with service:
        time.sleep(7)  # a whole pass
        taken = came(service, filled)
        scores = [
            one for rating in filled.values() for one in hapi_chart.find("Observation", patient=rating.client)
        ]

    assert Counter(one["ehr_reference"] for one in taken) == dict.fromkeys(filled, 1)
    assert forms_of(hapi_chart, filled) == len(filled)
    assert {one["derivedFrom"][0]["reference"] for one in scores} <= set(filled)


def test_kills_while_forms_come_in_lose_and_double_nothing(
    hapi: Hapi, tmp_path: Path, name_of: Callable[[str], str]
) -> None:
    filled = fill_all(hapi, name_of("killed-inbound"), clients=8, count=80)
    rng = Random(7)  # noqa: S311 - the same moments every time; nothing here is secret
    service = watching(tmp_path, hapi)
    at_kills = []
    for _ in range(5):
        service.start()
        time.sleep(rng.uniform(0.1, 0.8))
        at_kills.append(len(came(service, filled)))
        service.kill()
    with service:
        wait_until_taken(service, filled)
        wait_until_delivered(service.base_url)
        taken = came(service, filled)

    assert at_kills[0] < len(filled), "no kill found work under way"
    assert Counter(one["ehr_reference"] for one in taken) == dict.fromkeys(filled, 1)
    assert len({one["response"] for one in taken}) == len(filled)


def test_what_we_wrote_is_not_taken_in_again(
    hapi: Hapi, tmp_path: Path, name_of: Callable[[str], str]
) -> None:
    clinic = clinic_called(name_of("own"), clients=1, seed=43)
    seed_ehr(hapi.fhir, clinic)
    with watching(tmp_path, hapi) as service:
        form = to_form(latest(clinic, 1)[0]) | {"identifier": {"system": "urn:test", "value": name_of("own")}}
        sent = httpx.post(
            f"{service.fhir}/QuestionnaireResponse", content=json_text.dumps(form), headers=FHIR, timeout=30
        )
        wait_until_delivered(service.base_url)
        time.sleep(7)  # a whole pass
        taken = items(service.base_url, "/v1/inbound")

    assert sent.status_code == 201
    assert sent.json()["id"] not in [one["response"] for one in taken]


def test_a_change_and_a_withdrawal_in_the_ehr_are_followed(
    hapi: Hapi, tmp_path: Path, name_of: Callable[[str], str]
) -> None:
    filled = fill_all(hapi, name_of("amended"), clients=1, count=1)
    ((reference, rating),) = filled.items()
    with watching(tmp_path, hapi) as service:
        wait_until_taken(service, filled)
        (first,) = came(service, filled)
        for version, status in ((2, "amended"), (3, "entered-in-error")):
            form = portal_form(rating, id=reference.partition("/")[2], status=status, language="en")
            httpx.put(f"{hapi.fhir}/{reference}", content=json_text.dumps(form), headers=FHIR, timeout=60)
            wait_until(
                lambda seen=version: len(came(service, filled)) == seen, seconds=60, what="the next version"
            )
        stored = httpx.get(f"{service.fhir}/QuestionnaireResponse/{first['response']}", timeout=30).json()

    assert stored["status"] == "entered-in-error"


def test_a_notice_brings_a_form_long_before_the_next_poll(
    hapi: Hapi, tmp_path: Path, name_of: Callable[[str], str]
) -> None:
    clinic = clinic_called(name_of("told"), clients=1, seed=47)
    seed_ehr(hapi.fhir, clinic)
    seldom = {"ehr_poll_seconds": "3600", "ehr_subscribe": "true", "public_base_url": "{here}"}
    with watching(tmp_path, hapi, **seldom) as service:
        wait_until(
            lambda: _is_active(hapi, service), seconds=60, what="the subscription to be active", every=1
        )
        filled = {fill(hapi, portal_form(rating)): rating for rating in latest(clinic, 1)}
        wait_until_taken(service, filled)
        with service_again(service):
            time.sleep(3)
            ours = _subscriptions(hapi, service)
        _end(hapi, ours)

    assert len(ours) == 1


def service_again(service: Service) -> Service:
    """Return the same service after a stop, to be started once more."""
    service.stop()
    return service


def _subscriptions(hapi: Hapi, service: Service) -> list[dict[str, Any]]:
    with Chart(hapi.fhir) as chart:
        found = chart.find("Subscription")
    return [one for one in found if one["channel"]["endpoint"].startswith(f"{service.base_url}/notify/")]


def _is_active(hapi: Hapi, service: Service) -> bool:
    return [one["status"] for one in _subscriptions(hapi, service)] == ["active"]


def _end(hapi: Hapi, subscriptions: list[dict[str, Any]]) -> None:
    """Take ours away again: a shared server would knock at a door that is gone."""
    for one in subscriptions:
        httpx.delete(f"{hapi.fhir}/Subscription/{one['id']}", timeout=30)
