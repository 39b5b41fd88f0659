import pytest

from service.ehr.capabilities import Capabilities, TypeCapabilities, parse_capabilities


def a_statement(**server: object) -> dict[str, object]:
    return {
        "resourceType": "CapabilityStatement",
        "fhirVersion": "4.0.1",
        "rest": [{"mode": "server", **server}],
    }


def observation(**changes: object) -> dict[str, object]:
    codes = [{"code": "create"}, {"code": "update"}]
    return {"type": "Observation", "interaction": codes, **changes}


def parsed(**changes: object) -> Capabilities:
    return parse_capabilities(a_statement(resource=[observation(**changes)]))


def test_what_is_not_declared_is_not_offered() -> None:
    offered = parse_capabilities(a_statement()).of("Observation")
    assert offered == TypeCapabilities()


def test_create_and_update_are_read_from_the_interactions() -> None:
    offered = parsed().of("Observation")
    assert offered.create
    assert offered.update
    assert not offered.update_create


def test_conditions_and_client_ids_count_only_when_true() -> None:
    offered = parsed(conditionalCreate=True, updateCreate="yes").of("Observation")
    assert offered.conditional_create
    assert not offered.update_create


def test_search_parameters_and_profiles_are_kept_by_name() -> None:
    offered = parsed(searchParam=[{"name": "identifier"}], supportedProfile=["https://p"]).of("Observation")
    assert offered.search_params == {"identifier"}
    assert offered.profiles == {"https://p"}


def test_a_transaction_must_be_declared_by_the_server_itself() -> None:
    assert parse_capabilities(a_statement(interaction=[{"code": "transaction"}])).transaction
    assert not parse_capabilities(a_statement(interaction=[{"code": "batch"}])).transaction


def test_what_was_refused_is_struck_out() -> None:
    declared = parse_capabilities(
        a_statement(resource=[observation()], interaction=[{"code": "transaction"}]),
    )
    assert not declared.without("transaction").transaction
    assert not declared.without("create", "Observation").of("Observation").create
    assert declared.without("create", "Observation").of("Observation").update
    assert not declared.without("update", "Observation").of("Observation").update


@pytest.mark.parametrize(
    "statement",
    [None, [], {}, {"resourceType": "Bundle"}, {"resourceType": "CapabilityStatement", "rest": "x"}],
)
def test_anything_else_is_no_statement(statement: object) -> None:
    with pytest.raises(ValueError, match="CapabilityStatement") as refused:
        parse_capabilities(statement)
    assert "x" not in str(refused.value).split()
