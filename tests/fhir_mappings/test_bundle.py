"""Transactions, and references rewritten for the EHR that takes them."""

import copy

from fhir_mappings.alert import to_detected_issue
from fhir_mappings.bundle import Entry, is_ours, references_in, rewrite_references, to_transaction
from fhir_mappings.observation import to_observations
from fhir_mappings.provenance import to_provenance
from tests.builders import NAMES, a_filled, a_response, an_alert

THEIRS = {"QuestionnaireResponse/r-7": "QuestionnaireResponse/88", "Observation/r-7.total": "Observation/5"}


def observation(part):
    return next(one for one in to_observations(a_filled(), NAMES) if one["id"] == f"r-7.{part}")


def test_our_references_become_those_of_the_ehr():
    rewritten = rewrite_references(observation("total"), THEIRS)
    assert rewritten["derivedFrom"] == [{"reference": "QuestionnaireResponse/88"}]


def test_people_and_encounters_stay_as_sent():
    rewritten = rewrite_references(observation("total"), {})
    assert references_in(rewritten) == {"Patient/anna", "Encounter/session-7"}


def test_a_list_whose_references_are_all_unknown_there_vanishes():
    rewritten = rewrite_references(observation("panel"), {})
    assert not {"derivedFrom", "hasMember"} & set(rewritten)


def test_only_unknown_members_are_dropped():
    rewritten = rewrite_references(observation("panel"), THEIRS)
    assert rewritten["hasMember"] == [{"reference": "Observation/5"}]


def test_an_alert_without_counterparts_keeps_its_code_and_its_author_by_name():
    issue = rewrite_references(to_detected_issue(an_alert(), NAMES), {})
    assert "implicated" not in issue
    assert "detail" not in issue["evidence"][0]
    assert issue["author"] == {"display": "Alliance service"}


def test_the_rule_of_an_alert_is_no_reference():
    issue = to_detected_issue(an_alert(), NAMES)
    assert rewrite_references(issue, {})["reference"] == NAMES.rule("own-baseline")
    assert NAMES.rule("own-baseline") not in references_in(issue)


def test_a_device_of_the_clinic_is_not_ours():
    response = a_response(author={"reference": "Device/kiosk-3"})
    assert rewrite_references(response, {})["author"] == {"reference": "Device/kiosk-3"}
    assert not is_ours("Device/kiosk-3")


def test_an_absolute_reference_is_not_ours():
    assert not is_ours("https://ehr.example/fhir/Observation/1")


def test_rewriting_leaves_the_original_alone():
    original = observation("panel")
    before = copy.deepcopy(original)
    rewrite_references(original, THEIRS)
    assert original == before


def test_references_in_finds_nested_ones():
    filled = a_filled()
    found = references_in(to_provenance(filled, ["Observation/r-7.total"], "2026-03-02T09:50:04Z", NAMES))
    assert found == {
        "Observation/r-7.total",
        "Device/alliance-service",
        "Patient/anna",
        "QuestionnaireResponse/r-7",
    }


def test_a_created_resource_has_no_id_and_says_when_not_to_create_it():
    entry = Entry(observation("total"), "urn:uuid:1", "POST", "Observation", if_none_exist="identifier=a")
    (written,) = to_transaction([entry])["entry"]
    assert written["request"] == {"method": "POST", "url": "Observation", "ifNoneExist": "identifier=a"}
    assert "id" not in written["resource"]


def test_an_updated_resource_keeps_its_id_and_names_the_version_it_follows():
    url = "Observation/r-7.total"
    entry = Entry(observation("total"), f"https://ehr.example/{url}", "PUT", url, if_match='W/"3"')
    (written,) = to_transaction([entry])["entry"]
    assert written["request"] == {"method": "PUT", "url": url, "ifMatch": 'W/"3"'}
    assert written["resource"]["id"] == "r-7.total"


def test_nothing_is_left_of_a_resource_that_was_nothing_but_our_references():
    assert rewrite_references({"target": [{"reference": "Observation/r-7.total"}]}, {}) == {}
