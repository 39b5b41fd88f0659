"""Every bad body gets a status, an OperationOutcome with place and fault, and changes nothing."""

from decimal import Decimal

import pytest

from fhir_mappings import json_text
from tests.builders import NAMES
from tests.service.api.fhir.calls import CREATE, FHIR, SRS_FORM, create, issues, row_counts, sent, session

ROOT = "QuestionnaireResponse"
MARK = f"{ROOT}.item[0].answer[0]"


def marked(value: object, **changes):
    return sent(item=[{"linkId": "item-1", "answer": [{"valueDecimal": value}]}], **changes)


CASES = {
    "not JSON": (b"{", 400, [("structure", "")]),
    "NaN": (b'{"resourceType":"QuestionnaireResponse","x":NaN}', 400, [("structure", "")]),
    "half a character": (b'{"resourceType":"\\ud800"}', 400, [("structure", "")]),
    "a number without end": (b'{"resourceType":"Patient","x":1E999999999}', 400, [("structure", "")]),
    "a number that JSON writers refuse": (b'{"resourceType":"Patient","x":1' + b"0" * 40 + b"}", 400, None),
    "a list": (b"[]", 400, [("structure", "")]),
    "a megabyte of nesting": (b"[" * 1_000_000, 400, [("structure", "")]),
    "another type": ({"resourceType": "Patient"}, 400, [("structure", f"{ROOT}.resourceType")]),
    "no type": ({}, 400, [("structure", f"{ROOT}.resourceType")]),
    "an unknown element": (sent(colour="red"), 400, [("structure", f"{ROOT}.colour")]),
    "an unknown form": (
        sent(questionnaire=f"{NAMES.base}/Questionnaire/srs-99"),
        422,
        [("not-found", f"{ROOT}.questionnaire")],
    ),
    "an unknown version": (
        sent(questionnaire=f"{SRS_FORM}|9.9.9"),
        422,
        [("not-found", f"{ROOT}.questionnaire")],
    ),
    "a patient in a form we do not know": (
        sent(subject={"reference": "urn:uuid:1"}, source=None),
        422,
        [("value", f"{ROOT}.subject.reference")],
    ),
    "a form answered by somebody else": (
        sent(source={"reference": "Patient/bob"}),
        422,
        [("business-rule", f"{ROOT}.source")],
    ),
    "six minutes ahead": (
        sent(authored="2026-03-02T12:06:00Z", extension=None),
        422,
        [("value", f"{ROOT}.authored")],
    ),
    "no zone": (sent(authored="2026-03-02T10:50:00"), 422, [("value", f"{ROOT}.authored")]),
    "a form that is corrected before it is there": (
        sent(status="amended"),
        422,
        [("business-rule", f"{ROOT}.status")],
    ),
    "10.05 on a scale of 0.1": (marked(Decimal("10.05")), 422, [("value", MARK)]),
    "9.05 on a scale of 0.1": (marked(Decimal("9.05")), 422, [("value", MARK)]),
    "a number as text": (sent(item=[{"linkId": "item-1", "answer": [{"valueString": "9"}]}]), 422, None),
    "a session after the form": (
        session(9, extension=[{"url": NAMES.extension("session-date"), "valueDate": "2026-03-01"}]),
        422,
        [("business-rule", f"{ROOT}.extension[0].value")],
    ),
}


@pytest.mark.parametrize(("body", "status", "expected"), CASES.values(), ids=CASES.keys())
def test_a_bad_body_is_refused_and_changes_nothing(client, database, body, status, expected):
    answer = create(client, body)

    found = issues(answer)
    assert answer.status_code == status
    assert expected is None or found == expected
    assert not any(row_counts(database).values())


def test_a_total_that_contradicts_its_items_is_named(client):
    items = [{"linkId": f"item-{n}", "answer": [{"valueDecimal": 9}]} for n in range(1, 5)]
    total = {"linkId": "total", "answer": [{"valueDecimal": Decimal("35.0")}]}

    answer = create(client, sent(item=[*items, total]))

    assert issues(answer) == [("business-rule", f"{ROOT}.item[4].answer[0]")]


def test_every_fault_is_told_at_once(client):
    body = marked(Decimal("10.05"), status="amended", authored="2026-03-02", subject=None, colour="red")

    answer = create(client, body)

    assert [place for _, place in issues(answer)] == [
        f"{ROOT}.status",
        f"{ROOT}.subject",
        f"{ROOT}.authored",
        MARK,
        f"{ROOT}.colour",
    ]


def test_a_body_over_the_limit_is_refused(client, database):
    answer = create(client, b" " * 1_048_577)

    assert answer.status_code == 413
    assert issues(answer) == [("too-long", "")]
    assert row_counts(database)["responses"] == 0


def test_a_body_that_grows_over_the_limit_is_refused(client):
    chunks = (b" " * 100_000 for _ in range(11))  # no Content-Length: sent in chunks

    answer = client.post(CREATE, content=chunks, headers=FHIR)

    assert answer.status_code == 413


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/xml", "application/json; charset=latin-1", ""]
)
def test_another_content_type_is_refused(client, media_type):
    answer = client.post(CREATE, content=json_text.dumps(sent()), headers={"Content-Type": media_type})

    assert answer.status_code == 415
    assert issues(answer) == [("not-supported", "http.Content-Type")]


def test_a_compressed_body_is_refused(client):
    assert create(client, sent(), Content_Encoding="gzip").status_code == 415


def test_no_refusal_repeats_a_value_that_was_sent(client, log_stream):
    canary = "Canary-Zebediah"
    body = sent(
        subject={"reference": canary, "display": canary},
        authored=canary,
        status=canary,
        questionnaire=canary,
        source={"reference": canary},
        identifier={"system": canary, "value": "\x00" + canary},
        item=[{"linkId": canary, "text": canary, "answer": [{"valueString": canary}]}],
    )

    answer = create(client, body, Authorization=f"Bearer {canary}")

    assert answer.status_code == 422
    assert canary not in answer.text
    assert canary not in log_stream.getvalue()
