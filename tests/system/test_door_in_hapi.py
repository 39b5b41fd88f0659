"""The official validator finds no error in what our own door answers: searches, operations, Bundles."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx
import pytest

from fhir_mappings import json_text
from fhir_mappings.catalogue import builtin_instruments
from fhir_mappings.codes import Names
from fhir_mappings.response import to_response
from tests.builders import a_filled
from tests.system.chart import Chart, Json
from tests.system.children import Service
from tests.system.people import clinic_called, seed_ehr
from tests.system.test_golden_in_hapi import judge

pytestmark = pytest.mark.hapi

__all__ = ["judge"]
FHIR = {"Content-Type": "application/fhir+json"}
STEADY_THEN_A_FALL = ("37.2", "36.8", "37.5", "37.0", "36.9", "37.3", "24.0")
SRS = builtin_instruments()["srs-3"]


@pytest.fixture(scope="module")
def anna(hapi, name_of) -> str:
    """A patient whom the EHR knows."""
    clinic = clinic_called(name_of("door"), clients=1, seed=3)
    seed_ehr(hapi.fhir, clinic)
    return clinic.ratings[0].client


def _rating(patient: str, number: int, total: str) -> Json:
    authored = datetime.now(UTC).replace(microsecond=0) - timedelta(weeks=7 - number, hours=1)
    filled = a_filled(
        SRS,
        total=Decimal(total),
        patient=patient,
        source=patient,
        encounter=None,
        therapist=None,
        authored=authored.isoformat(),
        session_date=authored.date().isoformat(),
        session_number=number,
    )
    response = to_response(filled, Names())
    own = {"identifier": {"system": "urn:door", "value": f"{patient}-{number}"}}
    return {key: value for key, value in (response | own).items() if key not in {"id", "meta", "text"}}


def _post(service: Service, path: str, resource: Json) -> Json:
    content = json_text.dumps(resource)
    answer = httpx.post(f"{service.fhir}{path}", content=content, headers=FHIR, timeout=60)
    found: Json = json_text.loads(answer.raise_for_status().content)
    return found


def _entry(resource: Json) -> Json:
    return {"resource": resource, "request": {"method": "POST", "url": "QuestionnaireResponse"}}


@pytest.fixture(scope="module")
def recorded(service_to_hapi: Service, anna: str) -> Json:
    """The answer to a transaction of seven ratings, the last of which raises an alert."""
    ratings = [_rating(anna, number, total) for number, total in enumerate(STEADY_THEN_A_FALL, start=1)]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [_entry(one) for one in ratings]}
    return _post(service_to_hapi, "", bundle)


def test_no_error_in_the_answer_to_a_transaction(judge: Chart, recorded: Json):
    assert len(recorded["entry"]) == len(STEADY_THEN_A_FALL)
    assert judge.validation_errors(recorded) == []


@pytest.mark.parametrize("kind", ["Task", "Flag", "Provenance", "DetectedIssue", "Observation"])
def test_no_error_in_a_search_and_what_it_finds(judge, own_chart, recorded, anna, kind):
    found = own_chart.read(f"{kind}?patient={anna}")

    assert found["entry"]
    assert judge.validation_errors(found) == []
    assert [error for one in found["entry"] for error in judge.validation_errors(one["resource"])] == []


def test_no_error_in_the_capability_statement(judge, own_chart):
    assert judge.validation_errors(own_chart.read("metadata")) == []


def test_no_error_in_what_lastn_finds(judge, own_chart, recorded, anna):
    found = own_chart.read(f"Observation/$lastn?patient={anna}&category=survey&max=2")

    assert found["total"] == 2
    assert judge.validation_errors(found) == []


def test_no_error_in_what_is_extracted_and_populated(judge, own_chart, recorded, anna):
    stored_id = recorded["entry"][0]["resource"]["id"]
    extracted = own_chart.read(f"QuestionnaireResponse/{stored_id}/$extract")
    populated = own_chart.read(f"Questionnaire/srs-3-1.0.0/$populate?subject={anna}")

    answered = [one["parameter"][0]["resource"] for one in (extracted, populated)]
    assert [one["resourceType"] for one in answered] == ["Bundle", "QuestionnaireResponse"]
    assert [error for one in answered for error in judge.validation_errors(one)] == []


def test_no_error_in_a_batch_and_in_the_refusals_in_it(judge, service_to_hapi):
    get = {"request": {"method": "GET", "url": "Task/none"}}
    answered = _post(service_to_hapi, "", {"resourceType": "Bundle", "type": "batch", "entry": [get]})

    assert answered["entry"][0]["response"]["outcome"]
    assert judge.validation_errors(answered) == []


def test_our_own_validation_and_the_official_one_find_the_same_response_good(judge, service_to_hapi, anna):
    response = _rating(anna, 7, "30.0")
    outcome = _post(service_to_hapi, "/QuestionnaireResponse/$validate", response)

    assert [one["severity"] for one in outcome["issue"]] == ["information"]
    assert judge.validation_errors(response) == judge.validation_errors(outcome) == []
