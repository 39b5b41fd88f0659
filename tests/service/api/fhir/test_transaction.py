"""A transaction of responses: everything, or nothing."""

import pytest

from fhir_mappings import json_text
from fhir_mappings.structure import check_structure
from service.api.fhir.bundle_entries import MOST_ENTRIES
from tests.service.api.fhir.bundles import asked, posted, send, statuses
from tests.service.api.fhir.calls import (
    FHIR,
    create,
    created_id,
    ids,
    issues,
    row_counts,
    search,
    sent,
    session,
)

FIRST, SECOND = (
    "urn:uuid:6c7e6d5a-0000-4000-8000-000000000001",
    "urn:uuid:6c7e6d5a-0000-4000-8000-000000000002",
)


def part_of(url):
    return [{"reference": url}]


@pytest.mark.parametrize("path", ["/fhir", "/fhir/"])
def test_all_are_recorded_and_answered_in_order(client, path):
    answer = send(client, "transaction", posted(session(8, "36.1")), posted(session(9, "36.2")), path=path)

    assert statuses(answer) == ["201", "201"]
    entries = answer.json()["entry"]
    assert [one["resource"]["identifier"]["value"] for one in entries] == ["s-8", "s-9"]
    assert (answer.json()["type"], check_structure(answer.json())) == ("transaction-response", [])
    assert all(one["response"]["etag"] == 'W/"1"' for one in entries)


@pytest.mark.parametrize("prefer", ["return=minimal", "return=OperationOutcome"])
def test_the_answer_is_as_short_as_preferred(client, prefer):
    (entry,) = send(client, "transaction", posted(sent()), Prefer=prefer).json()["entry"]

    assert "resource" not in entry
    assert ("outcome" in entry["response"]) == (prefer == "return=OperationOutcome")


def test_one_refusal_leaves_nothing_behind(client, database):
    before = row_counts(database)
    answer = send(client, "transaction", posted(session(8)), posted(session(9, status="draft")))

    assert answer.status_code == 422
    assert row_counts(database) == before


def test_all_faults_of_all_entries_are_told_together(client):
    first, last = session(8, status="draft"), session(9, authored="2026-03-02")
    answer = send(client, "transaction", posted(first), posted(session(10)), posted(last))

    assert [place for _, place in issues(answer)] == [
        "Bundle.entry[0].resource.status",
        "Bundle.entry[2].resource.authored",
    ]


def test_every_duplicate_is_told_and_nothing_is_recorded(client, database):
    for number in (8, 9):
        create(client, session(number))
    before = row_counts(database)
    again = [posted(session(number, "35.0")) for number in (8, 9, 10)]
    answer = send(client, "transaction", *again)

    assert answer.status_code == 409
    assert issues(answer) == [("duplicate", "Bundle.entry[0]"), ("duplicate", "Bundle.entry[1]")]
    assert row_counts(database) == before


def test_two_ratings_of_one_session_are_refused(client):
    other = session(8, identifier={"system": "urn:clinic:north", "value": "other"})
    answer = send(client, "transaction", posted(session(8)), posted(other))

    assert (answer.status_code, issues(answer)) == (409, [("duplicate", "Bundle.entry[1]")])


def test_what_is_here_already_is_answered_200(client):
    create(client, session(8))
    match = posted(session(9, "35.0"), ifNoneExist="identifier=urn:clinic:north|s-8")

    assert statuses(send(client, "transaction", posted(session(8)))) == ["200"]
    assert statuses(send(client, "transaction", match, posted(session(10)))) == ["200", "201"]


def test_references_between_entries_become_those_of_the_stored_responses(client):
    first = posted(session(8), FIRST)
    second = posted(session(9, partOf=part_of(FIRST)), SECOND)
    entries = send(client, "transaction", second, first).json()["entry"]

    assert entries[0]["resource"]["partOf"] == part_of(
        f"QuestionnaireResponse/{entries[1]['resource']['id']}"
    )


def test_a_reference_to_a_match_becomes_that_of_the_match(client):
    response_id = created_id(client, session(8))
    first = posted(session(8, "30.0"), FIRST, ifNoneExist="identifier=urn:clinic:north|s-8")
    entries = send(client, "transaction", first, posted(session(9, partOf=part_of(FIRST)))).json()["entry"]

    assert entries[1]["resource"]["partOf"] == part_of(f"QuestionnaireResponse/{response_id}")


def test_marks_keep_their_digits(client):
    answer = send(client, "transaction", posted(sent()))

    assert b'"valueDecimal":9.0' in answer.content


def test_later_ratings_of_a_transaction_are_judged_by_earlier_ones(client):
    send(client, "transaction", *[posted(session(number, "37.0")) for number in range(4, 10)])
    send(client, "transaction", posted(session(10, "22.0")))

    assert len(ids(search(client, "DetectedIssue"))) == 1


def test_the_same_response_twice_is_refused(client):
    answer = send(client, "transaction", posted(session(8), FIRST), posted(session(8), SECOND))

    assert (answer.status_code, issues(answer)) == (400, [("duplicate", "Bundle.entry[1]")])


@pytest.mark.parametrize(
    "entry",
    [
        asked("QuestionnaireResponse/r-7", "DELETE"),
        asked("QuestionnaireResponse?patient=anna"),
        asked("Observation", "POST", resource={"resourceType": "Observation"}),
    ],
)
def test_anything_but_responses_to_write_refuses_the_whole(client, database, entry):
    before = row_counts(database)
    answer = send(client, "transaction", posted(sent()), entry)

    assert (answer.status_code, issues(answer)) == (422, [("not-supported", "Bundle.entry[1]")])
    assert row_counts(database) == before


def test_several_matches_of_a_condition_are_told_with_their_place(client):
    for number in (8, 9):
        create(client, session(number))
    condition = "identifier=urn:clinic:north|s-8,urn:clinic:north|s-9"
    answer = send(client, "transaction", posted(session(10), ifNoneExist=condition))

    assert answer.status_code == 412
    assert issues(answer) == [("multiple-matches", "Bundle.entry[0].request.ifNoneExist")]


@pytest.mark.parametrize(
    "body",
    [
        {"resourceType": "Bundle", "type": "collection"},
        {"resourceType": "Bundle"},
        {"resourceType": "Patient"},
        {"resourceType": "Bundle", "type": "batch", "entry": {}},
        *(
            {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
            for entry in (
                "text",
                {"request": {"method": "LOOK", "url": "x"}},
                {"request": {"method": "GET", "url": ""}},
                {"request": {"method": "POST", "url": "x"}},
            )
        ),
    ],
)
def test_what_is_no_batch_or_transaction_is_refused(client, body):
    assert client.post("/fhir", content=json_text.dumps(body), headers=FHIR).status_code == 400


@pytest.mark.parametrize("reference", ["urn:uuid:none-of-these", "Procedure?identifier=urn:x|1"])
def test_a_reference_that_would_lead_nowhere_refuses_the_whole(client, reference):
    dangling = session(9, partOf=[{"reference": reference}])
    answer = send(client, "transaction", posted(session(8)), posted(dangling))

    assert (answer.status_code, issues(answer)[0][1]) == (400, "Bundle.entry[1].resource")
    assert ids(search(client, "QuestionnaireResponse")) == []


def test_too_many_entries_are_refused(client):
    answer = send(client, "batch", *[asked("metadata")] * (MOST_ENTRIES + 1))

    assert (answer.status_code, issues(answer)) == (413, [("too-long", "Bundle.entry")])


def corrected(response_id, total, **request):
    """Return the entry that corrects the rating of session 8."""
    entry = posted(
        session(8, total, id=response_id), method="PUT", url=f"QuestionnaireResponse/{response_id}"
    )
    return entry | {"request": entry["request"] | request}


def test_corrections_come_along_after_what_is_new(client):
    response_id = created_id(client, session(8))
    answer = send(client, "transaction", corrected(response_id, "30.5"), posted(session(9)))

    assert statuses(answer) == ["200", "201"]
    assert answer.json()["entry"][0]["response"]["etag"] == 'W/"2"'


def test_a_stale_correction_refuses_the_whole(client, database):
    response_id = created_id(client, session(8))
    before = row_counts(database)
    answer = send(client, "transaction", posted(session(9)), corrected(response_id, "30.5", ifMatch='W/"7"'))

    assert (answer.status_code, issues(answer)) == (412, [("conflict", "Bundle.entry[1].request.ifMatch")])
    assert row_counts(database) == before


def test_a_correction_of_nothing_is_refused(client):
    answer = send(client, "transaction", corrected("other", "30.5"))

    assert (answer.status_code, issues(answer)) == (422, [("not-supported", "Bundle.entry[0]")])


def test_one_response_is_not_corrected_twice(client):
    response_id = created_id(client, session(8))
    answer = send(client, "transaction", corrected(response_id, "30.5"), corrected(response_id, "31.5"))

    assert (answer.status_code, issues(answer)) == (400, [("duplicate", "Bundle.entry[1]")])
