"""What came through one door, seen through the other."""

from tests.service.api.fhir.calls import SYSTEM, created_id, ids, search, sent

MARKS = {"item-1": 9.2, "item-2": 9.0, "item-3": 8.7, "item-4": 9.4}
PLAIN = {
    "instrument": "srs-3",
    "patient": "Patient/anna",
    "therapist": "Practitioner/ada",
    "session_number": 7,
    "authored": "2026-03-02T10:50:00+01:00",
    "identifier": f"{SYSTEM}|r-7",
    "answers": MARKS,
}


def corrected(client, response_id, answers):
    body = PLAIN | {"encounter": "Encounter/session-7", "answers": answers}
    answer = client.put(f"/v1/responses/{response_id}", json=body, headers={"If-Match": 'W/"1"'})
    assert answer.status_code == 200, answer.text


def test_a_plain_response_is_read_as_fhir(client):
    response_id = client.post("/v1/responses", json=PLAIN).json()["id"]

    read = client.get(f"/fhir/QuestionnaireResponse/{response_id}").json()

    assert read["subject"] == {"reference": "Patient/anna"}
    assert read["identifier"] == {"system": SYSTEM, "value": "r-7"}
    assert [one["linkId"] for one in read["item"][0]["item"]] == [*MARKS, "total"]


def test_a_response_that_came_as_fhir_is_read_as_plain_json(client):
    response_id = created_id(client, sent())

    assert client.get(f"/v1/responses/{response_id}").json()["scores"] == {"total": 36.3}


def test_a_plain_correction_of_a_response_that_came_as_fhir_is_read_corrected(client):
    response_id = created_id(client, sent())

    corrected(client, response_id, MARKS | {"item-1": 8.2})

    read = client.get(f"/fhir/QuestionnaireResponse/{response_id}").json()
    assert (read["status"], read["meta"]["versionId"]) == ("amended", "2")
    assert read["item"][0]["item"][0]["answer"] == [{"valueDecimal": 8.2}]


def test_a_score_that_a_correction_took_away_is_read_as_entered_in_error(client):
    response_id = created_id(client, sent())

    corrected(client, response_id, {"item-1": 9.2, "item-2": 9.0})

    gone = client.get(f"/fhir/Observation/{response_id}.total", headers={"If-None-Match": 'W/"1"'})
    assert (gone.json()["status"], gone.headers["etag"]) == ("entered-in-error", 'W/"2"')
    assert client.get(f"/fhir/Observation/{response_id}.item-1").json()["status"] == "amended"
    assert f"{response_id}.total" not in ids(search(client, "Observation", patient="anna"))
