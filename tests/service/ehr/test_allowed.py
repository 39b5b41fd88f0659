"""What is left of what an EHR declares."""

from dataclasses import replace

import pytest

from service.ehr.allowed import allow, guess_profile
from service.ehr.capabilities import Capabilities, TypeCapabilities
from service.ehr.profile_file import load_profile, profile_names
from service.ehr.scopes import UNKNOWN_SCOPES, parse_scopes

ALL = TypeCapabilities(
    create=True,
    update=True,
    update_create=True,
    conditional_create=True,
    search_params=frozenset({"identifier"}),
)


def declared(*types: str) -> Capabilities:
    return Capabilities("4.0.1", transaction=True, types=dict.fromkeys(types, ALL))


def test_without_scopes_and_with_the_generic_profile_everything_declared_is_allowed() -> None:
    allowed = allow(declared("Observation"), UNKNOWN_SCOPES, load_profile("generic"))

    assert allowed == declared("Observation")


def test_nothing_is_allowed_that_is_not_declared() -> None:
    allowed = allow(declared(), UNKNOWN_SCOPES, load_profile("epic"))

    assert not allowed.of("DocumentReference").create


def test_without_the_right_to_search_nothing_can_be_found_again() -> None:
    allowed = allow(declared("Observation"), parse_scopes("system/Observation.cu"), load_profile("generic"))

    assert allowed.of("Observation").search_params == frozenset()


def test_a_condition_is_not_asked_for_where_the_vendor_ignores_it() -> None:
    allowed = allow(declared("DocumentReference"), UNKNOWN_SCOPES, load_profile("epic"))

    assert not allowed.of("DocumentReference").conditional_create


def test_a_condition_by_url_is_not_asked_for_where_only_identifiers_are_taken() -> None:
    allowed = allow(declared("Observation", "CodeSystem"), UNKNOWN_SCOPES, load_profile("google"))

    assert allowed.of("Observation").conditional_create
    assert not allowed.of("CodeSystem").conditional_create


def test_transactions_are_ruled_out_by_a_profile_without_that_rung() -> None:
    allowed = allow(declared("Observation"), UNKNOWN_SCOPES, load_profile("canvas"))

    assert not allowed.transaction
    assert allowed.why_not["transaction"] == "ruled out by the profile canvas"


@pytest.mark.parametrize(
    ("software", "name"),
    [("HAPI FHIR Server", "hapi"), ("Epic", "epic"), ("Something else", None), ("Epic on HAPI", None)],
)
def test_the_software_only_hints_at_a_profile(software: str, name: str | None) -> None:
    profiles = {one: load_profile(one) for one in profile_names()}

    assert guess_profile(software, profiles) == name


def test_a_profiles_own_search_and_statuses_come_along() -> None:
    allowed = allow(declared("QuestionnaireResponse"), UNKNOWN_SCOPES, load_profile("canvas"))
    narrowed = replace(allowed.of("QuestionnaireResponse"))

    assert (narrowed.find, narrowed.statuses) == (("patient",), ("completed",))
