from tests.service.sandbox.build import observation, post_entry, put_entry, response


def pushed(patient: str) -> list[dict]:
    """A response under a temporary address and the observation that points at it."""
    derived = [{"reference": "urn:uuid:1"}]
    return [
        post_entry(response(patient), "urn:uuid:1", ifNoneExist="identifier=urn:test|r-1"),
        post_entry(
            observation(patient, "o-1", derivedFrom=derived),
            "urn:uuid:2",
            ifNoneExist="identifier=urn:test|o-1",
        ),
    ]


def test_temporary_addresses_become_references(caller):
    answer = caller.bundle("transaction", *pushed(caller.patient()))

    assert [entry["response"]["status"] for entry in answer.json()["entry"]] == ["201 Created"] * 2
    kept = caller.found("QuestionnaireResponse")[0]
    derived = caller.found("Observation")[0]["derivedFrom"]
    assert derived == [{"reference": f"QuestionnaireResponse/{kept['id']}"}]


def test_a_repeated_transaction_changes_nothing(caller):
    entries = pushed(caller.patient())
    first = caller.bundle("transaction", *entries).json()

    again = caller.bundle("transaction", *entries).json()

    assert [entry["response"]["status"] for entry in again["entry"]] == ["200 OK"] * 2
    places = [[entry["response"]["location"] for entry in one["entry"]] for one in (first, again)]
    assert places[0] == places[1]
    assert caller.http.get("/counts").json()["Observation"] == 1


def test_a_temporary_address_stands_for_the_match_of_its_condition(caller):
    patient = caller.patient()
    kept = caller.create(response(patient)).json()["id"]

    caller.bundle("transaction", *pushed(patient))

    derived = caller.found("Observation")[0]["derivedFrom"]
    assert derived == [{"reference": f"QuestionnaireResponse/{kept}"}]


def test_nothing_is_kept_of_a_transaction_with_one_bad_entry(caller):
    answer = caller.bundle(
        "transaction", *pushed(caller.patient()), post_entry(observation("Patient/nobody"))
    )

    assert answer.status_code == 400
    assert caller.http.get("/counts").json() == {"Patient": 1}


def test_a_temporary_address_that_no_entry_has_is_refused(caller):
    answer = caller.bundle("transaction", pushed(caller.patient())[1])

    assert answer.status_code == 400
    assert caller.found("Observation") == []


def test_the_same_resource_twice_is_refused(caller):
    patient = {"resourceType": "Patient", "id": "anna"}

    answer = caller.bundle("transaction", put_entry(patient), put_entry(patient))

    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (400, "duplicate")


def test_an_update_in_a_transaction_makes_the_resource_under_its_id(caller):
    answer = caller.bundle("transaction", put_entry({"resourceType": "Patient", "id": "anna"}))

    assert answer.json()["entry"][0]["response"]["status"] == "201 Created"
    assert caller.http.get("/fhir/Patient/anna").status_code == 200


def test_a_conditional_reference_becomes_the_one_it_matches(caller):
    patient = {"resourceType": "Patient", "id": "anna", "identifier": [{"system": "urn:p", "value": "1"}]}
    caller.update(patient)

    caller.bundle("transaction", post_entry(observation("Patient?identifier=urn:p|1")))

    assert caller.found("Observation")[0]["subject"] == {"reference": "Patient/anna"}


def test_a_batch_answers_each_entry_for_itself(caller):
    patient = caller.patient()

    answer = caller.bundle(
        "batch", post_entry(observation(patient)), post_entry(observation("Patient/nobody"))
    )

    assert [entry["response"]["status"] for entry in answer.json()["entry"]] == [
        "201 Created",
        "400 Bad Request",
    ]
    assert len(caller.found("Observation")) == 1


def test_a_surface_without_transactions_takes_none(plain):
    answer = plain.bundle("transaction", *pushed(plain.patient()))

    assert answer.status_code == 405
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_a_transaction_with_a_malformed_entry_is_refused(caller):
    entries = [{"resource": {"resourceType": "Patient"}}, {"request": {"method": "POST", "url": "Patient"}}]

    assert [caller.bundle("transaction", entry).status_code for entry in entries] == [400, 400]
