"""$populate: an empty response linked to its form, its patient and its encounter."""

import pytest

from fhir_mappings.catalogue import builtin_instruments
from fhir_mappings.errors import ResourceRefused
from fhir_mappings.populate import read_populate, to_populated
from fhir_mappings.questionnaire import to_questionnaire
from fhir_mappings.response import read_and_check, to_response
from fhir_mappings.structure import check_structure
from tests.builders import NAMES, a_filled, srs

NOW = "2026-03-02T10:45:00+01:00"
URL = NAMES.questionnaire("srs-3")
ANNA = {"name": "subject", "valueReference": {"reference": "Patient/anna"}}
FORM = {"name": "questionnaire", "valueCanonical": URL}


def asking(*parameters):
    return {"resourceType": "Parameters", "parameter": list(parameters)}


def context(name, **content):
    parts = [{"name": "name", "valueString": name}, {"name": "content", **content}]
    return {"name": "context", "part": parts}


def read(*parameters, **settings):
    return read_populate(asking(*parameters), builtin_instruments(), NAMES, **settings)


def populated(*parameters):
    (response,) = to_populated(read(*parameters), NAMES, NOW)["parameter"]
    return response["resource"]


def faults_of(*parameters, **settings):
    with pytest.raises(ResourceRefused) as refused:
        read(*parameters, **settings)
    return [(fault.at, fault.reason) for fault in refused.value.faults]


def test_the_response_is_empty_in_progress_and_linked():
    encounter = context("encounter", valueReference={"reference": "Encounter/e-1"})
    response = populated(FORM, ANNA, encounter)
    assert (response["status"], response["questionnaire"]) == ("in-progress", f"{URL}|1.0.0")
    assert response["subject"] == {"reference": "Patient/anna"}
    assert response["encounter"] == {"reference": "Encounter/e-1"}
    assert (response["authored"], "item" in response) == (NOW, False)
    assert check_structure(response) == []


def test_the_user_is_who_records():
    user = context("user", resource={"resourceType": "Practitioner", "id": "ada"})
    assert populated(FORM, ANNA, user)["author"] == {"reference": "Practitioner/ada"}


def test_what_is_not_known_is_left_out():
    assert not {"encounter", "author", "source"} & set(populated(FORM, ANNA))


def test_what_a_person_fills_in_is_taken_as_completed():
    filled = {"item": to_response(a_filled(), NAMES)["item"], "status": "completed"}
    back = read_and_check(populated(FORM, ANNA) | filled, builtin_instruments(), NAMES)
    assert back.scores == a_filled().scores


@pytest.mark.parametrize(
    "form",
    [
        {"name": "questionnaire", "valueUri": f"{URL}|1.0.0"},
        {"name": "canonical", "valueCanonical": URL},
        {"name": "questionnaire", "valueReference": {"reference": "Questionnaire/srs-3-1.0.0"}},
        {
            "name": "questionnaireRef",
            "valueReference": {"reference": "https://a.example/fhir/Questionnaire/srs-3-1.0.0"},
        },
        {"name": "questionnaire", "resource": to_questionnaire(srs(), NAMES)},
        {"name": "questionnaire", "resource": {"resourceType": "Questionnaire", "url": URL}},
    ],
)
def test_the_form_may_be_named_in_each_way_of_sdc(form):
    assert read(form, ANNA).instrument is srs()


def test_the_url_of_the_call_may_name_the_form():
    assert read(ANNA, instrument=srs()).instrument is srs()


@pytest.mark.parametrize(
    "form",
    [
        {"name": "questionnaire", "valueCanonical": f"{URL}|9.0.0"},
        {"name": "questionnaire", "valueReference": {"reference": 7}},
        {"name": "questionnaire", "resource": {"resourceType": "Questionnaire"}},
        {"name": "questionnaire", "valueInteger": 3},
    ],
)
def test_an_unknown_form_is_refused(form):
    assert faults_of(form, ANNA) == [
        ("Parameters.parameter.where(name='questionnaire')", "unknown-instrument")
    ]


def test_without_form_and_subject_both_are_named():
    assert faults_of() == [
        ("Parameters.parameter.where(name='questionnaire')", "required"),
        ("Parameters.parameter.where(name='subject').reference", "required"),
    ]


def test_a_subject_that_is_no_patient_is_refused():
    group = {"name": "subject", "valueReference": {"reference": "Group/g-1"}}
    assert [reason for _, reason in faults_of(FORM, group)] == ["wrong-reference"]


def test_a_context_of_the_wrong_type_is_refused_and_another_left_alone():
    wrong = context("encounter", valueReference={"reference": "Patient/anna"})
    other = context("shoe-size", valueReference={"reference": "Observation/o-1"})
    assert [reason for _, reason in faults_of(FORM, ANNA, other, wrong)] == ["wrong-reference"]
    assert read(FORM, ANNA, other, {"name": "context"}).encounter is None


@pytest.mark.parametrize("listed", ["none", {"name": "subject"}])
def test_parameters_that_are_no_list_ask_for_nothing(listed):
    with pytest.raises(ResourceRefused) as refused:
        read_populate({"resourceType": "Parameters", "parameter": listed}, builtin_instruments(), NAMES)
    assert {fault.reason for fault in refused.value.faults} == {"required"}


def test_the_session_is_named_where_it_is_given():
    therapist = context("therapist", valueReference={"reference": "Practitioner/ada"})
    day, number = (
        context("session-date", valueDate="2026-03-02"),
        context("session-number", valuePositiveInt=7),
    )
    response = populated(FORM, ANNA, therapist, day, number)
    values = [next(value for key, value in one.items() if key != "url") for one in response["extension"]]
    assert values == ["2026-03-02", 7, {"reference": "Practitioner/ada"}]


def test_every_fault_of_the_session_is_named():
    therapist = context("therapist", valueReference={"reference": "Patient/anna"})
    day, number = context("session-date", valueDate="soon"), context("session-number", valuePositiveInt=0)
    reasons = [reason for _, reason in faults_of(FORM, ANNA, therapist, day, number)]
    assert reasons == ["wrong-reference", "not-a-date", "not-a-session-number"]
