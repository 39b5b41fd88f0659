"""$populate: an empty response to a form, of a patient."""

import pytest

from fhir_mappings import json_text
from fhir_mappings.structure import check_structure
from tests.service.api.fhir.calls import FHIR, SRS_FORM, issues, row_counts

TYPE = "/fhir/Questionnaire/$populate"
SRS = "/fhir/Questionnaire/srs-3-1.0.0/$populate"
ANNA = {"name": "subject", "valueReference": {"reference": "Patient/anna"}}


def populate(client, address, *listed):
    body = {"resourceType": "Parameters", "parameter": list(listed)}
    return client.post(address, content=json_text.dumps(body), headers=FHIR)


def response(answer):
    assert answer.status_code == 200, answer.text
    (returned,) = answer.json()["parameter"]
    assert returned["name"] == "response"
    return returned["resource"]


@pytest.mark.parametrize(
    "form",
    [
        {"name": "questionnaire", "valueCanonical": f"{SRS_FORM}|1.0.0"},
        {"name": "questionnaire", "valueReference": {"reference": "Questionnaire/srs-3-1.0.0"}},
        {"name": "questionnaire", "resource": {"resourceType": "Questionnaire", "url": SRS_FORM}},
        {"name": "questionnaireRef", "valueReference": {"reference": "Questionnaire/srs-3-1.0.0"}},
    ],
)
def test_a_form_is_named_in_any_way(client, form):
    assert response(populate(client, TYPE, form, ANNA))["questionnaire"] == f"{SRS_FORM}|1.0.0"


def test_the_response_is_empty_and_in_progress_and_nothing_is_stored(client, database):
    before = row_counts(database)
    found = response(populate(client, SRS, ANNA, {"name": "local", "valueBoolean": True}))

    assert (found["status"], found["subject"], "item" in found) == (
        "in-progress",
        {"reference": "Patient/anna"},
        False,
    )
    assert check_structure(found) == []
    assert row_counts(database) == before


def test_a_query_does_without_a_body(client):
    assert response(client.get(SRS, params={"subject": "Patient/anna"}))["subject"]


def test_a_query_without_patient_is_refused(client):
    answer = client.get(SRS)

    assert (answer.status_code, issues(answer)[0][0]) == (422, "required")


def test_form_and_patient_are_both_missed_at_once(client):
    answer = populate(client, TYPE)

    assert answer.status_code == 422
    assert [code for code, _ in issues(answer)] == ["required", "required"]


def test_an_unknown_form_is_not_found(client):
    answer = populate(client, "/fhir/Questionnaire/other/$populate", ANNA)

    assert (answer.status_code, issues(answer)[0][0]) == (404, "not-found")
