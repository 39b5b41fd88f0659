import pytest

from service.sandbox import SURFACES, create_sandbox, find_surface
from tests.service.sandbox.conftest import TestClient


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


@pytest.mark.parametrize("version", ["4.0.1", "4.3.0", "5.0.0"])
def test_it_says_to_speak_the_release_that_it_was_started_in(tmp_path, version):
    app = create_sandbox(str(tmp_path / "ehr.db"), find_surface("everything", version))
    with TestClient(app) as client:
        assert client.get("/fhir/metadata").json()["fhirVersion"] == version


def test_an_unknown_release_is_refused_naming_the_known():
    with pytest.raises(ValueError, match=r"4\.0\.1, 4\.3\.0, 5\.0\.0"):
        find_surface("everything", "4.0")


def test_an_unknown_surface_is_refused_naming_the_known():
    with pytest.raises(ValueError, match="everything, no-transaction"):
        find_surface("paper")
