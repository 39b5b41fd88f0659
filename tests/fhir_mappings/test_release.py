"""What we emit in each FHIR release, parsed by that release's own models."""

import warnings
from functools import cache

import pytest

from fhir_mappings.catalogue import shipped_instruments
from fhir_mappings.errors import ReleaseNotSupported
from fhir_mappings.observation import to_observations
from fhir_mappings.questionnaire import to_questionnaire
from fhir_mappings.release import to_release
from fhir_mappings.response import to_response
from fhir_mappings.terminology import served_definitions
from tests.answer_sets import complete_answers
from tests.builders import NAMES, a_filled, srs, wai_sr
from tests.every_kind import every_kind, filled_kinds

with warnings.catch_warnings():
    # The R5 models name a field as pydantic names a method.
    warnings.simplefilter("ignore")
    from fhir.resources import get_fhir_model_class as r5_model
    from fhir.resources.R4B import get_fhir_model_class as r4b_model

INSTRUMENTS = shipped_instruments()


@cache
def emitted(instrument_id):
    """Every shape of one instrument: form, response with identifier, Observations, the compact one."""
    instrument = INSTRUMENTS[instrument_id]
    filled = a_filled(instrument, complete_answers(instrument))
    response = to_response(filled, NAMES, profiles=True) | {"identifier": {"system": "urn:a", "value": "1"}}
    observations = [*to_observations(filled, NAMES), *to_observations(filled, NAMES, form="compact")]
    return [to_questionnaire(instrument, NAMES), response, *observations]


def parsed(resource, model):
    return model(resource["resourceType"]).model_validate(resource).model_dump(exclude_none=True)


@pytest.mark.parametrize("instrument_id", sorted(INSTRUMENTS))
def test_r4b_models_take_every_instrument(instrument_id):
    for resource in emitted(instrument_id):
        assert parsed(to_release(resource, "4.3.0"), r4b_model)["resourceType"] == resource["resourceType"]


@pytest.mark.parametrize("instrument_id", sorted(INSTRUMENTS))
def test_r5_models_take_every_instrument(instrument_id):
    for resource in emitted(instrument_id):
        assert parsed(to_release(resource, "5.0.0"), r5_model)["resourceType"] == resource["resourceType"]


def test_r4b_models_take_every_definition():
    found = [to_release(one, "4.3.0") for one in served_definitions(INSTRUMENTS, NAMES)]
    assert [parsed(one, r4b_model)["id"] for one in found] == [one["id"] for one in found]


@pytest.mark.parametrize("version", ["4.0", "4.0.1"])
def test_r4_is_what_the_mappers_write(version):
    form = to_questionnaire(srs(), NAMES)
    assert to_release(form, version) is form


def test_r4b_differs_only_where_a_definition_names_its_release():
    found = {one["resourceType"]: one for one in served_definitions(INSTRUMENTS, NAMES)}
    changed = {kind for kind, one in found.items() if to_release(one, "4.3") != one}
    assert changed == {"StructureDefinition"}
    assert to_release(found["StructureDefinition"], "4.3")["fhirVersion"] == "4.3.0"


def test_a_choice_is_a_coding_in_r5_at_every_depth():
    text = str(to_release(to_questionnaire(every_kind(), NAMES), "5.0"))
    assert "'type': 'coding'" in text
    assert "'type': 'choice'" not in text


def test_the_algorithm_of_the_version_is_an_element_in_r5():
    form = to_release(to_questionnaire(wai_sr(), NAMES), "5.0.0")
    assert form["versionAlgorithmCoding"]["code"] == "semver"
    assert "versionAlgorithm" not in str(form["extension"])


def test_profiles_of_r4_are_not_claimed_in_r5():
    assert "meta" not in to_release(to_questionnaire(srs(), NAMES), "5.0.0")
    response = to_release(to_response(a_filled(), NAMES, profiles=True), "5.0.0")
    assert set(response["meta"]) == {"versionId", "lastUpdated", "security"}


def test_a_weight_is_said_once_in_r5():
    resources = [to_questionnaire(wai_sr(), NAMES), to_response(a_filled(wai_sr()), NAMES)]
    text = str([to_release(one, "5.0.0") for one in resources])
    assert "itemWeight" in text
    assert "ordinalValue" not in text


def test_an_unweighted_choice_has_no_empty_extensions_in_r5():
    (panel,) = to_release(to_response(filled_kinds(), NAMES), "5.0.0")["item"]
    (on_track,) = [one for one in panel["item"] if one["linkId"] == "on-track"]
    assert set(on_track["answer"][0]["valueCoding"]) == {"system", "code", "display"}


def test_a_response_has_a_list_of_identifiers_in_r5():
    given = to_response(a_filled(), NAMES) | {"identifier": {"system": "urn:a", "value": "1"}}
    assert to_release(given, "5.0.0")["identifier"] == [{"system": "urn:a", "value": "1"}]


def test_a_response_without_items_or_identifier_stays_without():
    given = {"resourceType": "QuestionnaireResponse", "status": "in-progress"}
    assert to_release(given, "5.0.0") == given


@pytest.mark.parametrize(("kind", "version"), [("DetectedIssue", "5.0.0"), ("Observation", "3.0.2")])
def test_what_is_not_mapped_is_refused_by_name(kind, version):
    with pytest.raises(ReleaseNotSupported) as refused:
        to_release({"resourceType": kind}, version)
    assert (refused.value.resource_type, refused.value.fhir_version) == (kind, version)
