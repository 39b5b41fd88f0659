import pytest

from fhir_mappings import json_text
from service.ehr.places import (
    Place,
    etag,
    parse_etag,
    parse_location,
    place_in_answer,
    place_of,
    places_in_transaction,
)
from service.http import Answer


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("https://ehr.example/fhir/Observation/12/_history/3", Place("Observation", "12", "3")),
        ("Observation/12", Place("Observation", "12")),
        ("/fhir/Observation/12/_history/3", Place("Observation", "12", "3")),
        ("Observation", None),
        ("", None),
        ("urn:uuid:0b72775d-a397-5285-b287-2ed437ae560e", None),
    ],
)
def test_a_location_names_type_id_and_version(text: str, place: Place | None) -> None:
    assert parse_location(text) == place


def test_an_etag_gives_its_version_and_back() -> None:
    assert parse_etag(etag("7")) == "7"
    assert parse_etag("") == ""


def test_a_version_missing_in_the_location_comes_from_the_etag() -> None:
    answer = Answer(201, {"location": "Observation/12", "etag": 'W/"4"'}, b"")
    assert place_in_answer(answer) == Place("Observation", "12", "4")


def test_without_a_location_the_body_tells_the_place() -> None:
    body = json_text.dumps({"resourceType": "Observation", "id": "12", "meta": {"versionId": "2"}})
    assert place_in_answer(Answer(201, {}, body)) == Place("Observation", "12", "2")


def test_an_answer_that_tells_no_place_has_none() -> None:
    assert place_in_answer(Answer(201, {}, b'{"uuid": "12"}')) is None


def a_transaction_answer(*entries: object, kind: str = "transaction-response") -> bytes:
    return json_text.dumps({"resourceType": "Bundle", "type": kind, "entry": list(entries)})


def test_a_transaction_tells_the_place_of_each_entry_in_order() -> None:
    first = {"response": {"status": "201 Created", "location": "Observation/1", "etag": 'W/"1"'}}
    second = {"response": {"status": "200"}, "resource": {"resourceType": "Observation", "id": "2"}}
    places = places_in_transaction(a_transaction_answer(first, second))
    assert places == [Place("Observation", "1", "1"), Place("Observation", "2")]


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"[]",
        a_transaction_answer(),
        a_transaction_answer({"response": {"status": "422"}}),
        a_transaction_answer({"response": {"status": "201"}}, kind="batch-response"),
        a_transaction_answer({}),
    ],
)
def test_anything_else_is_no_transaction_that_went_well(body: bytes) -> None:
    assert places_in_transaction(body) is None


def test_what_a_body_says_is_held_to_the_length_of_an_id() -> None:
    long_version = {"resourceType": "Observation", "id": "12", "meta": {"versionId": "9" * 65}}
    assert place_of(long_version) == Place("Observation", "12")
    assert place_of({"resourceType": "Observation", "id": "9" * 65}) is None


def test_an_answer_that_is_no_resource_may_name_the_id() -> None:
    answer = Answer(201, {}, json_text.dumps({"uuid": "9a1f", "id": 7}))
    assert place_in_answer(answer, "QuestionnaireResponse") == Place("QuestionnaireResponse", "9a1f")


def test_a_uuid_that_is_no_id_names_no_place() -> None:
    assert place_in_answer(Answer(201, {}, json_text.dumps({"uuid": "no id"})), "Observation") is None
