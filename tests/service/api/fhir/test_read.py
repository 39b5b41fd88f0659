import pytest

from service.flows.correct_response import withdraw_response
from service.flows.deployment import Access
from tests.service.api.fhir.calls import create, created_id, issues, sent, session

ACCESS = Access("default", "test", "test", "U", "test")


def test_a_response_is_read_as_it_was_sent(client):
    body = sent()

    response_id = created_id(client, body)

    read = client.get(f"/fhir/QuestionnaireResponse/{response_id}").json()
    assert read["item"][0]["item"][0]["answer"] == [{"valueDecimal": 9.2}]
    assert {key: value for key, value in read.items() if key not in {"id", "meta", "item"}} == {
        key: value for key, value in body.items() if key != "item"
    }


def test_a_version_that_the_caller_has_is_not_sent_again(client):
    response_id = created_id(client, sent())

    answer = client.get(f"/fhir/QuestionnaireResponse/{response_id}", headers={"If-None-Match": 'W/"1"'})

    assert answer.status_code == 304
    assert answer.content == b""
    assert answer.headers["etag"] == 'W/"1"'


def test_a_withdrawn_response_is_read_as_entered_in_error(client, deployment):
    response_id = created_id(client, sent())
    withdraw_response(deployment, response_id, None, "typed for another client", ACCESS)

    now = client.get(f"/fhir/QuestionnaireResponse/{response_id}").json()
    before = client.get(f"/fhir/QuestionnaireResponse/{response_id}/_history/1").json()

    assert (now["status"], now["meta"]["versionId"]) == ("entered-in-error", "2")
    assert (before["status"], before["meta"]["versionId"]) == ("completed", "1")


@pytest.mark.parametrize("version", ["2", "0", "-1", "x", "99999999999999999999"])
def test_a_version_that_never_was_is_not_found(client, version):
    response_id = created_id(client, sent())

    answer = client.get(f"/fhir/QuestionnaireResponse/{response_id}/_history/{version}")

    assert answer.status_code == 404


def test_a_total_is_read_as_observation(client):
    response_id = created_id(client, sent())

    total = client.get(f"/fhir/Observation/{response_id}.total")

    assert total.headers["etag"] == 'W/"1"'
    assert total.json()["valueQuantity"]["value"] == 36.3
    assert total.json()["derivedFrom"] == [{"reference": f"QuestionnaireResponse/{response_id}"}]


def test_the_scores_of_a_withdrawn_response_are_in_error(client, deployment):
    response_id = created_id(client, sent())
    withdraw_response(deployment, response_id, None, "typed for another client", ACCESS)

    total = client.get(f"/fhir/Observation/{response_id}.total").json()

    assert total["status"] == "entered-in-error"


@pytest.mark.parametrize("kind", ["QuestionnaireResponse", "Observation", "DetectedIssue", "Questionnaire"])
@pytest.mark.parametrize("logical_id", ["nobody", "nobody.total", "%00", "a'b", "x" * 300])
def test_an_unknown_id_is_not_found(client, kind, logical_id):
    answer = client.get(f"/fhir/{kind}/{logical_id}")

    assert answer.status_code == 404
    assert issues(answer) == [("not-found", "")]


def test_an_alert_is_read_as_detected_issue(client):
    for number in range(4, 10):
        create(client, session(number, total="37.0"))
    dip = created_id(client, session(10, total="22.0"))

    found = client.get("/fhir/DetectedIssue", params={"patient": "anna"}).json()
    issue = client.get(f"/fhir/DetectedIssue/{found['entry'][0]['resource']['id']}").json()

    assert issue["status"] == "preliminary"
    assert issue["implicated"] == [{"reference": f"Observation/{dip}.total"}]
    assert issue["meta"]["lastUpdated"] == "2026-03-02T12:00:00.000000Z"


def test_people_of_the_ehr_are_not_here_while_it_is_unknown(client):
    assert client.get("/fhir/Patient/anna").status_code == 404
    assert client.get("/fhir/Patient", params={"_id": "anna"}).status_code == 404


def test_every_read_is_audited_before_its_answer(client, database):
    response_id = created_id(client, sent())

    client.get(f"/fhir/QuestionnaireResponse/{response_id}")
    client.get("/fhir/QuestionnaireResponse/nobody")

    with database.read() as tx:
        rows = tx.exec_driver_sql("SELECT action, route, status, subject FROM audit_rows").all()
    route = "/fhir/QuestionnaireResponse/{logical_id}"
    assert [tuple(row) for row in rows[-2:]] == [("R", route, 200, response_id), ("R", route, 404, "")]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-Modified-Since": "Mon, 02 Mar 2026 12:00:00 GMT"}, 304),
        ({"If-Modified-Since": "Mon, 02 Mar 2026 11:59:59 GMT"}, 200),
        ({"If-Modified-Since": "Mon, 02 Mar 2026 12:00:00 GMT", "If-None-Match": 'W/"9"'}, 200),
        ({"If-Modified-Since": "yesterday"}, 200),
    ],
)
def test_what_was_not_changed_since_is_not_sent_again(client, headers, status):
    response_id = created_id(client, sent())

    assert client.get(f"/fhir/QuestionnaireResponse/{response_id}", headers=headers).status_code == status
