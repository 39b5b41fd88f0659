"""How what was found is answered: in which order, on which page, in which shape, with what beside it."""

import pytest

from service.flows.correct_response import withdraw_response
from service.flows.deployment import Access
from tests.service.api.fhir.calls import (
    create,
    created_id,
    ids,
    link,
    search,
    sent,
    session,
    update,
    values,
)

KIND = "QuestionnaireResponse"
ACCESS = Access("default", "test", "test", "U", "test")


def pages(client, kind, **parameters):
    """Yield the pages of a search, each asked for when the one before was looked at."""
    page = search(client, kind, **parameters)
    while page:
        yield page
        following = link(page, "next")
        page = client.get(following).json() if following else None


def included(bundle):
    entries = [entry for entry in bundle.get("entry", []) if entry["search"]["mode"] == "include"]
    return sorted(entry["fullUrl"].removeprefix("http://127.0.0.1:8000/fhir/") for entry in entries)


@pytest.fixture
def updated(client, clock):
    """Sessions 10, 8 and 9, stored in this order, a minute after each other."""
    for number in (10, 8, 9):
        clock.now = clock.now.replace(minute=clock.now.minute + 1)
        create(client, session(number))


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("_lastUpdated", ["s-10", "s-8", "s-9"]),
        ("-_lastUpdated", ["s-9", "s-8", "s-10"]),
        ("authored", ["s-8", "s-9", "s-10"]),
    ],
)
def test_results_are_sorted_page_by_page(client, updated, sort, expected):
    assert [one for page in pages(client, KIND, _sort=sort, _count="1") for one in values(page)] == expected


def test_forms_are_sorted_by_their_elements(client):
    names = [entry["resource"]["name"] for entry in search(client, "Questionnaire", _sort="-name")["entry"]]

    assert names == sorted(names, reverse=True)


@pytest.mark.parametrize("sort", ["_lastUpdated", "-_lastUpdated", "authored", "-authored"])
def test_rows_that_come_while_paging_move_nothing(client, updated, clock, sort):
    seen = []
    for page in pages(client, KIND, _sort=sort, _count="1"):
        seen += values(page)
        clock.now = clock.now.replace(minute=clock.now.minute + 1)
        create(client, session(10 - 3 - len(seen)))

    assert sorted(seen) == ["s-10", "s-8", "s-9"]


@pytest.mark.parametrize("sort", ["_lastUpdated", "-_lastUpdated", "authored", "-authored"])
def test_a_correction_while_paging_neither_hides_nor_doubles(client, deployment, updated, sort):
    by_value = {one["resource"]["identifier"]["value"]: one for one in search(client, KIND)["entry"]}
    seen = []
    for page in pages(client, KIND, _sort=sort, _count="1"):
        seen += values(page)
        if len(seen) == 1:
            for one in by_value.values():
                withdraw_response(deployment, one["resource"]["id"], None, "typed twice", ACCESS)

    assert sorted(seen) == ["s-10", "s-8", "s-9"]


def test_what_was_corrected_while_paging_is_shown_in_its_newest_version(client, deployment, updated):
    first = search(client, KIND, _count="1")
    withdraw_response(deployment, search(client, KIND)["entry"][1]["resource"]["id"], None, "typo", ACCESS)

    second = client.get(link(first, "next")).json()["entry"][0]["resource"]

    assert (second["meta"]["versionId"], second["status"]) == ("2", "entered-in-error")


def test_the_total_stays_that_of_the_first_page(client, updated):
    first = search(client, KIND, _count="1")
    create(client, session(7))

    assert client.get(link(first, "next")).json()["total"] == first["total"] == 3


def test_an_observation_that_was_corrected_away_while_paging_is_in_error(client):
    body = session(9, total="37.0")
    response_id = created_id(client, body)
    created_id(client, session(10))
    first = search(client, "Observation", _count="1")
    bare = body | {"item": [{"linkId": "item-1", "answer": [{"valueDecimal": 9.0}]}]}
    assert update(client, response_id, bare, If_Match='W/"1"').status_code == 200

    second = client.get(link(first, "next")).json()["entry"][0]["resource"]

    assert (second["id"], second["status"]) == (f"{response_id}.total", "entered-in-error")


def test_every_page_links_to_the_first(client, updated):
    first, second, *_ = pages(client, KIND, patient="anna", _count="1")

    assert link(second, "first") == link(first, "self")


@pytest.mark.parametrize(
    ("parameters", "kept"),
    [
        (
            {"_summary": "true"},
            {"identifier", "questionnaire", "_questionnaire", "status", "subject", "authored"},
        ),
        ({"_summary": "text"}, {"text", "status"}),
        ({"_elements": "authored"}, {"authored", "status"}),
        ({"_elements": "questionnaire,item"}, {"questionnaire", "_questionnaire", "item", "status"}),
    ],
)
def test_only_what_is_asked_for_is_answered_and_marked(client, parameters, kept):
    text = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">a</div>'}
    create(client, sent(text=text, encounter=None, source=None))

    (entry,) = search(client, KIND, **parameters)["entry"]

    assert set(entry["resource"]) == kept | {"resourceType", "id", "meta"}
    assert [one["code"] for one in entry["resource"]["meta"]["tag"]] == ["SUBSETTED"]


def test_data_is_all_but_the_narrative(client):
    response_id = created_id(client, sent())

    data = client.get(f"/fhir/Observation/{response_id}.total?_summary=data").json()

    assert "text" not in data
    assert data["valueQuantity"]["value"] == 36.3


def test_an_element_of_several_types_is_named_without_them(client):
    create(client, sent())

    shown = search(client, "Observation", code="srs-3.total", _elements="value")["entry"][0]["resource"]

    assert set(shown) == {"resourceType", "id", "meta", "status", "code", "valueQuantity"}


def test_a_summary_may_only_count(client, updated):
    found = search(client, KIND, _summary="count", _total="none")

    assert (found["total"], found.get("entry")) == (3, None)


@pytest.mark.parametrize(
    "query", ["_summary=count", "_summary=x", "_elements=", "_elements=a&_summary=true", "_elements=a.b"]
)
def test_a_read_in_a_shape_that_cannot_be_had_is_refused(client, query):
    assert client.get(f"/fhir/Questionnaire/srs-3-1.0.0?{query}").status_code == 400


def test_scores_bring_their_responses_along(client):
    response_id = created_id(client, sent())

    bundle = search(client, "Observation", _include="Observation:derived-from", _count="2")

    assert included(bundle) == [f"{KIND}/{response_id}"]
    assert (bundle["total"], len(ids(bundle))) == (6, 3)


def test_a_panel_brings_its_members_along_each_once(client):
    response_id = created_id(client, sent())
    parts = ["item-1", "item-2", "item-3", "item-4", "total"]

    panel = search(client, "Observation", code="srs-3", _include="Observation:has-member")
    everything = search(client, "Observation", _include="Observation:has-member")

    assert included(panel) == [f"Observation/{response_id}.{part}" for part in parts]
    assert included(everything) == []


def test_responses_bring_their_form_along(client, updated):
    bundle = search(client, KIND, _include="QuestionnaireResponse:questionnaire", _summary="true")

    assert included(bundle) == ["Questionnaire/srs-3-1.0.0"]
    assert "item" not in bundle["entry"][-1]["resource"]


def test_alerts_bring_their_scores_along(client):
    for number in range(4, 10):
        create(client, session(number, total="37.0"))
    low = created_id(client, session(10, total="22.0"))

    bundle = search(client, "DetectedIssue", _include="DetectedIssue:implicated")

    assert included(bundle) == [f"Observation/{low}.total"]


def test_scores_bring_their_provenance_along(client):
    response_id = created_id(client, sent())

    bundle = search(client, "Observation", code="srs-3.total", _revinclude="Provenance:target")

    assert included(bundle) == [f"Provenance/{response_id}-1"]


def test_with_a_summary_of_text_nothing_comes_along(client):
    answer = client.get("/fhir/Observation?_summary=text&_include=Observation:derived-from")

    assert answer.status_code == 400
