"""A row of the audit becomes an AuditEvent in the shape of IHE's Basic Audit Log Patterns.

The profiles' own package is not at hand: what they require is looked for here, element by element.
Source: profiles.ihe.net/ITI/BALP, StructureDefinition IHE.BasicAudit.*.
"""

from base64 import b64decode
from dataclasses import replace

import pytest

from fhir_mappings.audit import AuditFacts, outcome_of, to_audit_event
from fhir_mappings.structure import check_structure
from tests.builders import NAMES

READ = AuditFacts(
    id="e-1",
    clinic="default",
    recorded="2026-03-02T12:00:00.000000Z",
    interaction="read",
    action="R",
    status=200,
    caller="front desk",
    address="192.0.2.7",
    server="https://alliance.clinic.example",
    route="/fhir/QuestionnaireResponse/{logical_id}",
    query="",
    resource="QuestionnaireResponse",
    subject="r-7",
    patient="Patient/anna",
    request_id="request-1",
)
SEARCH = replace(
    READ, interaction="search-type", action="E", subject="", route="/fhir/Observation", query="code&patient"
)
DISCLOSURE = replace(READ, interaction="disclose", route="deliver", caller="EHR ehr", address="", status=202)
EVENTS = {
    "read": READ,
    "search": SEARCH,
    "disclosure": DISCLOSURE,
    "create": replace(READ, interaction="create", action="C", status=201),
    "delete": replace(READ, interaction="delete", action="D"),
    "command": replace(READ, interaction="operation", action="E", route="deliveries retry", resource=""),
    "refusal": replace(READ, status=404, subject="", patient=None),
    "erased": replace(READ, patient=""),
    "person": replace(READ, person="Practitioner/ada"),
    "many": replace(READ, status=401, subject="", patient=None, count=17),
}


def event(facts):
    return to_audit_event(facts, NAMES)


def role_codes(facts):
    return {one["type"]["coding"][0]["code"]: one for one in event(facts)["agent"]}


def entity(facts, role):
    return next(one for one in event(facts)["entity"] if one.get("role", {}).get("code") == role)


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_is_built_as_fhir_says(name):
    assert check_structure(event(EVENTS[name])) == []


def test_a_read_goes_from_us_to_the_caller():
    agents = role_codes(READ)

    assert agents["110153"]["who"]["reference"] == "Device/alliance-service"
    assert agents["110152"]["who"]["identifier"]["value"] == "front desk"
    assert agents["110152"]["network"] == {"address": "192.0.2.7", "type": "2"}


def test_a_write_goes_from_the_caller_to_us():
    assert role_codes(EVENTS["create"])["110153"]["altId"] == "front desk"


def test_a_read_names_patient_resource_and_request():
    assert entity(READ, "1")["what"] == {"reference": "Patient/anna"}
    assert entity(READ, "4")["what"] == {"reference": "QuestionnaireResponse/r-7"}
    assert event(READ)["entity"][0]["what"]["identifier"]["value"] == "request-1"


def test_a_search_holds_the_names_of_its_parameters_and_no_value():
    asked = entity(SEARCH, "24")

    assert b64decode(asked["query"]) == b"/fhir/Observation?code&patient"


def test_a_disclosure_is_an_export_of_ours():
    found = event(DISCLOSURE)

    assert (found["type"]["code"], found["action"], found["subtype"][0]["code"]) == (
        "110106",
        "R",
        "disclose",
    )
    assert role_codes(DISCLOSURE)["110153"]["who"] == found["source"]["observer"]


def test_what_was_refused_or_failed_says_so():
    assert [outcome_of(status) for status in (200, 307, 404, 503)] == ["0", "0", "4", "8"]


def test_alike_ones_are_counted():
    assert event(EVENTS["many"])["outcomeDesc"] == "HTTP 401, 17 times in a minute"


def test_an_event_about_a_patient_is_labelled():
    assert "security" in event(READ)["meta"]
    assert "security" not in event(EVENTS["refusal"])["meta"]


@pytest.mark.parametrize(
    ("person", "who"),
    [
        ("Practitioner/ada", {"reference": "Practitioner/ada"}),
        ("7f", {"identifier": {"system": "https://alliance.example/fhir/identifier/person", "value": "7f"}}),
    ],
)
def test_the_person_behind_the_caller_is_who_asked(person, who):
    agents = role_codes(replace(READ, person=person))

    assert agents["IRCP"]["who"] == who
    assert [code for code, one in agents.items() if one["requestor"]] == ["IRCP"]


def test_why_somebody_was_refused_is_told_in_a_word():
    assert event(replace(READ, status=401, reason="expired"))["outcomeDesc"] == "HTTP 401: expired"
