"""Observation/$lastn: the last values of each code."""

import pytest

from fhir_mappings import json_text
from service.flows.correct_response import withdraw_response
from tests.service.api.fhir.calls import FHIR, create, created_id, issues, sent, session
from tests.service.build import an_access

LASTN = "/fhir/Observation/$lastn"
ANNA = {"patient": "Patient/anna", "category": "survey"}


def last(client, **query):
    answer = client.get(LASTN, params=query)
    assert answer.status_code == 200, answer.text
    return [entry["resource"] for entry in answer.json().get("entry", [])]


def values(observations):
    return [str(one["valueQuantity"]["value"]) for one in observations]


@pytest.fixture
def course(client):
    for number, total in enumerate(("36.1", "37.2", "38.3"), start=8):
        create(client, session(number, total=total))


def test_the_newest_of_each_code_is_answered(client, course):
    assert values(last(client, **ANNA)) == ["38.3"]


def test_so_many_as_asked_for_newest_first(client, course):
    assert values(last(client, **ANNA, max="2")) == ["38.3", "37.2"]


def test_each_code_counts_for_itself(client, course):
    create(client, sent())
    found = last(client, **ANNA, max="1")

    codes = [one["code"]["coding"][0]["code"] for one in found]
    assert len(codes) == len(set(codes)) == 6


def test_codes_can_be_chosen(client, course):
    assert last(client, subject="anna", code="srs-3.item-1") == []


def test_another_patient_has_others(client, course):
    assert last(client, patient="Patient/bob", category="survey") == []


def test_what_was_entered_in_error_does_not_count(client, course, deployment):
    response_id = created_id(client, session(7, total="39.9", authored="2026-03-02T11:00:00+01:00"))
    assert values(last(client, **ANNA)) == ["39.9"]

    withdraw_response(deployment, response_id, 1, "wrong patient", an_access("U"))
    assert values(last(client, **ANNA)) == ["38.3"]


def test_it_can_be_asked_by_parameters(client, course):
    named = {"patient": "Patient/anna", "code": "srs-3.total"}
    listed = [{"name": name, "valueString": value} for name, value in named.items()]
    body = {"resourceType": "Parameters", "parameter": [*listed, {"name": "max", "valuePositiveInt": 2}]}
    answer = client.post(LASTN, content=json_text.dumps(body), headers=FHIR)

    assert answer.json()["total"] == 2


def test_the_link_says_what_was_used(client, course):
    (link,) = client.get(LASTN, params=ANNA).json()["link"]

    assert link["url"].endswith("/Observation/$lastn?patient=Patient/anna&category=survey&max=1")


def test_everything_that_is_missing_is_told_at_once(client):
    answer = client.get(LASTN, params={"max": "all"})

    assert answer.status_code == 400
    assert [place for _, place in issues(answer)] == ["http.patient", "http.category", "http.max"]


def test_parameters_that_are_no_plain_values_are_refused(client):
    body = {"resourceType": "Parameters", "parameter": [{"name": "patient", "valueReference": {}}]}

    assert client.post(LASTN, content=json_text.dumps(body), headers=FHIR).status_code == 400


def test_what_was_to_come_along_comes_along(client, course):
    answer = client.get(LASTN, params=ANNA | {"_include": "Observation:derived-from"})

    assert {entry["search"]["mode"] for entry in answer.json()["entry"]} == {"match", "include"}
