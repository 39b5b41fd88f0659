"""Granted scopes in both spellings."""

import pytest

from service.ehr.scopes import UNKNOWN_SCOPES, parse_scopes


def test_letters_of_v2_grant_what_they_stand_for() -> None:
    scopes = parse_scopes("system/Observation.crs")

    assert scopes.allows("Observation", "create")
    assert scopes.allows("Observation", "search")
    assert not scopes.allows("Observation", "update")


def test_write_of_v1_does_not_grant_reads() -> None:
    scopes = parse_scopes("system/Observation.write")

    assert scopes.allows("Observation", "update")
    assert not scopes.allows("Observation", "search")


def test_rights_of_one_type_add_up() -> None:
    scopes = parse_scopes("system/Observation.read system/Observation.c")

    assert scopes.allows("Observation", "read")
    assert scopes.allows("Observation", "create")


@pytest.mark.parametrize("text", ["system/*.*", "system/*.cruds", "user/*.*"])
def test_a_wildcard_grants_every_type(text: str) -> None:
    assert parse_scopes(text).allows("DocumentReference", "create")


def test_a_type_that_is_not_named_is_not_granted() -> None:
    assert not parse_scopes("openid system/Patient.rs").allows("Observation", "create")


def test_a_granular_scope_counts_for_reads_only() -> None:
    scopes = parse_scopes("system/Observation.cruds?category=survey")

    assert scopes.allows("Observation", "search")
    assert not scopes.allows("Observation", "create")


@pytest.mark.parametrize("text", [None, "", "openid launch/patient", "https://vendor.example/all"])
def test_what_names_no_right_on_a_resource_is_not_known(text: str | None) -> None:
    assert parse_scopes(text) == UNKNOWN_SCOPES
    assert parse_scopes(text).allows("Observation", "create")


@pytest.mark.parametrize("scope", ["system/Observation.sc", "system/Observation.xyz"])
def test_letters_out_of_order_or_unknown_are_passed_over(scope: str) -> None:
    scopes = parse_scopes(f"system/Patient.r {scope}")

    assert not scopes.allows("Observation", "search")
