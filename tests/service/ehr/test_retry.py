from datetime import UTC, datetime

import pytest

from service.ehr.retry import (
    BACK_OFF_CAP_SECONDS,
    Verdict,
    back_off_seconds,
    classify_answer,
    classify_error,
    issue_codes,
    retry_after_seconds,
)
from service.errors import EhrSilent, EhrUnreachable
from service.http import Answer
from tests.service.ehr.fake_ehr import outcome

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def an_answer(status: int, body: bytes = b"", **headers: str) -> Answer:
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, Verdict.CONFIRMED),
        (201, Verdict.CONFIRMED),
        (202, Verdict.UNKNOWN),
        (307, Verdict.LATER),
        (400, Verdict.REJECTED),
        (401, Verdict.LATER),
        (403, Verdict.REJECTED),
        (404, Verdict.NOT_TAKEN),
        (405, Verdict.NOT_TAKEN),
        (408, Verdict.UNKNOWN),
        (409, Verdict.LOST_RACE),
        (412, Verdict.LOST_RACE),
        (413, Verdict.REJECTED),
        (422, Verdict.REJECTED),
        (429, Verdict.LATER),
        (500, Verdict.UNKNOWN),
        (501, Verdict.NOT_TAKEN),
        (502, Verdict.UNKNOWN),
        (503, Verdict.UNKNOWN),
    ],
)
def test_each_status_means_one_thing_for_a_create(status: int, verdict: Verdict) -> None:
    assert classify_answer(an_answer(status), "POST", NOW).verdict is verdict


def test_503_with_retry_after_was_not_performed() -> None:
    found = classify_answer(an_answer(503, retry_after="7"), "POST", NOW)
    assert (found.verdict, found.after_seconds, found.whole_ehr) == (Verdict.LATER, 7.0, False)


def test_an_update_of_what_is_gone_is_refused() -> None:
    assert classify_answer(an_answer(404), "PUT", NOW).verdict is Verdict.REJECTED


def test_a_web_page_confirms_nothing() -> None:
    page = an_answer(200, b"<html>", content_type="text/html; charset=utf-8")
    assert classify_answer(page, "POST", NOW).verdict is Verdict.UNKNOWN


def test_429_without_retry_after_waits_a_minute_for_the_whole_ehr() -> None:
    found = classify_answer(an_answer(429), "POST", NOW)
    assert (found.after_seconds, found.whole_ehr) == (60.0, True)


def test_an_unreachable_ehr_is_tried_later_and_a_silent_one_searched() -> None:
    assert classify_error(EhrUnreachable("connect-error")).verdict is Verdict.LATER
    assert classify_error(EhrSilent("read-timeout")).verdict is Verdict.UNKNOWN


def test_back_off_doubles_up_to_its_cap() -> None:
    assert [back_off_seconds(number) for number in (1, 2, 3, 4)] == [1.0, 2.0, 4.0, 8.0]
    assert back_off_seconds(1_000_000) == BACK_OFF_CAP_SECONDS


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120.0),
        ("Mon, 02 Mar 2026 12:00:30 GMT", 30.0),
        ("Mon, 02 Mar 2026 11:00:00 GMT", 0.0),
        ("99999999999", 86_400.0),
        ("soon", None),
        ("-5", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, seconds: float | None) -> None:
    assert retry_after_seconds({"retry-after": text}, NOW) == seconds


def test_without_retry_after_there_is_none() -> None:
    assert retry_after_seconds({}, NOW) is None


def test_a_refusal_names_code_and_element_but_no_diagnostics() -> None:
    body = outcome("value", diagnostics="HAPI-0450: Anna Muster wrote 9.9", expression=["Observation.value"])
    found = classify_answer(an_answer(422, body), "POST", NOW)
    assert found.codes == "value@Observation.value HAPI-0450"
    assert found.reason == "the EHR refused it (422: value@Observation.value HAPI-0450)"


def test_codes_tell_errors_before_warnings() -> None:
    body = b"""{"resourceType": "OperationOutcome", "issue": [
        {"severity": "warning", "code": "informational"}, {"severity": "error", "code": "required"}]}"""
    assert issue_codes(body) == "required"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"issue": "x"}', b'{"issue": ["x"]}'])
def test_an_answer_that_is_no_outcome_has_no_codes(body: bytes) -> None:
    assert issue_codes(body) == ""
