"""Our codes as CodeSystems and ValueSets."""

from fhir_mappings.catalogue import builtin_instruments
from fhir_mappings.observation import to_observations
from fhir_mappings.terminology import definitions, to_measures_code_system
from tests.builders import NAMES, a_filled, wai_sr


def measures():
    return to_measures_code_system(builtin_instruments(), NAMES)


def test_every_code_is_there_once():
    codes = [concept["code"] for concept in measures()["concept"]]
    assert len(set(codes)) == len(codes) == measures()["count"]
    assert {"srs-3", "srs-3.item-1", "wai-sr-client.total-mean", "possible-strain"} <= set(codes)


def test_every_code_in_an_observation_is_defined_with_the_same_display():
    defined = {(concept["code"], concept["display"]) for concept in measures()["concept"]}
    observations = to_observations(a_filled(), NAMES) + to_observations(a_filled(wai_sr()), NAMES)
    codings = [observation["code"]["coding"][0] for observation in observations]
    assert {(coding["code"], coding["display"]) for coding in codings} <= defined


def test_definitions_come_in_the_order_in_which_a_validator_needs_them():
    types = [one["resourceType"] for one in definitions(builtin_instruments(), NAMES)]
    assert types == ["CodeSystem", "CodeSystem", "ValueSet", "Questionnaire", "Questionnaire"]


def test_every_logical_id_ends_in_its_version():
    found = definitions(builtin_instruments(), NAMES)
    assert [one["id"] for one in found if not one["id"].endswith(f"-{one['version']}")] == []


def test_a_choice_in_a_code_system_has_the_old_weight_only():
    (answers,) = [
        one
        for one in definitions(builtin_instruments(), NAMES)
        if one["id"] == "wai-frequency-5-1.0.0" and one["resourceType"] == "CodeSystem"
    ]
    urls = {one["url"] for concept in answers["concept"] for one in concept["extension"]}
    assert urls == {"http://hl7.org/fhir/StructureDefinition/ordinalValue"}
