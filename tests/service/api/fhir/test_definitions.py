import pytest

from tests.builders import NAMES
from tests.service.api.fhir.calls import SRS_FORM, ids, search


def test_a_form_is_found_by_url_and_version(client):
    assert ids(search(client, "Questionnaire", url=SRS_FORM, version="1.0.0")) == ["srs-3-1.0.0"]


@pytest.mark.parametrize(
    ("parameters", "count"),
    [
        ({}, 30),
        ({"url": "https://other.example/q"}, 0),
        ({"version": "9.9.9"}, 0),
        ({"_id": "srs-3-1.0.0"}, 1),
        ({"title": "session rating"}, 1),
        ({"title": "rating"}, 0),
        ({"status": "active"}, 24),
        ({"status": "draft"}, 6),
        ({"url": NAMES.questionnaire("wai-srt-therapist")}, 0),
    ],
)
def test_forms_are_found_by_what_they_carry(client, parameters, count):
    found = search(client, "Questionnaire", **parameters)

    assert found["total"] == len(ids(found)) == count


def test_forms_come_page_by_page(client):
    first = search(client, "Questionnaire", _count="20")
    second = client.get(next(one["url"] for one in first["link"] if one["relation"] == "next")).json()

    assert len({*ids(first), *ids(second)}) == 30
    assert [one["relation"] for one in second["link"]] == ["self", "first"]


def test_codes_are_served_at_their_own_address(client):
    answer = client.get("/fhir/CodeSystem/alliance-measures-1.0.0")

    assert answer.json()["url"] == NAMES.measures


def test_our_extensions_are_served_as_structure_definitions(client):
    found = search(client, "StructureDefinition", url=NAMES.extension("session-number"))

    assert [one["resource"]["type"] for one in found["entry"]] == ["Extension"]


def test_a_form_that_the_caller_has_is_not_sent_again(client):
    tag = client.get("/fhir/Questionnaire/srs-3-1.0.0").headers["etag"]

    again = client.get("/fhir/Questionnaire/srs-3-1.0.0", headers={"If-None-Match": tag})

    assert again.status_code == 304
