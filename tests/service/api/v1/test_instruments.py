from decimal import Decimal

import pytest
from starlette.testclient import TestClient

from fhir_mappings import json_text
from fhir_mappings.catalogue import builtin_instruments


def test_the_list_names_every_instrument(client: TestClient) -> None:
    answer = client.get("/v1/instruments").json()
    assert [item["id"] for item in answer["items"]] == list(builtin_instruments())
    assert answer["next"] is None


def test_an_instrument_that_is_off_is_not_found_and_says_so(client: TestClient) -> None:
    answer = client.get("/v1/instruments/wai-srt-therapist")
    assert answer.status_code == 404
    assert "ALLIANCE_ENABLED_INSTRUMENTS" in answer.json()["detail"]


def test_every_kind_of_item_shows_what_may_be_answered(client: TestClient) -> None:
    items = client.get("/v1/instruments/session-reflection-therapist").json()["items"]
    assert {item["kind"] for item in items} == {"choice", "text"}
    signs = next(item for item in items if item["link_id"] == "signs")
    assert signs["several"]
    assert [option["code"] for option in signs["options"] if option["exclusive"]] == ["none-seen"]


def test_an_item_says_when_it_is_open(client: TestClient) -> None:
    items = client.get("/v1/instruments/rupture-report-client").json()["items"]
    assert (items[0]["kind"], items[0]["required"], items[0]["enabled_when"]) == ("flag", True, None)
    assert items[1]["enabled_when"] == {"item": "happened", "answer": True}


def test_role_direction_and_ages_are_shown(client: TestClient) -> None:
    answer = client.get("/v1/instruments/ors-client").json()
    assert answer["role"] == "outcome"
    assert [one["direction"] for one in answer["scores"]] == ["high-is-good"]
    assert {(one["use"], one["age_from"], one["age_to"]) for one in answer["cut_offs"]} == {
        ("clinical-range", 18, None),
        ("clinical-range", 13, 17),
    }


@pytest.mark.parametrize("name", ["srs-3", "srs-3|1.0.0"])
def test_an_instrument_is_read_by_id_and_by_revision(client: TestClient, name: str) -> None:
    answer = client.get(f"/v1/instruments/{name}")
    assert answer.status_code == 200
    assert answer.json()["reference"] == "srs-3|1.0.0"


@pytest.mark.parametrize("name", ["srs", "srs-3|9.9.9", "SRS-3"])
def test_an_unknown_instrument_is_not_found(client: TestClient, name: str) -> None:
    answer = client.get(f"/v1/instruments/{name}")
    assert answer.status_code == 404


def test_items_show_ranges_and_anchors_with_exact_numbers(client: TestClient) -> None:
    item = json_text.loads(client.get("/v1/instruments/srs-3").content)["items"][0]
    assert (item["minimum"], item["maximum"], item["step"]) == (0, 10, Decimal("0.1"))
    assert item["choices"] == []
    assert item["lower_anchor"]


def test_choices_show_the_weight_to_send(client: TestClient) -> None:
    item = client.get("/v1/instruments/wai-sr-client").json()["items"][0]
    assert [choice["weight"] for choice in item["choices"]] == [1, 2, 3, 4, 5]


def test_scores_and_cut_offs_name_their_source(client: TestClient) -> None:
    answer = client.get("/v1/instruments/srs-3").json()
    assert [cut_off["id"] for cut_off in answer["cut_offs"]] == ["total-36", "item-9", "fall-1"]
    assert all(rule["source"] for rule in (*answer["cut_offs"], *answer["scores"]))


def test_licence_citation_and_push_rule_are_shown(client: TestClient) -> None:
    answer = client.get("/v1/instruments/wai-sr-client").json()
    assert answer["copyright"]
    assert answer["citation"]
    assert answer["push"] == "always"
