from datetime import UTC, datetime

import pytest

from service.ehr.profile_file import load_profile
from service.ehr.retry import (
    BACK_OFF_CAP_SECONDS,
    Outcome,
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
TOMORROW = datetime(2026, 3, 3, 0, 0, tzinfo=UTC)


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


def test_a_date_to_come_back_is_by_the_clock_that_told_it() -> None:
    headers = {"retry-after": "Mon, 02 Mar 2026 12:10:30 GMT", "date": "Mon, 02 Mar 2026 12:10:00 GMT"}
    assert retry_after_seconds(headers, NOW) == 30.0


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


EPIC = load_profile("epic").answers
ORACLE = load_profile("oracle").answers


def epic_says(code: str, status: int = 400, text: str = "") -> Outcome:
    details = {"coding": [{"system": "urn:epic", "code": code}], "text": text}
    return classify_answer(an_answer(status, outcome("processing", details=details)), "POST", NOW, EPIC)


def test_what_is_there_already_is_confirmed_whatever_the_status() -> None:
    assert epic_says("59141").verdict is Verdict.CONFIRMED


def test_one_code_may_mean_two_things_by_its_text() -> None:
    assert epic_says("59189", text="Reading already exists for this row").verdict is Verdict.CONFIRMED
    assert epic_says("59189").reason == (
        "the EHR is not set up for it: the flowsheet row or mapping is not built (400: processing 59189)"
    )


@pytest.mark.parametrize(
    ("code", "beginning"),
    [
        ("4130", "a person must decide: the chart is behind break-the-glass"),
        ("59012", "the EHR refused it as it is: "),
        ("59108", "the EHR is not set up for it: "),
    ],
)
def test_a_refusal_says_whose_it_is_to_mend(code: str, beginning: str) -> None:
    found = epic_says(code, 422)

    assert found.verdict is Verdict.REJECTED
    assert found.reason.startswith(beginning)


def test_an_internal_error_by_code_is_unknown_though_the_status_says_refused() -> None:
    assert epic_says("59177").verdict is Verdict.UNKNOWN


def test_the_daily_quota_stops_all_until_the_next_day() -> None:
    found = epic_says("4135")

    assert (found.verdict, found.whole_ehr) == (Verdict.LATER, True)
    assert found.after_seconds == (TOMORROW - NOW).total_seconds()


def test_an_empty_403_means_something_and_another_keeps_its_meaning() -> None:
    empty = classify_answer(Answer(403, {}, b""), "POST", NOW, EPIC)
    told = classify_answer(an_answer(403, outcome("forbidden")), "POST", NOW, EPIC)

    assert empty.reason == "the EHR is not set up for it: the API is not on the app (403)"
    assert told.reason == "the EHR does not allow it (403)"


def test_an_issue_word_may_decide() -> None:
    answer = an_answer(422, outcome("extension"))

    assert "an extension is not supported" in classify_answer(answer, "POST", NOW, ORACLE).reason


def test_a_gateways_plain_404_strikes_nothing_out() -> None:
    answer = Answer(404, {"content-type": "text/plain"}, b"no Route matched")
    found = classify_answer(answer, "POST", NOW, load_profile("athenahealth").answers)

    assert found.verdict is Verdict.REJECTED


def test_a_success_is_never_explained_away() -> None:
    assert classify_answer(an_answer(201), "POST", NOW, EPIC).verdict is Verdict.CONFIRMED


@pytest.mark.parametrize("body", [b"<h1>Back soon</h1>", b'{"resourceType": "Bun', b"[]"])
def test_a_success_that_cannot_be_read_is_none(body: bytes) -> None:
    assert classify_answer(an_answer(200, body), "POST", NOW).verdict is Verdict.UNKNOWN
    placed = an_answer(201, body, location="Observation/7")
    assert classify_answer(placed, "POST", NOW).verdict is Verdict.CONFIRMED


@pytest.mark.parametrize("status", [200, 201])
def test_a_success_that_reports_an_error_is_looked_into(status: int) -> None:
    found = classify_answer(an_answer(status, outcome("processing")), "PUT", NOW)
    assert (found.verdict, found.codes) == (Verdict.UNKNOWN, "processing")


def test_a_success_may_bring_remarks() -> None:
    remark = b'{"resourceType": "OperationOutcome", "issue": [{"severity": "warning", "code": "value"}]}'
    assert classify_answer(an_answer(201, remark), "POST", NOW).verdict is Verdict.CONFIRMED
