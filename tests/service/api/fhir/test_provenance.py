"""Provenance: who computed the scores of a version, and from what; the same as EHRs receive."""

from decimal import Decimal

import pytest

from fhir_mappings.answers import check_answers
from fhir_mappings.catalogue import builtin_instruments
from service.flows.correct_response import correct_response
from tests.service.api.fhir.calls import created_id, ids, search, sent
from tests.service.build import a_response, an_access


@pytest.fixture
def response_id(client):
    return created_id(client, sent())


def corrected(deployment, response_id):
    """Correct it to a bare total: the four marks give no Observation any more."""
    total = check_answers(builtin_instruments()["srs-3"], {}, Decimal("36.3"))
    change = a_response(7, answers=total, encounter="Encounter/session-7")
    correct_response(deployment, response_id, 1, change, an_access("U"))


def test_a_version_has_one_that_names_its_observations(client, response_id):
    found = client.get(f"/fhir/Provenance/{response_id}-1").json()

    parts = ("item-1", "item-2", "item-3", "item-4", "total", "panel")
    assert [one["reference"] for one in found["target"]] == [
        f"Observation/{response_id}.{part}" for part in parts
    ]
    assert found["entity"][0]["what"] == {"reference": f"QuestionnaireResponse/{response_id}"}


def test_a_correction_has_one_of_its_own(client, deployment, response_id):
    corrected(deployment, response_id)

    assert ids(search(client, "Provenance", entity=f"QuestionnaireResponse/{response_id}")) == [
        f"{response_id}-2",
        f"{response_id}-1",
    ]
    revised = client.get(f"/fhir/Provenance/{response_id}-2").json()
    assert revised["activity"]["coding"][0]["code"] == "UPDATE"


def test_a_correction_names_the_observations_that_it_took_away(client, deployment, response_id):
    corrected(deployment, response_id)

    found = search(client, "Provenance", target=f"Observation/{response_id}.item-4")
    assert ids(found) == [f"{response_id}-2", f"{response_id}-1"]
    assert len(found["entry"][0]["resource"]["target"]) == 6


@pytest.mark.parametrize("unknown", ["other-1", "1", "-", "other"])
def test_an_unknown_one_is_not_found(client, response_id, unknown):
    assert client.get(f"/fhir/Provenance/{unknown}").status_code == 404


def test_a_version_that_never_was_is_not_found(client, response_id):
    assert client.get(f"/fhir/Provenance/{response_id}-2").status_code == 404


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("patient", "Patient/anna"),
        ("target", "Observation/{id}.total"),
        ("entity", "QuestionnaireResponse/{id}"),
        ("agent", "Device/alliance-service"),
        ("agent", "Patient/anna"),
        ("agent", "anna"),
        ("recorded", "2026-03-02"),
        ("_id", "{id}-1"),
    ],
)
def test_a_search_finds_it(client, response_id, parameter, value):
    found = client.get("/fhir/Provenance", params={parameter: value.format(id=response_id)}).json()

    assert ids(found) == [f"{response_id}-1"]


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("target", "Observation/{id}.bond"),
        ("target", "QuestionnaireResponse/{id}"),
        ("agent", "Practitioner/ada"),
        ("recorded", "gt2026-03-02"),
        ("_id", "-1"),
    ],
)
def test_a_search_for_something_else_does_not(client, response_id, parameter, value):
    found = client.get("/fhir/Provenance", params={parameter: value.format(id=response_id)}).json()

    assert ids(found) == []
