"""What was stored stays readable, version by version."""

import pytest

from fhir_mappings.structure import check_structure
from tests.conftest import NOW
from tests.service.api.fhir.calls import create, created_id, ids, issues, link, read, sent, session, update

HALF = [{"linkId": f"item-{n}", "answer": [{"valueDecimal": 9}]} for n in (1, 2)]


@pytest.fixture
def stored(client, clock):
    """A response of three versions, the second without its total, the third withdrawn; a minute apart."""
    response_id = created_id(client, sent())
    clock.now = NOW.replace(minute=1)
    update(client, response_id, sent(item=HALF))
    clock.now = NOW.replace(minute=2)
    update(client, response_id, sent(item=HALF, status="entered-in-error"))
    return response_id


def history(client, path, query=""):
    return read(client, f"{path}/_history{query}")


def statuses(bundle):
    return [one["resource"]["status"] for one in bundle.get("entry", [])]


def test_every_version_is_there_the_newest_first(client, stored):
    bundle = history(client, f"QuestionnaireResponse/{stored}")

    assert check_structure(bundle) == []
    assert (bundle["type"], bundle["total"]) == ("history", 3)
    assert statuses(bundle) == ["entered-in-error", "amended", "completed"]


def test_each_version_says_how_it_came_about(client, stored):
    *_, changed, made = history(client, f"QuestionnaireResponse/{stored}")["entry"]

    assert changed["request"] == {"method": "PUT", "url": f"QuestionnaireResponse/{stored}"}
    assert made["request"] == {"method": "POST", "url": "QuestionnaireResponse"}
    assert (made["response"]["status"], made["response"]["etag"]) == ("201 Created", 'W/"1"')
    assert made["response"]["lastModified"] == "2026-03-02T12:00:00.000000Z"


def test_a_version_shows_what_was_stored_then(client, stored):
    first = read(client, f"QuestionnaireResponse/{stored}/_history/1")

    assert (first["status"], len(first["item"][0]["item"])) == ("completed", 5)


def test_pages_lead_to_the_oldest(client, stored):
    first = history(client, f"QuestionnaireResponse/{stored}", "?_count=2")
    second = client.get(link(first, "next")).json()

    assert statuses(first) + statuses(second) == ["entered-in-error", "amended", "completed"]
    assert (second["total"], link(second, "next")) == (3, None)


def test_versions_since_a_moment(client, stored):
    bundle = history(client, f"QuestionnaireResponse/{stored}", "?_since=2026-03-02T13:01:00%2B01:00")

    assert statuses(bundle) == ["entered-in-error", "amended"]


def test_nothing_but_the_number_of_versions(client, stored):
    bundle = history(client, f"QuestionnaireResponse/{stored}", "?_count=0")

    assert (bundle["total"], "entry" in bundle, link(bundle, "next")) == (3, False, None)


@pytest.mark.parametrize("query", ["_count=x", "_since=2026", "_since=2026-02-30T00:00:00Z", "_cursor=%FF"])
def test_a_bad_parameter_is_refused(client, stored, query):
    answer = client.get(f"/fhir/QuestionnaireResponse/{stored}/_history?{query}")

    assert answer.status_code == 400
    assert issues(answer) == [("value", f"http.{query.partition('=')[0]}")]


@pytest.mark.parametrize("kind", ["QuestionnaireResponse", "Observation", "DetectedIssue"])
def test_what_never_was_has_no_history(client, kind):
    assert client.get(f"/fhir/{kind}/nobody/_history").status_code == 404


def test_a_score_that_a_correction_took_away_has_its_history(client, stored):
    bundle = history(client, f"Observation/{stored}.total")

    assert statuses(bundle) == ["entered-in-error", "final"]
    assert [one["response"]["etag"] for one in bundle["entry"]] == ['W/"2"', 'W/"1"']


def test_a_score_that_stayed_has_every_version(client, stored):
    bundle = history(client, f"Observation/{stored}.item-1")

    assert statuses(bundle) == ["entered-in-error", "amended", "final"]
    assert check_structure(bundle) == []


@pytest.mark.parametrize(
    ("part", "version", "status"),
    [
        ("item-1", 1, "final"),
        ("item-1", 2, "amended"),
        ("total", 1, "final"),
        ("total", 2, "entered-in-error"),
    ],
)
def test_a_version_of_a_score_is_as_it_was(client, stored, part, version, status):
    found = read(client, f"Observation/{stored}.{part}/_history/{version}")

    assert (found["status"], found["meta"]["versionId"]) == (status, str(version))


def test_a_version_that_a_score_never_had_is_not_found(client, stored):
    assert client.get(f"/fhir/Observation/{stored}.total/_history/3").status_code == 404
    assert client.get(f"/fhir/Observation/{stored}.item-1/_history/4").status_code == 404


def test_what_an_alert_saw_stays_readable(client):
    for number in range(4, 10):
        create(client, session(number, total="37.0"))
    dip = created_id(client, session(10, total="22.0"))
    alert_id = ids(client.get("/fhir/DetectedIssue").json())[0]

    update(client, dip, session(10, total="24.0"))

    bundle = history(client, f"DetectedIssue/{alert_id}")
    before = read(client, f"DetectedIssue/{alert_id}/_history/1")
    assert bundle["total"] == 2
    assert ("22.0" in before["detail"], "24.0" in bundle["entry"][0]["resource"]["detail"]) == (True, True)


@pytest.mark.parametrize("path", ["Questionnaire/srs-3-1.0.0", "StructureDefinition/session-date-1.0.0"])
def test_a_definition_has_one_version(client, path):
    assert read(client, f"{path}/_history/1")["meta"]["versionId"] == "1"
    assert client.get(f"/fhir/{path}").headers["etag"] == 'W/"1"'
    assert client.get(f"/fhir/{path}/_history/2").status_code == 404
