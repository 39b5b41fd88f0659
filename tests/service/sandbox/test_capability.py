import pytest

from service.sandbox import SURFACES, find_surface


def declared(caller) -> dict:
    return caller.http.get("/fhir/metadata").json()["rest"][0]


def test_the_full_surface_declares_transactions_and_conditional_creates(caller):
    rest = declared(caller)

    assert {one["code"] for one in rest["interaction"]} == {"transaction", "batch"}
    assert all(one["conditionalCreate"] and one["updateCreate"] for one in rest["resource"])


def test_the_plain_surface_declares_none_of_them(plain):
    rest = declared(plain)

    assert "interaction" not in rest
    assert not any(one["conditionalCreate"] or one["updateCreate"] for one in rest["resource"])
    assert "Provenance" not in {one["type"] for one in rest["resource"]}


def test_every_declared_search_parameter_is_answered(caller):
    refused = [
        (one["type"], parameter["name"])
        for one in declared(caller)["resource"]
        for parameter in one["searchParam"]
        if caller.http.get(f"/fhir/{one['type']}?{parameter['name']}=2026").status_code != 200
    ]

    assert refused == []


def test_every_type_of_every_surface_is_declared(caller, plain):
    for asked, name in ((caller, "everything"), (plain, "no-transaction")):
        assert [one["type"] for one in declared(asked)["resource"]] == list(SURFACES[name].types)


def test_an_unknown_surface_is_refused_naming_the_known():
    with pytest.raises(ValueError, match="everything, no-transaction"):
        find_surface("paper")
