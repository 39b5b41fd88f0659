"""Whoever may ask is told who looked at whom: AuditEvents at the FHIR door."""

import pytest

from tests.service.api.fhir.calls import create, created_id, sent, session

ANNA = {"subject": {"reference": "Patient/anna"}}


@pytest.fixture
def response_id(client):
    return created_id(client, session(1, total="37.0"))


def events(client, **asked):
    entries = client.get("/fhir/AuditEvent", params=asked).json().get("entry", [])
    return [one["resource"] for one in entries]


def told(client, **asked):
    return [(one["subtype"][0]["code"], one["outcome"]) for one in events(client, **asked)]


def test_who_looked_at_a_patient_can_be_asked(client, response_id):
    client.get(f"/fhir/QuestionnaireResponse/{response_id}")
    client.get(f"/fhir/Observation/{response_id}.total")
    client.get("/v1/patients/anna/alliance-trend")

    assert sorted(told(client, patient="anna")) == [("create", "0"), *[("read", "0")] * 3]


def test_a_search_is_an_event_for_every_patient_that_it_found(client, response_id):
    create(client, sent(subject={"reference": "Patient/bob"}, source=None, identifier=None))
    client.get("/fhir/QuestionnaireResponse")
    found = events(client, subtype="search-type", entity="")  # an empty value is refused, not ignored
    searched = [one for who in ("anna", "bob") for one in events(client, patient=who, subtype="search-type")]

    assert found == []
    assert len(searched) == 2
    assert len({one["entity"][0]["what"]["identifier"]["value"] for one in searched}) == 1


def test_a_search_that_finds_nothing_is_an_event_of_whom_it_asked_for(client, response_id):
    client.get("/fhir/Observation", params={"patient": "anna", "code": "none"})
    (found,) = events(client, patient="anna", subtype="search-type")

    assert found["entity"][-1]["description"] == "/fhir/Observation?code&patient"


def test_refusals_are_events_without_a_patient(client, response_id):
    client.get("/fhir/QuestionnaireResponse/no-such-one")
    (found,) = events(client, outcome="4")

    assert [one["type"]["code"] for one in found["entity"]] == ["XrequestId"]


@pytest.mark.parametrize(
    "asked",
    [
        {"action": "C"},
        {"altid": "loopback", "subtype": "create"},
        {"type": "rest", "subtype": "http://hl7.org/fhir/restful-interaction|create"},
        {"date": "ge2026-03-02", "action": "C"},
        {"outcome": "0", "action": "http://hl7.org/fhir/audit-event-action|C"},
    ],
)
def test_events_are_found_by_what_they_say(client, response_id, asked):
    assert told(client, **asked) == [("create", "0")]


def test_events_of_one_resource_are_found(client, response_id):
    client.get(f"/v1/responses/{response_id}")

    assert len(events(client, entity=f"QuestionnaireResponse/{response_id}")) == 2


def test_reading_the_audit_is_an_event_too(client, response_id):
    (made,) = events(client, action="C")
    client.get(f"/fhir/AuditEvent/{made['id']}")
    (read,) = events(client, entity=f"AuditEvent/{made['id']}")

    assert read["subtype"][0]["code"] == "read"
