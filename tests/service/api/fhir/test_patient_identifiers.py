"""Patients found by an identifier: from ``subject.identifier``, and never two of them by one."""

import pytest

from service.flows.merge_patients import merge_patients, undo_merge
from tests.service.api.fhir.bundles import posted, send
from tests.service.api.fhir.calls import create, created_id, issues, search, sent, session, update
from tests.service.api.v1.build import post
from tests.service.build import an_access

KIND = "QuestionnaireResponse"


def known_as(name, system="urn:mrn", value="4711"):
    """Return the elements that name a patient, by reference and by identifier."""
    parts = {"system": system, "value": value}
    identifier = {key: part for key, part in parts.items() if part}
    reference = {"reference": f"Patient/{name}"}
    return {"subject": reference | {"identifier": identifier}, "source": reference}


def by_identifier(client, value="urn:mrn|4711", kind=KIND, name="patient.identifier"):
    """Return how many are found, and what is said beside them."""
    found = search(client, kind, **{name: value})
    told = [one["resource"] for one in found.get("entry", []) if one["search"]["mode"] == "outcome"]
    return found["total"], " ".join(one["issue"][0]["details"]["text"] for one in told)


@pytest.mark.parametrize("name", ["patient.identifier", "subject:Patient.identifier", "subject.identifier"])
def test_a_patient_is_found_by_the_identifier_beside_the_reference(client, name):
    create(client, sent(**known_as("anna")))
    create(client, session(9))

    assert by_identifier(client, name=name) == (2, "")
    assert by_identifier(client, "4711") == (2, "")


def test_scores_are_found_by_it_and_nobody_by_another(client):
    create(client, sent(**known_as("anna")))

    assert by_identifier(client, kind="Observation") == (6, "")
    assert "No patient is known" in by_identifier(client, "urn:other|4711")[1]


def test_v1_takes_the_identifier_too(client):
    assert post(client, patient_identifier="urn:mrn|4711").json()["shared_identifier"] is False
    assert by_identifier(client) == (1, "")
    assert post(client, patient_identifier="4711").status_code == 422


@pytest.mark.parametrize("value", ["x" * 256, "a\u0007b"])
def test_an_identifier_that_cannot_be_kept_is_refused(client, value):
    answer = create(client, sent(**known_as("anna", value=value)))

    assert answer.status_code in {400, 422}
    assert [at for _, at in issues(answer)] == ["QuestionnaireResponse.subject.identifier.value"]


@pytest.mark.parametrize("half", [{"system": None}, {"value": None}, {"value": "  "}])
def test_half_an_identifier_names_nobody(client, half):
    create(client, sent(**known_as("anna", **half)))

    assert by_identifier(client, "4711")[0] == 0


def test_one_that_two_patients_claim_finds_neither_and_says_so(client):
    create(client, sent(**known_as("anna")))
    answer = create(client, session(9, **known_as("bert")), Prefer="return=OperationOutcome")

    assert answer.status_code == 201
    assert [code for code, _ in issues(answer)] == ["informational", "business-rule"]
    assert by_identifier(client)[0] == 0
    assert "Several patients" in by_identifier(client)[1]


def test_one_value_of_two_systems_needs_its_system(client):
    create(client, sent(**known_as("anna")))
    create(client, session(9, **known_as("bert", "urn:other")))

    assert by_identifier(client) == (1, "")
    assert "Several patients" in by_identifier(client, "4711")[1]


def test_a_merge_that_is_told_makes_it_one_patient_s_again(client, deployment):
    create(client, sent(**known_as("anna")))
    create(client, session(9, **known_as("bert")))
    merge_patients(deployment, "Patient/anna", "Patient/bert", "ada", an_access("U"))
    assert by_identifier(client) == (2, "")

    undo_merge(deployment, "Patient/anna", "Patient/bert", "ada", an_access("U"))
    assert by_identifier(client)[0] == 0


def test_a_claim_ends_with_the_response_that_made_it(client):
    response_id = created_id(client, sent(**known_as("anna")))
    create(client, session(9, **known_as("bert")))
    update(client, response_id, sent(**known_as("anna"), status="entered-in-error"))

    assert by_identifier(client) == (1, "")


def test_a_correction_of_the_identifier_alone_is_a_version(client):
    response_id = created_id(client, sent(**known_as("anna", value="4171")))
    answer = update(client, response_id, sent(**known_as("anna")))

    assert answer.headers["etag"] == 'W/"2"'
    assert (by_identifier(client)[0], by_identifier(client, "urn:mrn|4171")[0]) == (1, 0)


def test_a_transaction_says_it_as_well(client):
    create(client, sent(**known_as("anna")))
    entry = posted(session(9, **known_as("bert")))
    answer = send(client, "transaction", entry, Prefer="return=OperationOutcome").json()["entry"][0]

    assert len(answer["response"]["outcome"]["issue"]) == 2
