from decimal import Decimal

import pytest
from starlette.testclient import TestClient

from fhir_mappings import json_text


def test_the_list_names_every_instrument(client: TestClient) -> None:
    answer = client.get("/v1/instruments").json()
    assert [item["id"] for item in answer["items"]] == ["srs-3", "wai-sr-client"]
    assert answer["next"] is None


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
