"""$validate: every fault that the door would find, and no change."""

import pytest

from fhir_mappings import json_text
from tests.service.api.fhir.calls import CREATE, FHIR, created_id, issues, row_counts, sent

VALIDATE = f"{CREATE}/$validate"
FINE = [("informational", "")]


def validate(client, resource, address=VALIDATE, **named):
    given = [{"name": name, "valueCode": value} for name, value in named.items()]
    held = [{"name": "resource", "resource": resource}] if resource else []
    body = {"resourceType": "Parameters", "parameter": [*given, *held]} if named or not resource else resource
    return client.post(address, content=json_text.dumps(body), headers=FHIR)


@pytest.mark.parametrize("named", [{}, {"mode": "create"}, {"mode": "update"}])
def test_a_good_response_has_no_fault(client, database, named):
    before = row_counts(database)
    answer = validate(client, sent(), **named)

    assert (answer.status_code, issues(answer)) == (200, FINE)
    assert row_counts(database) == before


def test_every_fault_is_told(client):
    answer = validate(client, sent(status="amended", authored="2026-03-02"), mode="create")

    assert answer.status_code == 200
    assert issues(answer) == [
        ("business-rule", "QuestionnaireResponse.status"),
        ("value", "QuestionnaireResponse.authored"),
    ]


def test_another_type_is_a_fault(client):
    assert issues(validate(client, {"resourceType": "Observation"}))[0][0] == "structure"


def test_a_session_that_was_rated_already_is_told_of_a_create_only(client):
    created_id(client, sent())
    again = sent(identifier={"system": "urn:x", "value": "other"})

    assert issues(validate(client, again, mode="create")) == [("duplicate", "")]
    assert issues(validate(client, again)) == FINE


def test_a_response_is_never_deleted(client):
    assert issues(validate(client, sent(), mode="delete")) == [("not-supported", "")]


@pytest.mark.parametrize(
    ("named", "status"),
    [({"mode": "guess"}, 400), ({"mode": "profile"}, 422), ({"profile": "http://example.org/other"}, 422)],
)
def test_what_cannot_be_judged_is_refused(client, named, status):
    assert validate(client, sent(), **named).status_code == status


def test_a_stored_response_is_judged_as_it_is_served(client):
    address = f"{CREATE}/{created_id(client, sent())}/$validate"

    assert issues(client.get(address)) == FINE
    assert issues(validate(client, None, address)) == FINE


def test_a_next_version_must_have_its_id(client):
    address = f"{CREATE}/{created_id(client, sent())}/$validate"

    assert issues(validate(client, sent(status="amended"), address)) == FINE
    assert issues(validate(client, sent(id="other"), address))[0][1] == "QuestionnaireResponse.id"


def test_without_a_resource_there_is_nothing_to_judge(client):
    assert validate(client, None).status_code == 400


def test_a_next_version_of_another_patient_is_a_fault(client):
    address = f"{CREATE}/{created_id(client, sent())}/$validate"
    bob = {"reference": "Patient/bob"}

    assert issues(validate(client, sent(subject=bob, source=bob), address))[0][0] == "business-rule"
