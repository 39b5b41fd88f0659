"""All that the demo clinic produces: through both doors, into HAPI with its validator, and back."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from tests.system.chart import Chart, collection_of, only, own_identifier
from tests.system.children import Service
from tests.system.exactly_once import find_differences, wait_until_delivered
from tests.system.hapi import Hapi
from tests.system.listing import items, live_and_past_alerts
from tests.system.people import clinic_called, seed_ehr
from tests.system.sending import Sent, send_all

pytestmark = pytest.mark.hapi

Json = dict[str, Any]
BASE = "https://alliance.example/fhir"
BUNDLE = 100


@dataclass(frozen=True, slots=True)
class Played:
    """What was sent, and what both sides hold afterwards; ``there`` by type and identifier."""

    sent: list[Sent]
    patients: list[str]
    there: dict[str, dict[str, Json]]
    ours: dict[str, dict[str, Json]]


def by_identifier(chart: Chart, resource_type: str, patients: list[str]) -> dict[str, Json]:
    return {own_identifier(one): one for one in chart.of_patients(resource_type, patients)}


@pytest.fixture(scope="module")
def played(
    hapi: Hapi, hapi_chart: Chart, service_to_hapi: Service, own_chart: Chart, name_of: Callable[[str], str]
) -> Played:
    clinic = clinic_called(name_of("demo"), clients=40, seed=7)
    seed_ehr(hapi.fhir, clinic)
    sent = send_all(service_to_hapi.base_url, clinic.ratings)
    wait_until_delivered(service_to_hapi.base_url)
    patients = sorted({one.client for one in clinic.ratings})
    types = ("QuestionnaireResponse", "Observation", "DetectedIssue")
    return Played(
        sent=sent,
        patients=patients,
        there={one: by_identifier(hapi_chart, one, patients) for one in types},
        ours={one: {r["id"]: r for r in own_chart.of_patients(one, patients)} for one in types},
    )


def numbers_of(observation: Json) -> tuple[str, ...]:
    quantities = [
        observation.get("valueQuantity"),
        *(one["low"] for one in observation.get("referenceRange", [])),
    ]
    return tuple(f"{one['value']} {one['code']}" for one in quantities if one)


def answers_in(items_: list[Json]) -> dict[str, str]:
    """Return link id -> answer of all leaves, as digits or code."""
    found: dict[str, str] = {}
    for item in items_:
        found |= answers_in(item.get("item", []))
        for answer in item.get("answer", []):
            value = answer.get("valueDecimal", answer.get("valueCoding", {}))
            found[item["linkId"]] = str(value["code"] if isinstance(value, dict) else value)
    return found


def test_every_rating_arrives_exactly_once_and_every_delivery_is_confirmed(
    played, hapi_chart, service_to_hapi
):
    assert {one.door for one in played.sent} == {"v1", "fhir"}
    assert find_differences(hapi_chart, service_to_hapi.base_url, played.sent) == []


def test_each_response_holds_the_answers_that_were_sent_with_their_digits(played):
    for one in (one for one in played.sent if one.rating.answers is not None):
        held = answers_in(played.there["QuestionnaireResponse"][one.id]["item"])
        assert {key: held.get(key) for key in one.rating.answers} == {
            key: str(value) for key, value in one.rating.answers.items()
        }


def test_a_bare_total_is_held_alone(played):
    bare = [one for one in played.sent if one.rating.answers is None]

    assert bare
    for one in bare:
        held = answers_in(played.there["QuestionnaireResponse"][one.id]["item"])
        assert {key: Decimal(value) for key, value in held.items()} == {"total": one.rating.total}


def test_each_response_is_about_whom_and_when_it_was_sent(played):
    for one in played.sent:
        held = played.there["QuestionnaireResponse"][one.id]
        assert held["questionnaire"] == f"{BASE}/Questionnaire/{one.rating.instrument}|1.0.0"
        assert (held["subject"]["reference"], held["source"]["reference"]) == (one.rating.client,) * 2
        assert (held["authored"], held["status"]) == (one.rating.authored, "completed")


def test_each_observation_has_our_digits_and_codes(played):
    held, ours = played.there["Observation"], played.ours["Observation"]

    assert held.keys() == ours.keys()
    assert {key: numbers_of(one) for key, one in held.items()} == {
        key: numbers_of(one) for key, one in ours.items()
    }
    assert {key: one["code"] for key, one in held.items()} == {key: one["code"] for key, one in ours.items()}


def test_each_observation_derives_from_the_ehrs_own_response(played):
    responses = {
        f"QuestionnaireResponse/{one['id']}": name
        for name, one in played.there["QuestionnaireResponse"].items()
    }

    for name, observation in played.there["Observation"].items():
        assert responses[only(observation["derivedFrom"])["reference"]] == name.rpartition(".")[0]


def test_the_members_of_each_panel_are_the_ehrs_own_observations_of_that_response(played):
    observations = {f"Observation/{one['id']}": name for name, one in played.there["Observation"].items()}
    siblings: dict[str, set[str]] = {}
    for name in played.there["Observation"]:
        siblings.setdefault(name.rpartition(".")[0], set()).add(name)
    panels = [name for name in played.there["Observation"] if name.endswith(".panel")]

    assert panels
    for name in panels:
        members = [one["reference"] for one in played.there["Observation"][name]["hasMember"]]
        assert {observations[one] for one in members} == siblings[name.removesuffix(".panel")] - {name}


def test_each_alert_is_a_detected_issue_that_points_at_the_ehrs_own_observations(played, service_to_hapi):
    observations = {f"Observation/{one['id']}" for one in played.there["Observation"].values()}
    severities = {"possible": "moderate", "marked": "high"}
    alerts = live_and_past_alerts(service_to_hapi.base_url)

    assert len(alerts) >= 5
    for alert in alerts:
        held = played.there["DetectedIssue"][alert["id"]]
        assert held["severity"] == severities[alert["severity"]]
        assert held["patient"]["reference"] == alert["patient"]
        assert {one["reference"] for one in held["implicated"]} <= observations


def test_each_response_has_one_provenance(played, hapi_chart):
    ids = {f"QuestionnaireResponse/{one['id']}" for one in played.there["QuestionnaireResponse"].values()}
    sources = Counter(only(one["entity"])["what"]["reference"] for one in hapi_chart.find("Provenance"))

    assert {one: sources[one] for one in ids} == dict.fromkeys(ids, 1)


def test_the_device_is_there_once(played, hapi_chart):
    found = hapi_chart.find("Device", identifier=f"{BASE}/identifier/device|alliance-service")

    assert only(found)["deviceName"]


@pytest.mark.parametrize(
    ("resource_type", "name"),
    [
        ("Questionnaire", "srs-3"),
        ("Questionnaire", "wai-sr-client"),
        ("CodeSystem", "alliance-measures"),
        ("CodeSystem", "wai-frequency-5"),
        ("ValueSet", "wai-frequency-5"),
    ],
)
def test_each_definition_is_there_once(played, hapi_chart, resource_type, name):
    found = hapi_chart.find(resource_type, url=f"{BASE}/{resource_type}/{name}")

    assert only(found)["version"] == "1.0.0"


@pytest.mark.parametrize("resource_type", ["QuestionnaireResponse", "Observation", "DetectedIssue"])
def test_the_validator_finds_no_error_in_what_our_own_door_serves(
    played, hapi_chart, own_chart, resource_type
):
    served = list(played.ours[resource_type].values())

    assert served
    for start in range(0, len(served), BUNDLE):
        bundle = collection_of(served[start : start + BUNDLE], own_chart.base_url)
        assert hapi_chart.validation_errors(bundle) == []


@pytest.mark.parametrize("resource_type", ["Questionnaire", "CodeSystem", "ValueSet"])
def test_the_validator_finds_no_error_in_our_definitions(own_chart, hapi_chart, resource_type):
    served = own_chart.find(resource_type)

    assert served
    assert [error for one in served for error in hapi_chart.validation_errors(one)] == []


def test_our_own_door_serves_what_was_sent(played):
    assert {one.id for one in played.sent} == played.ours["QuestionnaireResponse"].keys()


def test_the_log_names_no_patient(played, service_to_hapi):
    log = service_to_hapi.log.read_text()

    assert log
    assert not [one for one in played.patients if one.removeprefix("Patient/") in log]


def test_the_ledger_has_a_delivery_for_each_response(played, service_to_hapi):
    delivered = items(service_to_hapi.base_url, "/v1/deliveries", state="confirmed")

    assert len(delivered) >= len(played.sent)
