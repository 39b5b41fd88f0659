"""The ViewDefinitions are built as SQL on FHIR says; tests/system/test_spark.py runs them."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class

from fhir_mappings.codes import DEFAULT_BASE, Names
from fhir_mappings.view_definitions import spark_script, view_definitions
from tests.builders import NAMES

VIEWS = view_definitions(NAMES)
# Two of them hold what repeats in an alert.
RESOURCES = {
    "alert_evidence": "DetectedIssue",
    "alerts": "DetectedIssue",
    "repair_steps": "DetectedIssue",
    "responses": "QuestionnaireResponse",
    "scores": "Observation",
    "tasks": "Task",
}
TYPES = {
    *("boolean", "canonical", "code", "date", "dateTime", "decimal", "id", "instant", "positiveInt"),
    *("string", "uri"),
}
# What a runner must know: build.fhir.org/ig/FHIR/sql-on-fhir-v2, "Supported FHIRPath".
FUNCTIONS = {"exists", "empty", "extension", "first", "ofType", "where", "getResourceKey", "getReferenceKey"}
SQL_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def columns_of(view: dict[str, Any]) -> list[dict[str, Any]]:
    return [column for select in view["select"] for column in select["column"]]


def paths_of(view: dict[str, Any]) -> Iterator[str]:
    """Every path from the resource itself; those below a ``forEach`` begin at what it repeats."""
    for select in view["select"]:
        repeated = select.get("forEach")
        yield from [repeated] if repeated else [column["path"] for column in select["column"]]
    yield from (one["path"] for one in view.get("where", ()))


def all_paths(view: dict[str, Any]) -> list[str]:
    return [*paths_of(view), *(column["path"] for column in columns_of(view))]


def test_there_is_a_view_for_each_table():
    assert {name: view["resource"] for name, view in VIEWS.items()} == RESOURCES


@pytest.mark.parametrize("name", RESOURCES)
def test_a_view_can_be_shared(name):
    view = VIEWS[name]

    assert (view["resourceType"], view["name"], view["fhirVersion"]) == ("ViewDefinition", name, ["4.0.1"])
    assert view["url"] == f"{DEFAULT_BASE}/ViewDefinition/{name.replace('_', '-')}"
    assert {column["type"] for column in columns_of(view)} <= TYPES
    assert all(column["description"].endswith(".") for column in columns_of(view))


@pytest.mark.parametrize("name", RESOURCES)
def test_its_columns_have_names_of_their_own_that_sql_takes(name):
    names = [column["name"] for column in columns_of(VIEWS[name])]

    assert len(set(names)) == len(names)
    assert all(SQL_NAME.fullmatch(one) for one in names)


@pytest.mark.parametrize("name", RESOURCES)
def test_it_asks_for_elements_of_its_resource_by_functions_that_every_runner_knows(name):
    view = VIEWS[name]
    elements = get_fhir_model_class(view["resource"]).model_fields
    # A choice is named without its type there: value.ofType(Quantity) is valueQuantity.
    known = {*elements, *(re.sub(r"[A-Z].*", "", one) for one in elements), "for"}
    begun = {re.split(r"[. ]", path)[0] for path in paths_of(view)} - {"getResourceKey()"}

    assert {re.sub(r"\(.*", "", one) for one in begun} <= known
    assert {one for path in all_paths(view) for one in re.findall(r"(\w+)\(", path)} <= FUNCTIONS


@pytest.mark.parametrize("name", RESOURCES)
def test_it_uses_each_constant_that_it_has_and_no_other(name):
    used = {one for path in all_paths(VIEWS[name]) for one in re.findall(r"%(\w+)", path)}

    assert used == {one["name"] for one in VIEWS[name].get("constant", ())}


def test_its_urls_hang_below_the_clinics_own_base():
    view = view_definitions(Names("https://clinic.example/r4"))["responses"]

    assert view["url"] == "https://clinic.example/r4/ViewDefinition/responses"
    assert {one["valueUri"] for one in view["constant"]} == {
        f"https://clinic.example/r4/StructureDefinition/{one}"
        for one in ("session-date", "session-number", "therapist")
    }


def test_the_script_for_spark_is_shipped_and_needs_nothing_of_ours():
    imported = re.findall(r"^(?:from|import) (\w+)", spark_script(), re.MULTILINE)

    assert "pathling" in imported
    assert {"service", "fhir_mappings"}.isdisjoint(imported)
