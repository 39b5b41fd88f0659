"""A batch: independent requests, each with an answer of its own."""

import asyncio
import re

import pytest
from sqlalchemy import select
from starlette.responses import StreamingResponse
from starlette.types import Message

from fhir_mappings.structure import check_structure
from service.api.fhir.batch import EntryAnswer, SentEntry
from service.api.scopes_table import OPENINGS
from service.store.tables import audit_rows
from tests.service.api.fhir.bundles import asked, posted, send, statuses
from tests.service.api.fhir.calls import created_id, sent, session


def test_each_entry_is_answered_for_itself(client):
    answer = send(
        client, "batch", posted(session(8)), posted(session(9, status="draft")), asked("Patient/anna")
    )

    assert statuses(answer) == ["201", "422", "404"]
    assert (answer.json()["type"], check_structure(answer.json())) == ("batch-response", [])


def test_an_entry_that_is_created_says_where_and_which_version(client):
    (entry,) = send(client, "batch", posted(sent())).json()["entry"]

    stored = entry["resource"]
    assert entry["response"]["location"].endswith(f"/QuestionnaireResponse/{stored['id']}/_history/1")
    assert entry["response"]["etag"] == 'W/"1"'
    assert entry["response"]["lastModified"] == "2026-03-02T12:00:00+00:00"
    assert entry["fullUrl"].endswith(f"/fhir/QuestionnaireResponse/{stored['id']}")


def test_an_entry_that_is_refused_says_why(client):
    (entry,) = send(client, "batch", posted(sent(status="draft"))).json()["entry"]

    assert entry["response"]["outcome"]["issue"][0]["expression"] == ["QuestionnaireResponse.status"]
    assert "resource" not in entry


def test_reads_come_after_writes_and_the_answer_keeps_the_order(client):
    search = asked("QuestionnaireResponse?patient=Patient/anna&_total=accurate")
    answer = send(client, "batch", search, posted(sent()))

    assert statuses(answer) == ["200", "201"]
    assert answer.json()["entry"][0]["resource"]["total"] == 1


@pytest.mark.parametrize(
    "url",
    [
        "QuestionnaireResponse/{id}",
        "QuestionnaireResponse/{id}/_history/1",
        "QuestionnaireResponse/{id}/$extract",
        "Observation/{id}.total",
        "Observation?code=srs-3.total",
        "metadata",
        "/Questionnaire/srs-3-1.0.0",
        "http://127.0.0.1:8000/fhir/Questionnaire/srs-3-1.0.0",
    ],
)
def test_what_can_be_read_alone_can_be_read_in_a_batch(client, url):
    answer = send(client, "batch", asked(url.format(id=created_id(client, sent()))))

    assert statuses(answer) == ["200"]
    assert answer.json()["entry"][0]["resource"]


def test_conditions_of_an_entry_count(client):
    first = posted(sent(), ifNoneExist="identifier=urn:clinic:north|r-7")
    response_id = created_id(client, sent())
    known = asked(f"QuestionnaireResponse/{response_id}")
    known["request"]["ifNoneMatch"] = 'W/"1"'

    assert statuses(send(client, "batch", first, known)) == ["200", "304"]


@pytest.mark.parametrize(
    ("method", "url", "status"),
    [
        ("DELETE", "QuestionnaireResponse/r-7", "405"),
        ("PATCH", "QuestionnaireResponse/r-7", "405"),
        ("POST", "Patient", "405"),
        ("GET", "Medication/1", "404"),
    ],
)
def test_what_is_not_offered_is_refused_inside(client, method, url, status):
    answer = send(client, "batch", asked(url, method, resource={"resourceType": "Basic"}))

    assert statuses(answer) == [status]
    assert answer.json()["entry"][0]["response"]["outcome"]["issue"][0]["code"] == "not-supported"


def test_no_entry_leaves_the_fhir_door(client):
    assert (
        statuses(send(client, "batch", asked("x/../../live"), asked("x/%2e%2e/%2e%2e/live"))) == ["404"] * 2
    )
    assert statuses(send(client, "batch", asked("../v1/rupture-alerts"))) == ["400"]


@pytest.mark.parametrize(
    ("entry", "below"),
    [
        ("text", ".request"),
        ({"request": {"method": "LOOK", "url": "x"}}, ".request.method"),
        ({"request": {"method": "GET", "url": ""}}, ".request.url"),
        ({"request": {"method": "GET", "url": "https://other.example#x"}}, ".request.url"),
        ({"request": {"method": "POST", "url": "x"}}, ".resource"),
    ],
)
def test_an_entry_that_cannot_be_read_holds_up_no_other(client, entry, below):
    answer = send(client, "batch", posted(sent()), entry, asked("metadata"))

    assert statuses(answer) == ["201", "400", "200"]
    issue = answer.json()["entry"][1]["response"]["outcome"]["issue"][0]
    assert issue["expression"] == [f"Bundle.entry[1]{below}"]


def test_every_entry_is_audited_under_the_request_of_the_batch(client, database):
    send(client, "batch", posted(sent()), asked("Observation/none"), X_Request_Id="b-1")
    with database.read() as tx:
        columns = (audit_rows.c.action, audit_rows.c.route, audit_rows.c.status, audit_rows.c.request_id)
        rows = {tuple(row) for row in tx.execute(select(*columns))}

    assert rows == {
        ("C", "/fhir/QuestionnaireResponse", 201, "b-1"),
        ("R", "/fhir/Observation/{logical_id}", 404, "b-1"),
        ("E", "/fhir", 200, "b-1"),
    }


def test_an_empty_batch_is_answered(client):
    assert statuses(send(client, "batch")) == []


def test_a_streamed_answer_to_an_entry_comes_to_its_end():
    answer = EntryAnswer()
    sent = SentEntry(b"", answer)
    asked_again = 0

    async def receive() -> Message:
        nonlocal asked_again
        asked_again += 1
        if asked_again > 3:  # without this the test would go on for ever where it fails
            raise AssertionError("the body was handed out again and again")
        return await sent.receive()

    streamed = StreamingResponse(iter([b"one", b"two"]))
    asyncio.run(streamed({"type": "http"}, receive, answer.take))

    assert answer.body == b"onetwo"


def _read_by_get() -> list[str]:
    """Return every address of the FHIR door that is read, below its base, with an id of nobody."""
    paths = [path for method, path in OPENINGS if method == "GET" and path.startswith("/fhir/")]
    return [re.sub(r"{[^}]+}", "none", path.removeprefix("/fhir/")) for path in paths]


def test_every_route_that_is_read_answers_in_a_batch(client):
    entries = [asked(url) for url in _read_by_get()]
    answered = statuses(send(client, "batch", *entries, Prefer="respond-async"))

    assert len(answered) == len(entries) > 50
    assert {status[0] for status in answered} <= {"2", "3", "4"}


@pytest.mark.parametrize(
    "url",
    ["exports/1", "exports/1/2", "%65xports/1/2", "Patient/$export?_type=Observation", "Patient/%24export"],
)
def test_an_export_is_begun_and_fetched_by_requests_of_their_own(client, url):
    answer = send(client, "batch", asked(url), Prefer="respond-async")

    assert statuses(answer) == ["400"]
    issue = answer.json()["entry"][0]["response"]["outcome"]["issue"][0]
    assert issue["expression"] == ["Bundle.entry[0].request.url"]
