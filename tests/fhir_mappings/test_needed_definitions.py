"""What an EHR needs to hold before a response, and no more."""

from fhir_mappings.catalogue import shipped_instruments
from fhir_mappings.needed_definitions import needed_definitions
from fhir_mappings.terminology import definitions
from tests.builders import NAMES

KNOWN = definitions(shipped_instruments(), NAMES)


def needed(instrument):
    return [one["id"] for one in needed_definitions([NAMES.questionnaire(instrument)], KNOWN)]


def test_a_form_of_marks_needs_the_measures_and_the_perspectives():
    assert [one.rpartition("-")[0] for one in needed("srs-3")] == [
        "alliance-measures",
        "alliance-perspectives",
        "alliance-perspectives",
        "srs-3",
    ]


def test_a_form_of_choices_needs_their_codes_too():
    assert needed("wai-sr-client").count("wai-frequency-5-1.0.0") == 2


def test_a_derived_form_needs_the_form_that_it_names_before_it():
    forms = [one for one in needed("wai-b3-client") if one.startswith("wai-") and "-client-" in one]
    assert forms == ["wai-sr-client-1.0.0", "wai-b3-client-1.0.0"]


def test_what_is_not_ours_needs_nothing():
    assert needed_definitions(["https://other.example/q"], KNOWN) == []
