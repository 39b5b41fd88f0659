"""$extract: the Observations of a response, sent or stored."""

import pytest

from fhir_mappings import json_text
from fhir_mappings.structure import check_structure
from tests.service.api.fhir.calls import CREATE, FHIR, SRS_FORM, created_id, issues, row_counts, sent

EXTRACT = f"{CREATE}/$extract"


def extract(client, resource):
    return client.post(EXTRACT, content=json_text.dumps(resource), headers=FHIR)


def parameters(*listed):
    return {"resourceType": "Parameters", "parameter": list(listed)}


def holding(resource):
    return {"name": "questionnaire-response", "resource": resource}


def identifiers(answer):
    """Return the identifiers of the Observations in the transaction that is answered."""
    (returned,) = answer.json()["parameter"]
    assert returned["name"] == "return"
    return [entry["resource"]["identifier"][0]["value"] for entry in returned["resource"]["entry"]]


@pytest.mark.parametrize("ask", [lambda one: one, lambda one: parameters(holding(one))], ids=["bare", "in"])
def test_a_response_that_is_sent_gives_its_observations(client, ask):
    answer = extract(client, ask(sent(id="r-7")))

    assert answer.status_code == 200
    assert identifiers(answer)[-2:] == ["r-7.total", "r-7.panel"]
    assert check_structure(answer.json()["parameter"][0]["resource"]) == []


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_stored_one_gives_the_observations_that_are_served(client, method):
    response_id = created_id(client, sent())
    answer = client.request(method, f"{CREATE}/{response_id}/$extract")

    served = client.get("/fhir/Observation", params={"derived-from": response_id, "_sort": "date"}).json()
    assert set(identifiers(answer)) == {entry["resource"]["id"] for entry in served["entry"]}


def test_nothing_is_stored(client, database):
    before = row_counts(database)
    extract(client, sent())

    assert row_counts(database) == before


def test_too_few_answers_are_a_warning(client):
    form = {"questionnaire": SRS_FORM.replace("srs-3", "wai-sr-client"), "source": None, "text": None}
    item = {"linkId": "item-1", "answer": [{"valueInteger": 3}]}
    answer = extract(client, sent(**form, item=[item]))

    (issue,) = answer.json()["parameter"]
    assert (answer.status_code, issue["name"]) == (200, "issues")
    assert issue["resource"]["issue"][0]["severity"] == "warning"


def test_an_unfinished_response_is_refused(client):
    answer = extract(client, sent(status="in-progress"))

    assert answer.status_code == 422
    assert issues(answer) == [("business-rule", "QuestionnaireResponse.status")]


def test_a_form_that_is_not_the_responses_own_is_refused(client):
    other = {"name": "questionnaire", "valueCanonical": SRS_FORM.replace("srs-3", "ors-client")}
    answer = extract(client, parameters(holding(sent()), other))

    assert answer.status_code == 422
    assert issues(answer)[0][1] == "Parameters.parameter.where(name='questionnaire')"


def test_its_own_form_may_come_along(client):
    form = {"name": "questionnaire", "resource": {"resourceType": "Questionnaire", "url": SRS_FORM}}

    assert extract(client, parameters(form, holding(sent()))).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        parameters(),
        {"resourceType": "Parameters", "parameter": {}},
        parameters("text"),
        {"resourceType": "Patient"},
    ],
)
def test_what_holds_no_response_is_refused(client, body):
    assert extract(client, body).status_code == 400


def test_an_unknown_response_is_not_found(client):
    assert client.get(f"{CREATE}/other/$extract").status_code == 404
