"""All that is kept of one patient, as a Bundle."""

from decimal import Decimal

import pytest

from fhir_mappings.collection import Kept, to_collection, to_parameters
from fhir_mappings.structure import check_structure

BASE, NOW = "https://alliance.example/fhir", "2026-03-02T12:00:00.000000Z"
PATIENT = {"resourceType": "Patient", "id": "anna"}


def parts(**row):
    return to_parameters("rows", [row])["parameter"][0]["part"]


def test_references_lead_to_current_versions():
    kept = [Kept(PATIENT, is_current=False), Kept(PATIENT)]
    first, second = to_collection(kept, BASE, NOW)["entry"]

    assert first["fullUrl"].startswith("urn:uuid:")
    assert second["fullUrl"] == f"{BASE}/Patient/anna"


def test_what_has_no_id_has_an_address_all_the_same():
    (entry,) = to_collection([Kept(to_parameters("rows", [{"a": 1}]))], BASE, NOW)["entry"]

    assert entry["fullUrl"].startswith("urn:uuid:")


def test_the_bundle_is_fhir():
    check_structure(to_collection([Kept(PATIENT), Kept(to_parameters("rows", [{"a": 1}]))], BASE, NOW))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("words", {"valueString": "words"}),
        (7, {"valueInteger": 7}),
        (True, {"valueBoolean": True}),
        (Decimal("7.10"), {"valueDecimal": Decimal("7.10")}),
        (b"{}", {"valueString": "{}"}),
        (b"\xff", {"valueBase64Binary": "/w=="}),
        (" ", {"valueBase64Binary": "IA=="}),
        ("\x07", {"valueBase64Binary": "Bw=="}),
    ],
)
def test_a_value_keeps_its_kind(value, shown):
    assert parts(column=value) == [{"name": "column", **shown}]


@pytest.mark.parametrize("nothing", [None, "", b""])
def test_nothing_is_left_out(nothing):
    assert parts(column=nothing, other=1) == [{"name": "other", "valueInteger": 1}]


def test_zero_and_false_are_something():
    assert [one["name"] for one in parts(zero=0, no=False)] == ["zero", "no"]


def test_a_value_of_another_kind_is_refused():
    with pytest.raises(TypeError, match="no FHIR value for list"):
        parts(column=[1])
