"""A form in progress or stopped is kept as it is: not scored, not judged, not delivered."""

import pytest

from fhir_mappings import json_text
from tests.service.api.fhir.calls import create, created_id, ids, issues, read, search, sent, session, update

ONE_MARK = [{"linkId": "item-1", "answer": [{"valueDecimal": 9.20}]}]
NOT_A_MARK = [{"linkId": "item-1", "answer": [{"valueDecimal": 11}]}]


def begun(**changes):
    return sent(status="in-progress", item=ONE_MARK) | changes


def trend(client):
    (series,) = client.get("/v1/patients/anna/alliance-trend").json()["series"]
    return series


@pytest.mark.parametrize("status", ["in-progress", "stopped"])
def test_it_is_kept_and_found_by_its_status(client, status):
    response_id = created_id(client, begun(status=status))

    assert read(client, f"QuestionnaireResponse/{response_id}")["status"] == status
    assert ids(search(client, "QuestionnaireResponse", status=status)) == [response_id]


def test_it_is_served_byte_for_byte_in_its_numbers(client):
    body = json_text.dumps(begun()).replace(b"9.2}", b"9.20}")
    response_id = created_id(client, body)

    assert b'"valueDecimal":9.20' in client.get(f"/fhir/QuestionnaireResponse/{response_id}").content


def test_it_gives_no_scores_alerts_or_deliveries(client):
    response_id = created_id(client, begun())

    plain = client.get(f"/v1/responses/{response_id}").json()
    assert (plain["status"], plain["scores"], plain["complete"]) == ("in-progress", {}, False)
    assert (plain["check_in_prompts"], plain["alerts"], plain["deliveries"]) == ([], [], [])
    assert ids(search(client, "Observation", patient="anna")) == []
    assert client.get(f"/fhir/Observation/{response_id}.item-1").status_code == 404


def test_it_may_lack_every_answer(client):
    body = begun()
    del body["item"]

    assert create(client, body).status_code == 201


def test_the_answers_that_it_has_are_checked(client):
    answer = create(client, begun(item=NOT_A_MARK))

    assert answer.status_code == 422
    assert issues(answer) == [("value", "QuestionnaireResponse.item[0].answer[0]")]


def test_its_session_counts_as_attended_and_not_rated(client):
    create(client, session(6, total="37.0"))
    create(client, session(7, status="in-progress", item=ONE_MARK))

    coverage = trend(client)["coverage"]
    assert (coverage["rated"], coverage["attended"], coverage["reason"]) == (1, 7, None)
    assert [(one["status"], one["scores"]) for one in trend(client)["points"]] == [
        ("completed", {"total": 37.0}),
        ("in-progress", {}),
    ]


def test_it_is_filled_in_step_by_step(client):
    response_id = created_id(client, begun())

    two = [*ONE_MARK, {"linkId": "item-2", "answer": [{"valueDecimal": 9}]}]
    answer = update(client, response_id, begun(item=two))

    assert (answer.json()["status"], answer.headers["etag"]) == ("in-progress", 'W/"2"')


def test_completing_it_scores_and_delivers_it_like_a_create(client):
    response_id = created_id(client, begun())

    answer = update(client, response_id, sent())

    plain = client.get(f"/v1/responses/{response_id}").json()
    assert answer.json()["status"] == "completed"
    assert (plain["scores"], len(plain["deliveries"])) == ({"total": 36.3}, 1)
    assert read(client, f"Observation/{response_id}.total")["status"] == "final"


def test_completing_it_may_raise_an_alert(client):
    for number in range(4, 10):
        create(client, session(number, total="37.0"))
    response_id = created_id(client, session(10, status="in-progress", item=ONE_MARK))
    assert ids(search(client, "DetectedIssue", patient="anna")) == []

    update(client, response_id, session(10, total="22.0"))

    assert len(ids(search(client, "DetectedIssue", patient="anna"))) == 1


def test_a_completed_one_beside_it_is_a_duplicate(client):
    response_id = created_id(client, session(7, status="in-progress", item=ONE_MARK))

    answer = create(client, session(7, identifier=None))

    assert answer.status_code == 409
    assert response_id in answer.json()["issue"][0]["details"]["text"]


def test_a_form_completed_by_a_correction_of_plain_json_counts(client):
    response_id = created_id(client, begun())
    plain = client.get(f"/v1/responses/{response_id}").json()
    kept = ("instrument", "patient", "therapist", "session_number", "session_date", "authored", "identifier")
    body = {name: plain[name] for name in kept} | {"scores": {"total": 30.0}}

    answer = client.put(f"/v1/responses/{response_id}", json=body, headers={"If-Match": 'W/"1"'})

    assert answer.json()["scores"] == {"total": 30.0}
    assert client.get(f"/v1/responses/{response_id}").json()["status"] == "completed"


def test_one_that_is_withdrawn_never_had_scores(client):
    response_id = created_id(client, begun())

    update(client, response_id, begun(status="entered-in-error"))

    plain = client.get(f"/v1/responses/{response_id}").json()
    assert (plain["status"], plain["scores"], plain["deliveries"]) == ("entered-in-error", {}, [])
    assert ids(search(client, "Observation", patient="anna")) == []


def test_it_was_not_amended_before_it_was_completed(client):
    response_id = created_id(client, begun())

    answer = update(client, response_id, sent(status="amended"))

    assert answer.status_code == 422
    assert issues(answer) == [("business-rule", "QuestionnaireResponse.status")]


def test_a_stopped_one_may_be_taken_up_again(client):
    response_id = created_id(client, begun(status="stopped"))

    assert update(client, response_id, begun()).json()["status"] == "in-progress"
