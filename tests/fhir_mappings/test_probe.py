import pytest

from fhir_mappings.probe import SENTENCE, to_probe, to_withdrawn_probe
from fhir_mappings.structure import check_structure
from tests.builders import NAMES, srs


def a_probe(kind):
    written = "2026-03-02T09:50:04Z"
    return to_probe(kind, srs(), NAMES, patient="Patient/test", probe_id="probe-1", written=written)


@pytest.mark.parametrize(
    "kind", ["QuestionnaireResponse", "Observation", "DocumentReference", "Communication"]
)
def test_a_probe_says_that_it_is_a_test(kind):
    probe = a_probe(kind)
    check_structure(probe)

    assert probe["resourceType"] == kind
    assert probe["meta"] == {
        "tag": [
            {
                "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
                "code": "HTEST",
                "display": "test health data",
            }
        ]
    }
    assert "TEST of the alliance service" in probe["text"]["div"]


def test_a_note_tells_no_score_and_says_that_it_is_a_test():
    (payload,) = a_probe("Communication")["payload"]
    assert payload["contentString"] == f"{SENTENCE}\n"


def test_a_withdrawn_document_is_entered_in_error_itself():
    assert to_withdrawn_probe(a_probe("DocumentReference"))["docStatus"] == "entered-in-error"


def test_it_is_about_the_patient_that_was_named():
    assert a_probe("Observation")["subject"]["reference"] == "Patient/test"


def test_a_withdrawn_probe_is_entered_in_error():
    assert to_withdrawn_probe(a_probe("Observation"))["status"] == "entered-in-error"
