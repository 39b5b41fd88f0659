"""Parameters, modifiers and chains beyond those of test_search.py."""

from dataclasses import replace

import pytest

from fhir_mappings.codes import OBSERVATION_STATUS, RESPONSE_STATUS, SNOMED, UCUM
from service.app import create_app
from service.log import Log
from service.settings import Settings
from tests.builders import NAMES
from tests.conftest import BASE_URL, TestClient
from tests.service.api.fhir.calls import (
    SYSTEM,
    create,
    created_id,
    ids,
    link,
    search,
    sent,
    session,
    values,
)

KIND = "QuestionnaireResponse"


def found(client, kind, query):
    answer = client.get(f"/fhir/{kind}?{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
def two(client):
    """r-7 with encounter, author and marks, and s-9, a bare total of 30.5 without either."""
    create(client, sent(author={"reference": "Practitioner/ada"}))
    create(client, session(9, total="30.5"))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("author=Practitioner/ada", ["r-7"]),
        ("author=ada", ["r-7"]),
        ("author:Practitioner=ada", ["r-7"]),
        ("author=Patient/ada", []),
        ("author:missing=true", ["s-9"]),
        ("source=Patient/anna", ["r-7", "s-9"]),
        ("source:Patient=anna", ["r-7", "s-9"]),
        ("source=ada", []),
        ("encounter:missing=true", ["s-9"]),
        ("encounter:missing=false", ["r-7"]),
        ("encounter:Encounter=session-7", ["r-7"]),
        ("patient:Patient=anna", ["r-7", "s-9"]),
        ("subject:missing=true", []),
        ("identifier:not=s-9", ["r-7"]),
        (f"identifier:not={SYSTEM}|s-9,{SYSTEM}|r-7", []),
        ("status:not=amended", ["r-7", "s-9"]),
        (f"status={RESPONSE_STATUS}|completed", ["r-7", "s-9"]),
        (f"status={RESPONSE_STATUS}|", ["r-7", "s-9"]),
        ("status=https://other.example|completed", []),
        ("_lastUpdated=2026-03-02", ["r-7", "s-9"]),
        ("_lastUpdated=gt2026-03-02", []),
        ("_lastUpdated=ap2026-03-02", ["r-7", "s-9"]),
        ("_lastUpdated:missing=false", ["r-7", "s-9"]),
    ],
)
def test_responses_are_found(client, two, query, expected):
    assert sorted(values(found(client, KIND, query))) == expected


def test_about_a_date_is_a_tenth_of_its_distance(client):
    create(client, session(8))  # on 2026-02-16, two weeks before the present moment

    assert len(ids(found(client, KIND, "authored=ap2026-02-15"))) == 1
    assert len(ids(found(client, KIND, "authored=ap2026-02-27"))) == 0


@pytest.mark.parametrize(
    ("query", "totals"),
    [
        ("value-quantity=36.3", ["36.3"]),
        ("value-quantity=36", ["36.3"]),
        ("value-quantity=36.0", []),
        ("value-quantity=ne36.3", ["30.5"]),
        ("value-quantity=gt30.5", ["36.3"]),
        ("value-quantity=ge30.5", ["36.3", "30.5"]),
        ("value-quantity=lt36.3", ["30.5"]),
        ("value-quantity=le36.3", ["36.3", "30.5"]),
        ("value-quantity=ap32", ["30.5"]),
        (f"value-quantity=36.3|{UCUM}|%7Bscore%7D", ["36.3"]),
        ("value-quantity=36.3||score", ["36.3"]),
        (f"value-quantity=36.3|{UCUM}|mm", []),
        ("value-quantity=36.3,30.5", ["36.3", "30.5"]),
        ("performer=Patient/anna", ["36.3", "30.5"]),
        ("performer=bob", []),
        ("encounter=session-7", ["36.3"]),
        (f"status={OBSERVATION_STATUS}|final", ["36.3", "30.5"]),
    ],
)
def test_totals_are_found(client, two, query, totals):
    bundle = found(client, "Observation", f"code=srs-3.total&{query}")

    shown = [str(entry["resource"]["valueQuantity"]["value"]) for entry in bundle.get("entry", [])]
    assert shown == totals


@pytest.mark.parametrize("value", ["1|2", "x", "gt", "1e3", "1,"])
def test_a_number_that_is_none_is_refused(client, value):
    assert client.get("/fhir/Observation", params={"value-quantity": value}).status_code == 400


def test_what_has_no_number_has_no_quantity(client, two):
    parts = {
        one.partition(".")[2] for one in ids(found(client, "Observation", "value-quantity:missing=true"))
    }

    assert parts == {"panel"}


def test_a_code_that_is_not_asked_for(client, two):
    bundle = found(client, "Observation", "code:not=srs-3.total&encounter=session-7")

    assert {one.partition(".")[2] for one in ids(bundle)} == {"item-1", "item-2", "item-3", "item-4", "panel"}


def test_a_panel_is_found_by_its_members(client):
    response_id = created_id(client, sent())
    panel = [f"{response_id}.panel"]

    assert ids(search(client, "Observation", has_member=f"Observation/{response_id}.total")) == panel
    assert ids(search(client, "Observation", has_member=f"{response_id}.item-1")) == panel
    assert ids(search(client, "Observation", has_member=f"{response_id}.nonsense")) == []
    assert ids(search(client, "Observation", has_member=f"{response_id}.panel")) == []


def test_every_score_and_alert_has_an_identifier_of_ours(client):
    create(client, sent())

    assert len(ids(search(client, "Observation", identifier=f"{NAMES.identifier('score')}|"))) == 6
    assert ids(search(client, "Observation", identifier="urn:other|x")) == []


@pytest.mark.parametrize(
    ("query", "count"),
    [
        (f"code={NAMES.measures}|possible-strain", 1),
        ("code=possible-strain", 1),
        ("code=other", 0),
        ("author=Device/alliance-service", 1),
        ("author=Device/other", 0),
        ("_lastUpdated=ge2026-03-02", 1),
        (f"identifier={NAMES.identifier('alert')}|", 1),
    ],
)
def test_alerts_are_found(client, query, count):
    for number in range(4, 10):
        create(client, session(number, total="37.0"))
    create(client, session(10, total="22.0"))

    assert found(client, "DetectedIssue", query)["total"] == count


@pytest.mark.parametrize(
    ("query", "total"),
    [
        ("authored=ge0001-01-01&authored=le9999-12-31", 2),
        ("authored=lt9999", 2),
        ("authored=9999-12-31", 0),
        ("authored=ne9999-12-31", 2),
        ("authored=le9999-12-31T23:59:59-14:00", 2),
        ("authored=ge0001-01-01T00:00:00%2B14:00", 2),
        ("_lastUpdated=gt2026-01-01T00:00:00.1234567Z", 2),
    ],
)
def test_a_bound_beyond_all_time_is_none(client, two, query, total):
    assert found(client, KIND, query)["total"] == total


def test_what_has_no_components_is_found_by_none(client, two):
    assert found(client, "Observation", "component-code=srs-3.total")["total"] == 0


@pytest.mark.parametrize("query", ["pateint=anna", "_text=x&pateint=anna", "%C3%A4=1"])
def test_what_is_left_out_of_account_is_said(client, two, query):
    bundle = found(client, KIND, query)

    assert [entry["search"]["mode"] for entry in bundle["entry"]] == ["match", "match", "outcome"]
    assert (link(bundle, "self") or "").endswith(f"/fhir/{KIND}")


def test_a_count_that_is_too_large_is_shown_as_it_was_used(client):
    assert (link(found(client, KIND, "_count=9999"), "self") or "").endswith("?_count=200")


@pytest.mark.parametrize(("coded", "count"), [(True, 1), (False, 0)])
def test_a_code_of_others_finds_what_carries_it(deployment, database, log_stream, coded, count):
    settings = Settings(database_url=database.url, snomed_codes=coded)
    app = create_app(replace(deployment, settings=settings), Log(log_stream))
    with TestClient(app, base_url=BASE_URL) as client:
        create(client, sent())
        assert search(client, "Observation", code=f"{SNOMED}|720482000")["total"] == count


def test_too_many_conditions_are_refused(client):
    answer = client.get("/fhir/Observation?" + "&".join(["code=x"] * 21))

    assert answer.status_code == 400


def test_a_form_may_add_to_its_address(client, two):
    by_form = client.post(f"/fhir/{KIND}/_search?patient=anna", data={"encounter": "session-7"})

    assert values(by_form.json()) == ["r-7"]
