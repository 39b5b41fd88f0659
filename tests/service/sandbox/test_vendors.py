"""Surfaces in the shape of products: what they refuse, and how they answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from service.sandbox import SURFACES, create_sandbox, find_surface, seed_database
from tests.service.sandbox.build import observation, put_entry, response
from tests.service.sandbox.conftest import FHIR, NOW, Caller, TestClient

ANNA = "Patient/anna"
PEOPLE = [
    {"resourceType": "Patient", "id": "anna"},
    {"resourceType": "Encounter", "id": "e-1", "subject": {"reference": ANNA}},
]


@contextmanager
def a_caller(folder: Path, surface: str) -> Iterator[Caller]:
    file = str(folder / "ehr.db")
    entries = [put_entry(one) for one in PEOPLE]
    seed_database(file, {"resourceType": "Bundle", "type": "transaction", "entry": entries})
    app = create_sandbox(file, SURFACES[surface], clock=lambda: NOW)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield Caller(client)


def a_note(**changes: Any) -> dict[str, Any]:
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "docStatus": "final",
        "subject": {"reference": ANNA},
        "content": [{"attachment": {"contentType": "text/plain", "data": "U1JT"}}],
        "context": {"encounter": [{"reference": "Encounter/e-1"}]},
    } | changes


def vendor_code(answer: Any) -> str:
    return str(answer.json()["issue"][0]["details"]["coding"][0]["code"])


@pytest.mark.parametrize("surface", SURFACES)
def test_each_declares_itself_and_people_can_be_read(tmp_path: Path, surface: str) -> None:
    with a_caller(tmp_path, surface) as caller:
        statement = caller.http.get("/fhir/metadata").json()

        assert caller.http.get(f"/fhir/{ANNA}").status_code == 200
        assert statement["software"]["name"] == SURFACES[surface].habits.software


def test_an_unknown_surface_is_answered_with_those_that_exist() -> None:
    with pytest.raises(ValueError, match="athenahealth"):
        find_surface("fax")


@pytest.mark.parametrize(
    ("note", "code"),
    [
        (a_note(context={"period": {"start": "2026-03-02"}}), "59108"),
        (a_note(content=[{"attachment": {"contentType": "application/pdf"}}]), "59105"),
        (a_note(author=[{"display": "Alliance service"}]), "59111"),
    ],
)
def test_epic_refuses_what_is_no_plain_note_of_an_encounter(
    tmp_path: Path, note: dict[str, Any], code: str
) -> None:
    with a_caller(tmp_path, "epic") as caller:
        assert vendor_code(caller.create(note)) == code


def test_epic_files_an_identical_note_twice_and_tells_a_relative_place(tmp_path: Path) -> None:
    with a_caller(tmp_path, "epic") as caller:
        answers = [caller.create(a_note()) for _ in range(2)]

        assert answers[0].headers["location"].startswith("DocumentReference/")
        assert "etag" not in answers[0].headers
        assert len(caller.found(f"DocumentReference?patient={ANNA}")) == 2


def test_epic_refuses_scores_and_responses_though_it_declares_them(tmp_path: Path) -> None:
    with a_caller(tmp_path, "epic") as caller:
        assert vendor_code(caller.create(observation(ANNA))) == "59187"
        assert vendor_code(caller.create(response(ANNA))) == "59012"


def test_oracle_searches_for_nobody_in_particular_are_refused(tmp_path: Path) -> None:
    with a_caller(tmp_path, "oracle") as caller:
        answer = caller.http.get("/fhir/Observation?code=x")

        assert answer.status_code == 400
        assert answer.json()["issue"][0]["details"]["text"] == "No supported search parameters"


def test_oracle_shows_a_resource_on_two_pages(tmp_path: Path) -> None:
    with a_caller(tmp_path, "oracle") as caller:
        for value in ("a", "b", "c"):
            caller.create(observation(ANNA, value))
        first = caller.http.get(f"/fhir/Observation?patient={ANNA}&_count=2").json()
        following = next(link["url"] for link in first["link"] if link["relation"] == "next")
        second = caller.http.get(following).json()

        assert first["entry"][-1]["resource"]["id"] == second["entry"][0]["resource"]["id"]
        assert len(second["entry"]) == 2


def test_oracle_answers_a_stale_version_with_409(tmp_path: Path) -> None:
    with a_caller(tmp_path, "oracle") as caller:
        made = caller.create(observation(ANNA)).json()

        assert caller.update(made, If_Match='W/"9"').status_code == 409


def test_athenahealths_gateway_knows_no_fhir(tmp_path: Path) -> None:
    with a_caller(tmp_path, "athenahealth") as caller:
        answer = caller.http.post("/fhir/Flag", json={"resourceType": "Flag"}, headers=FHIR)

        assert (answer.status_code, answer.headers["content-type"]) == (404, "text/plain; charset=utf-8")


def test_canvas_takes_a_new_response_completed_only(tmp_path: Path) -> None:
    with a_caller(tmp_path, "canvas") as caller:
        assert caller.create(response(ANNA)).status_code == 201
        assert caller.create(response(ANNA, "r-2", status="amended")).status_code == 422


def test_openemr_answers_a_uuid_and_no_place(tmp_path: Path) -> None:
    with a_caller(tmp_path, "openemr") as caller:
        answer = caller.create(response(ANNA))

        assert answer.json().keys() == {"uuid"}
        assert "location" not in answer.headers
        assert caller.http.get("/fhir/QuestionnaireResponse").status_code == 405


def test_a_condition_is_ignored_where_it_is_not_declared(tmp_path: Path) -> None:
    with a_caller(tmp_path, "canvas") as caller:
        for _ in range(2):
            caller.create(observation(ANNA), If_None_Exist="identifier=urn:test|r-1")

        assert len(caller.found(f"Observation?patient={ANNA}")) == 2
