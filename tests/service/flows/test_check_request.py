from datetime import UTC, datetime

import pytest

from fhir_mappings.filled import Identifier
from service.flows.check_request import SessionClaims, default_source, find_session_faults

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def faults(**changes):
    """Return place and reason of the faults of a sound client's form with these changes."""
    sound = {
        "perspective": "client",
        "patient": "Patient/anna",
        "source": "Patient/anna",
        "therapist": "Practitioner/ada",
        "authored": "2026-03-02T10:50:00+01:00",
        "session_number": 7,
    }
    return [(fault.at, fault.reason) for fault in find_session_faults(SessionClaims(**sound | changes), NOW)]


def test_a_sound_form_has_no_fault():
    assert faults() == []


@pytest.mark.parametrize(
    ("authored", "reason"),
    [
        (None, "required"),
        ("yesterday", "not-a-time"),
        ("2026-02-30T10:00:00Z", "not-a-time"),
        ("2026-03-02T10:50Z", "not-a-time"),
        ("2026-03-02", "no-time-zone"),
        ("2026-03-02T10:50:00", "no-time-zone"),
        ("2026-03-02T12:05:01Z", "in-the-future"),
        ("1899-12-31T23:59:59Z", "too-early"),
    ],
)
def test_a_bad_time_is_a_fault(authored, reason):
    assert faults(authored=authored) == [("authored", reason)]


@pytest.mark.parametrize(
    "authored", ["2026-03-02T12:05:00Z", "1900-01-01T00:00:00Z", "2026-03-02T10:50:00.123Z"]
)
def test_the_limits_of_time_are_still_taken(authored):
    assert faults(authored=authored) == []


@pytest.mark.parametrize(
    ("session_date", "reason"),
    [
        ("2026-3-2", "not-a-date"),
        ("2026-02-30", "not-a-date"),
        ("1899-12-31", "too-early"),
        ("2026-03-04", "in-the-future"),
        ("2026-03-03", "after-authored"),
    ],
)
def test_a_bad_session_date_is_a_fault(session_date, reason):
    assert faults(session_date=session_date) == [("session_date", reason)]


@pytest.mark.parametrize("number", [0, -1, 10_000])
def test_a_session_number_out_of_range_is_a_fault(number):
    assert faults(session_number=number) == [("session_number", "not-a-session-number")]


@pytest.mark.parametrize(
    ("field", "reference"),
    [
        ("patient", "Practitioner/ada"),
        ("patient", "anna"),
        ("patient", "urn:uuid:6f0c4c2e-0b1e-4f53-8d2c-6a5ad4b6d3b5"),
        ("patient", "Patient/anna/_history/1"),
        ("patient", f"https://ehr.example/{'x' * 255}/Patient/anna"),
        ("therapist", "Patient/anna"),
        ("therapist", "Practitioner/"),
        ("author", "Encounter/1"),
        ("encounter", "Patient/anna"),
        ("ehr_reference", "Observation/1"),
    ],
)
def test_a_reference_of_the_wrong_form_is_a_fault(field, reference):
    own_source = {"source": reference} if field == "patient" else {}

    assert faults(**{field: reference}, **own_source) == [(field, "wrong-reference")]


@pytest.mark.parametrize(
    "patient", ["https://ehr.example/fhir/Patient/anna", "http://127.0.0.1:8095/Patient/anna"]
)
def test_an_absolute_reference_is_taken(patient):
    assert faults(patient=patient, source=patient) == []


@pytest.mark.parametrize(
    ("perspective", "source", "reason"),
    [
        ("client", "Patient/bob", "wrong-respondent"),
        ("client", "RelatedPerson/bea", "wrong-respondent"),
        ("therapist", "Patient/anna", "wrong-respondent"),
        ("therapist", None, "required"),
        ("observer", None, "required"),
        ("observer", "Patient/anna", "wrong-respondent"),
        ("observer", "RelatedPerson/bea", "wrong-respondent"),
        ("observer", "Practitioner/ada", "wrong-respondent"),
        ("carer", None, "required"),
        ("carer", "Patient/anna", "wrong-respondent"),
        ("carer", "Practitioner/ada", "wrong-respondent"),
    ],
)
def test_the_form_decides_who_answers_it(perspective, source, reason):
    found = faults(perspective=perspective, source=source, therapist="Practitioner/ada")
    assert found == [("source", reason)]


@pytest.mark.parametrize(
    ("perspective", "source"),
    [
        ("client", "Patient/anna"),
        ("therapist", "PractitionerRole/ada-north"),
        ("observer", "Practitioner/olga"),
        ("carer", "RelatedPerson/bea"),
    ],
)
def test_whom_the_form_is_meant_for_may_answer_it(perspective, source):
    assert faults(perspective=perspective, source=source, therapist="Practitioner/ada") == []


def test_a_missing_patient_is_told_once():
    assert faults(patient=None, source=None) == [("patient", "required")]


def test_a_client_s_form_is_answered_by_the_patient_unless_said():
    assert default_source("client", "Patient/anna", "Practitioner/ada") == "Patient/anna"
    assert default_source("therapist", "Patient/anna", "Practitioner/ada") == "Practitioner/ada"
    assert default_source("observer", "Patient/anna", "Practitioner/ada") is None


@pytest.mark.parametrize(
    ("field", "text", "reason"),
    [
        ("site", "x" * 256, "too-long"),
        ("team", "a\nb", "unprintable"),
        ("approach", "\ud800", "unprintable"),
        ("site", " ", "required"),
        ("language", "not a language", "not-a-language"),
    ],
)
def test_a_text_that_cannot_be_kept_is_a_fault(field, text, reason):
    assert faults(**{field: text}) == [(field, reason)]


def test_an_identifier_is_bounded_on_both_sides():
    assert faults(identifier=Identifier("x" * 256, "a\x00")) == [
        ("identifier.system", "too-long"),
        ("identifier.value", "unprintable"),
    ]


def test_faults_are_placed_where_the_door_says():
    claims = SessionClaims(perspective="client", patient=None, authored=None, source=None)

    found = find_session_faults(claims, NOW, {"authored": "QuestionnaireResponse.authored"})

    assert [fault.at for fault in found] == ["patient", "QuestionnaireResponse.authored"]


def test_no_fault_repeats_what_was_sent():
    canary = "Canary-Zebediah"

    found = find_session_faults(
        SessionClaims(
            perspective="client", patient=canary, authored=canary, source=canary, session_date=canary
        ),
        NOW,
    )

    assert found
    assert canary not in str(found)
