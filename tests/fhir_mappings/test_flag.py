"""A rupture alert as Flag."""

import pytest

from fhir_mappings.flag import to_flag
from fhir_mappings.release import R4B_VERSION, to_release
from fhir_mappings.structure import check_structure
from tests.builders import NAMES, an_alert

LATER = "2026-03-09T11:00:00+01:00"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("open", "active"),
        ("acknowledged", "active"),
        ("in-repair", "active"),
        ("repaired", "inactive"),
        ("unresolved", "inactive"),
        ("dismissed", "inactive"),
        ("closed-by-scores", "inactive"),
        ("withdrawn", "inactive"),
        ("entered-in-error", "entered-in-error"),
    ],
)
def test_it_shows_as_long_as_the_alert_wants_attention(status, expected):
    flag = to_flag(an_alert(status=status, updated_at=LATER), NAMES)
    assert flag["status"] == expected
    assert ("end" in flag["period"]) == (expected != "active")
    assert check_structure(to_release(flag, R4B_VERSION)) == []


def test_it_points_at_the_detected_issue():
    (detail,) = to_flag(an_alert(), NAMES)["extension"]
    assert detail["valueReference"] == {"reference": "DetectedIssue/a-1"}


def test_it_is_by_this_service_about_the_patient():
    flag = to_flag(an_alert(), NAMES)
    assert flag["author"]["reference"] == "Device/alliance-service"
    assert flag["subject"] == {"reference": "Patient/anna"}


def test_it_is_no_warning_of_behaviour():
    assert to_flag(an_alert(), NAMES)["category"][0]["coding"][0]["code"] == "clinical"
