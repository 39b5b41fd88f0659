"""$extract: the Observations of a response as one transaction."""

import pytest

from fhir_mappings.bundle import rewrite_references
from fhir_mappings.catalogue import shipped_instruments
from fhir_mappings.errors import ResourceRefused
from fhir_mappings.extra_codings import snomed_score_codings
from fhir_mappings.extract import read_extract, to_extraction
from fhir_mappings.observation import to_observations
from fhir_mappings.response import to_response
from fhir_mappings.structure import check_structure
from tests.answer_sets import complete_answers
from tests.builders import NAMES, a_filled, a_response, srs, wai_sr

INSTRUMENTS = shipped_instruments()


def read(resource):
    return read_extract(resource, INSTRUMENTS, NAMES)


def asking(resource):
    parameter = {"name": "questionnaire-response", "resource": resource}
    return {"resourceType": "Parameters", "parameter": ["odd", {"name": "other"}, parameter]}


def bundle_of(filled, **settings):
    (returned,) = to_extraction(filled, NAMES, **settings)["parameter"]
    assert returned["name"] == "return"
    return returned["resource"]


def faults_of(resource):
    with pytest.raises(ResourceRefused) as refused:
        read(resource)
    return [(fault.at, fault.reason) for fault in refused.value.faults]


def as_stored(bundle, filled):
    """Return a transaction's resources with our ids and references in place of the urn:uuids."""
    observations = to_observations(filled, NAMES)
    urns = [entry["fullUrl"] for entry in bundle["entry"]]
    ours = [f"Observation/{one['id']}" for one in observations]
    own = f"QuestionnaireResponse/{filled.id}"
    back = dict(zip(urns, ours, strict=True)) | {own: own}
    return [
        rewrite_references(entry["resource"], back) | {"id": one["id"], "meta": one["meta"]}
        for entry, one in zip(bundle["entry"], observations, strict=True)
    ]


@pytest.mark.parametrize("instrument_id", sorted(set(INSTRUMENTS) - {"session-reflection-therapist"}))
def test_it_gives_the_very_observations_that_we_store(instrument_id):
    instrument = INSTRUMENTS[instrument_id]
    filled = a_filled(instrument, complete_answers(instrument))
    assert as_stored(bundle_of(filled), filled) == to_observations(filled, NAMES)


@pytest.mark.parametrize("wrapped", [asking, dict])
def test_a_response_that_was_sent_gives_them_too(wrapped):
    assert bundle_of(read(wrapped(a_response()))) == bundle_of(a_filled())


def test_each_is_created_unless_it_is_there():
    (first, *_) = bundle_of(a_filled())["entry"]
    assert first["request"] == {
        "method": "POST",
        "url": "Observation",
        "ifNoneExist": "identifier=https%3A%2F%2Falliance.example%2Ffhir%2Fidentifier%2Fscore%7Cr-7.item-1",
    }
    assert "id" not in first["resource"]
    assert set(first["resource"]["meta"]) == {"security"}


def test_those_of_an_amended_response_replace_what_is_there():
    amended = read(a_response(status="amended"))
    requests = [entry["request"] for entry in bundle_of(amended)["entry"]]
    assert {one["method"] for one in requests} == {"PUT"}
    assert requests[-1]["url"].endswith("%7Cr-7.panel")


def test_the_panel_refers_to_its_members_within_the_transaction():
    *members, panel = bundle_of(a_filled())["entry"]
    urns = [entry["fullUrl"] for entry in members]
    assert [one["reference"] for one in panel["resource"]["hasMember"]] == urns
    assert len(set(urns)) == len(urns)
    assert check_structure(bundle_of(a_filled())) == []


def test_a_response_that_is_stored_nowhere_is_not_referred_to():
    entries = bundle_of(a_filled(), known=False)["entry"]
    assert [entry for entry in entries if "derivedFrom" in entry["resource"]] == []


def test_a_response_without_id_gives_the_same_observations_each_time():
    first, again = (bundle_of(read(a_response(id=None)), known=False) for _ in range(2))
    other = bundle_of(read(a_response(id=None, authored="2026-03-09T10:50:00+01:00")), known=False)
    assert first == again
    assert first["entry"][0]["request"] != other["entry"][0]["request"]


def test_codes_of_others_are_added_where_the_clinic_asks():
    total = bundle_of(a_filled(), extra_codings=snomed_score_codings())["entry"][4]["resource"]
    assert [one["code"] for one in total["code"]["coding"]] == ["srs-3.total", "720482000"]


@pytest.mark.parametrize(
    ("instrument", "answers"),
    [
        (INSTRUMENTS["session-reflection-therapist"], {"next-time": "ask sooner"}),
        (wai_sr(), {"item-1": 3}),
    ],
)
def test_nothing_to_extract_is_a_warning(instrument, answers):
    (issues,) = to_extraction(a_filled(instrument, answers), NAMES)["parameter"]
    assert (issues["name"], issues["resource"]["issue"][0]["severity"]) == ("issues", "warning")
    assert check_structure(issues["resource"]) == []


def test_who_answered_follows_from_the_form_where_it_is_not_said():
    assert read(a_response(source=None)).source == "Patient/anna"
    therapist = INSTRUMENTS["wai-s-therapist"]
    sent = to_response(a_filled(therapist, complete_answers(therapist)), NAMES)
    del sent["source"]
    assert read(sent).source == "Practitioner/ada"


def test_an_observer_must_be_named():
    observer = INSTRUMENTS["wai-36-observer"]
    sent = to_response(a_filled(observer, complete_answers(observer)), NAMES)
    del sent["source"]
    assert faults_of(sent) == [("QuestionnaireResponse.source", "required")]


@pytest.mark.parametrize("status", ["in-progress", "stopped", "entered-in-error"])
def test_only_final_responses_are_extracted(status):
    assert faults_of(a_response(status=status)) == [("QuestionnaireResponse.status", "status-not-accepted")]


@pytest.mark.parametrize("listed", [[], "none", [{"name": "questionnaire-response", "resource": 7}]])
def test_parameters_without_a_response_are_refused(listed):
    (fault,) = faults_of({"resourceType": "Parameters", "parameter": listed})
    assert fault == ("Parameters.parameter.where(name='questionnaire-response')", "required")


def test_answers_that_do_not_fit_are_refused():
    over = a_response()
    over["item"][0]["item"][0]["answer"][0]["valueDecimal"] = 11
    assert "above-maximum" in [reason for _, reason in faults_of(over)]


def test_a_straight_copy_of_the_form_is_no_response():
    assert faults_of({"resourceType": "Questionnaire", "name": srs().name}) == [
        ("resourceType", "wrong-resource-type")
    ]
