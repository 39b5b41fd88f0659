"""Who computed the scores, and from what."""

import pytest

from fhir_mappings.provenance import to_device, to_provenance
from tests.builders import NAMES, a_filled

TARGETS = ["Observation/r-7.total", "Observation/r-7.panel"]
RECORDED = "2026-03-02T09:50:04Z"


def provenance(**changes):
    return to_provenance(a_filled(**changes), TARGETS, RECORDED, NAMES)


def test_each_version_has_a_provenance_of_its_own():
    assert (provenance()["id"], provenance(version=2)["id"]) == ("r-7-1", "r-7-2")


def test_the_service_assembles_what_the_patient_authored():
    agents = {one["type"]["coding"][0]["code"]: one["who"]["reference"] for one in provenance()["agent"]}
    assert agents == {"assembler": "Device/alliance-service", "author": "Patient/anna"}


def test_the_response_is_the_source_of_the_observations():
    found = provenance()
    assert [one["reference"] for one in found["target"]] == TARGETS
    assert found["entity"] == [{"role": "source", "what": {"reference": "QuestionnaireResponse/r-7"}}]


@pytest.mark.parametrize(
    ("changes", "activity"),
    [
        ({}, "CREATE"),
        ({"version": 2, "status": "amended"}, "UPDATE"),
        ({"version": 3, "status": "entered-in-error"}, "NULLIFY"),
    ],
)
def test_the_activity_follows_the_version(changes, activity):
    assert provenance(**changes)["activity"]["coding"][0]["code"] == activity


def test_the_device_has_an_identifier_and_the_version_of_the_software():
    device = to_device(NAMES, "0.1.0")
    assert device["identifier"] == [{"system": NAMES.identifier("device"), "value": "alliance-service"}]
    assert device["version"] == [{"value": "0.1.0"}]
