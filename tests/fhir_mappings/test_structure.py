"""Is a resource built as FHIR says?"""

import pytest

from fhir_mappings.structure import CHECKED_TYPES, check_structure
from tests.builders import a_response

MADE_UP_SECRET = "made-up-secret"  # noqa: S105 - no credential: it stands for what must not be repeated


def places(resource):
    return [fault.at for fault in check_structure(resource)]


def test_what_we_emit_has_no_fault():
    assert check_structure(a_response()) == []


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"colour": "blue"}, "QuestionnaireResponse.colour"),
        ({"authored": "yesterday"}, "QuestionnaireResponse.authored"),
        ({"item": [{"linkId": "a", "answer": [{"valueDecimal": "x"}]}]}, "QuestionnaireResponse.item[0]"),
        ({"subject": MADE_UP_SECRET}, "QuestionnaireResponse.subject"),
        ({"item": []}, "QuestionnaireResponse.item"),
        ({"item": [None]}, "QuestionnaireResponse.item[0]"),
        ({"subject": {}}, "QuestionnaireResponse.subject"),
        ({"contained": [{"resourceType": "Nonsense"}]}, "QuestionnaireResponse"),
    ],
)
def test_a_fault_is_named_by_its_place(change, place):
    (found,) = places(a_response(**change))
    assert found.startswith(place)


def test_a_missing_mandatory_element_is_a_fault():
    assert places(a_response(status=None)) != []


@pytest.mark.parametrize("kind", ["Patient", None, 7, ["Observation"]])
def test_other_types_are_not_taken(kind):
    assert places({"resourceType": kind}) == ["resourceType"]


def test_no_fault_repeats_what_was_sent():
    faults = check_structure(a_response(authored=MADE_UP_SECRET, subject=MADE_UP_SECRET, language={"a": 1}))
    assert faults
    assert MADE_UP_SECRET not in repr(faults)


def test_a_name_that_is_no_element_name_is_not_repeated():
    assert places(a_response(**{"Anna, born 1990": "x"})) == ["QuestionnaireResponse"]


@pytest.mark.parametrize("kind", sorted(CHECKED_TYPES))
def test_every_checked_type_has_a_model(kind):
    assert check_structure({"resourceType": kind, "unheardOf": True}) != []


def test_a_control_character_is_a_fault():
    extension = {"url": "urn:x", "valueString": "a\u0000b"}

    assert places(a_response(extension=[extension])) == ["QuestionnaireResponse.extension[0].valueString"]
