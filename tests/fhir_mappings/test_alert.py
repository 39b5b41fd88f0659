"""A rupture alert as DetectedIssue."""

import pytest

from fhir_mappings.alert import EvidenceFacts, to_detected_issue
from tests.builders import NAMES, an_alert


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("open", "preliminary"),
        ("acknowledged", "preliminary"),
        ("in-repair", "final"),
        ("repaired", "final"),
        ("unresolved", "final"),
        ("closed-by-scores", "final"),
        ("dismissed", "cancelled"),
        ("withdrawn", "cancelled"),
        ("entered-in-error", "entered-in-error"),
    ],
)
def test_status_follows_what_people_did(status, expected):
    assert to_detected_issue(an_alert(status=status), NAMES)["status"] == expected


@pytest.mark.parametrize(("severity", "expected"), [("possible", "moderate"), ("marked", "high")])
def test_severity_is_moderate_or_high(severity, expected):
    assert to_detected_issue(an_alert(severity=severity), NAMES)["severity"] == expected


def test_the_code_speaks_of_possible_strain():
    (coding,) = to_detected_issue(an_alert(), NAMES)["code"]["coding"]
    assert (coding["code"], coding["display"]) == ("possible-strain", "Possible strain in the alliance")


def test_the_observations_are_implicated_and_the_response_is_evidence():
    issue = to_detected_issue(an_alert(), NAMES)
    assert issue["implicated"] == [{"reference": "Observation/r-7.total"}]
    assert [one["reference"] for one in issue["evidence"][0]["detail"]] == [
        "Observation/r-7.total",
        "QuestionnaireResponse/r-7",
    ]


def test_evidence_without_words_keeps_its_code():
    facts = EvidenceFacts("srs-3", "r-7", "srs-3.total", "total")
    (evidence,) = to_detected_issue(an_alert(evidence=(facts,)), NAMES)["evidence"]
    assert evidence["code"] == [{"coding": [{"system": NAMES.measures, "code": "srs-3.total"}]}]


def test_an_alert_without_evidence_has_no_empty_lists():
    issue = to_detected_issue(an_alert(evidence=()), NAMES)
    assert not {"implicated", "evidence"} & set(issue)


def test_markup_in_the_text_is_escaped_in_the_narrative():
    issue = to_detected_issue(an_alert(text="a <b> & c"), NAMES)
    assert "a &lt;b&gt; &amp; c" in issue["text"]["div"]
    assert issue["detail"] == "a <b> & c"
