from service.sandbox.store import Store
from tests.service.sandbox.build import observation
from tests.service.sandbox.conftest import FHIR


def test_create_answers_with_location_etag_and_the_resource(caller):
    answer = caller.create(observation(caller.patient()))

    assert answer.status_code == 201
    assert answer.headers["etag"] == 'W/"1"'
    kept_id = answer.json()["id"]
    assert answer.headers["location"] == f"http://testserver/fhir/Observation/{kept_id}/_history/1"


def test_create_ignores_the_id_of_the_client(caller):
    answer = caller.create({"resourceType": "Patient", "id": "mine"})

    assert answer.json()["id"] != "mine"


def test_decimals_keep_their_digits(caller):
    sent = '{"resourceType":"Observation","status":"final","valueQuantity":{"value":7.10}}'

    created = caller.http.post("/fhir/Observation", content=sent, headers=FHIR)

    assert '"value":7.10}' in created.text
    assert '"value":7.10}' in caller.http.get(f"/fhir/Observation/{created.json()['id']}").text
    assert '"value":7.10}' in caller.http.get("/fhir/Observation").text


def test_prefer_minimal_answers_without_a_body(caller):
    answer = caller.create({"resourceType": "Patient"}, Prefer="return=minimal")

    assert (answer.status_code, answer.text) == (201, "")


def test_conditional_create_answers_200_with_the_match(caller):
    first = caller.create(observation(caller.patient()))

    again = caller.create(observation("Patient/other"), If_None_Exist="identifier=urn:test|r-1")

    assert again.status_code == 200
    assert again.headers["location"] == first.headers["location"]


def test_conditional_create_creates_where_nothing_matches(caller):
    answer = caller.create(observation(caller.patient()), If_None_Exist="identifier=urn:test|r-1")

    assert answer.status_code == 201


def test_conditional_create_is_refused_where_several_match(caller):
    patient = caller.patient()
    caller.create(observation(patient))
    caller.create(observation(patient))

    answer = caller.create(observation(patient), If_None_Exist="identifier=urn:test|r-1")

    assert answer.status_code == 412
    assert answer.json()["issue"][0]["code"] == "multiple-matches"


def test_undeclared_conditional_create_creates_a_twin(plain):
    patient = plain.patient()
    plain.create(observation(patient))

    answer = plain.create(observation(patient), If_None_Exist="identifier=urn:test|r-1")

    assert answer.status_code == 201
    assert len(plain.found("Observation?identifier=urn:test|r-1")) == 2


def test_update_makes_a_new_version_and_keeps_the_old_one(caller):
    created = caller.create(observation(caller.patient())).json()

    answer = caller.update(created | {"status": "amended"}, If_Match='W/"1"')

    assert (answer.status_code, answer.headers["etag"]) == (200, 'W/"2"')
    address = f"/fhir/Observation/{created['id']}"
    assert caller.http.get(address).json()["status"] == "amended"
    assert caller.http.get(f"{address}/_history/1").json()["status"] == "final"


def test_a_stale_if_match_changes_nothing(caller):
    created = caller.create({"resourceType": "Patient"}).json()

    answer = caller.update(created | {"active": True}, If_Match='W/"7"')

    assert answer.status_code == 412
    assert "active" not in caller.http.get(f"/fhir/Patient/{created['id']}").json()


def test_an_update_makes_the_resource_where_clients_may_choose_ids(caller):
    answer = caller.update({"resourceType": "Patient", "id": "anna"})

    assert answer.status_code == 201
    assert caller.http.get("/fhir/Patient/anna").status_code == 200


def test_an_update_of_an_unknown_id_is_405_where_clients_may_not(plain):
    answer = plain.update({"resourceType": "Patient", "id": "anna"})

    assert answer.status_code == 405
    assert plain.http.get("/fhir/Patient/anna").status_code == 404


def test_an_update_under_another_id_is_refused(caller):
    body = {"resourceType": "Patient", "id": "anna"}

    answer = caller.http.put("/fhir/Patient/berta", json=body, headers=FHIR)

    assert answer.status_code == 400


def test_a_reference_that_leads_nowhere_is_refused(caller):
    answer = caller.create(observation("Patient/nobody"))

    assert answer.status_code == 400
    assert caller.found("Observation") == []


def test_a_type_outside_the_surface_is_refused(plain):
    answer = plain.create({"resourceType": "Provenance"})

    assert answer.status_code == 404
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_deleting_is_not_supported(caller):
    answer = caller.http.delete(f"/fhir/{caller.patient()}")

    assert answer.status_code == 405
    assert answer.json()["issue"][0]["code"] == "not-supported"


def test_what_is_no_resource_is_refused(caller):
    bodies = ["", "[]", "{", '{"resourceType":"Observation"}', '{"resourceType":"Patient","name":[]}']

    answers = [caller.http.post("/fhir/Patient", content=body, headers=FHIR) for body in bodies]

    assert [answer.status_code for answer in answers] == [400] * 5
    assert caller.http.get("/counts").json() == {}


def test_xml_is_refused(caller):
    answer = caller.http.post("/fhir/Patient", content="<Patient/>", headers={"Content-Type": "text/xml"})

    assert answer.status_code == 415


def test_resources_outlive_the_process(tmp_path, caller):
    caller.patient()
    second = Store(str(tmp_path / "ehr.db"))
    with second.transaction() as rows:
        counts = rows.counts_by_type()
    second.close()

    assert counts == {"Patient": 1}
