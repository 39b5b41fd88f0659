"""What an answer to a write means, and when to come back. Pure.

The rules of the vendor's profile come first, then what holds for every EHR.
Source: the row "any" of the project's notes on EHRs; RFC 9110 sections 10.2.3 and 15.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum

from fhir_mappings import json_text
from service.ehr.profile import AnswerRule, Meaning
from service.ehr.told import in_words
from service.errors import EhrError, EhrUnreachable
from service.http import Answer

BACK_OFF_CAP_SECONDS = 4 * 3600.0
# eClinicalWorks answers 429 without Retry-After until the minute ends.
BUSY_SECONDS = 60.0
_RETRY_AFTER_CAP_SECONDS = 86_400.0
_CODES_LENGTH = 255
_PLAIN = re.compile(r"/\*.*?\*/|[^A-Za-z0-9.\[\]_-]")  # HAPI puts comments into paths
_NUMBER = re.compile(r"[0-9]{3,6}")
_AN_HOUR_SECONDS = 3600.0
_VENDOR_CODE = re.compile(r"\bHAPI-\d{3,5}\b")


class Verdict(StrEnum):
    """What an answer says about a write."""

    CONFIRMED = "confirmed"  # performed
    LATER = "later"  # not performed; come back
    UNKNOWN = "unknown"  # may or may not be performed: search
    LOST_RACE = "lost-race"  # not performed by this request; maybe by another: search
    NOT_TAKEN = "not-taken"  # this kind of write is not taken here: read /metadata again, then the next rung
    REJECTED = "rejected"  # not performed, and unchanged it never will be


@dataclass(frozen=True, slots=True)
class Outcome:
    """One attempt's outcome.

    ``reason`` is for a person, ``codes`` for the log; neither holds anything of the record. ``after_seconds``
    is what the EHR asked us to wait. ``whole_ehr``: it concerns every delivery, not only this one.
    """

    verdict: Verdict
    reason: str
    codes: str = ""
    status: int | None = None
    after_seconds: float | None = None
    whole_ehr: bool = False


def classify_error(error: EhrError) -> Outcome:
    """Return the outcome of an exchange without an answer."""
    if isinstance(error, EhrUnreachable):
        return Outcome(Verdict.LATER, in_words(error), error.code, whole_ehr=True)
    return Outcome(Verdict.UNKNOWN, "the EHR's answer was lost", error.code)


def classify_answer(answer: Answer, method: str, now: datetime, rules: Sequence[AnswerRule] = ()) -> Outcome:
    """Return what an answer to a POST or PUT means; ``rules`` are those of the vendor's profile."""
    status = answer.status
    if status in (200, 201, 204):
        return _success(answer)
    rule = next((one for one in rules if _applies(one, answer)), None)
    if rule is not None:
        return _by_rule(rule, answer, now)
    codes, after = issue_codes(answer.body), retry_after_seconds(answer.headers, now)
    verdict, reason, whole_ehr = _meaning(status, method, told_when=after is not None)
    if verdict is Verdict.REJECTED and not reason:
        reason = f"the EHR refused it ({status}{f': {codes}' if codes else ''})"[:_CODES_LENGTH]
    if status == 429 and after is None:  # noqa: PLR2004 - an HTTP status
        after = BUSY_SECONDS
    return Outcome(verdict, reason, codes, status, after, whole_ehr)


def back_off_seconds(attempts: int) -> float:
    """Return how long to wait after so many attempts (1: 1 s, doubling, at most four hours)."""
    return min(BACK_OFF_CAP_SECONDS, 2.0 ** min(max(attempts - 1, 0), 30))


def retry_after_seconds(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the Retry-After header in seconds (0 to a day), given as seconds or HTTP date; None without."""
    text = headers.get("retry-after", "").strip()
    if text.isdecimal():
        return min(float(text), _RETRY_AFTER_CAP_SECONDS)
    moment = _http_date(text)
    if moment is None:
        return None
    told_at = _http_date(headers.get("date", "")) or now  # their clock may be minutes from ours
    return min(max((moment - told_at).total_seconds(), 0.0), _RETRY_AFTER_CAP_SECONDS)


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def issue_codes(body: bytes) -> str:
    """Return the codes and element paths of an OperationOutcome: ``invalid@Observation.code HAPI-1094``.

    Warnings are told only where there is no error; a vendor's numbers stand behind the issue's own word.
    Diagnostics may name the patient and are left out; of them only HAPI's message numbers are kept.
    """
    known = _issues(body)
    errors = [issue for issue in known if issue.get("severity") in ("error", "fatal")]
    words = [word for issue in errors or known for word in _issue_words(issue)]
    return " ".join(dict.fromkeys(words))[:_CODES_LENGTH]


def _issue_words(issue: Mapping[str, object]) -> list[str]:
    places = issue.get("expression") or issue.get("location")
    place = places[0] if isinstance(places, list) and places else ""
    code = _PLAIN.sub("", str(issue.get("code", "")))
    at = _PLAIN.sub("", str(place))
    hapi = _VENDOR_CODE.findall(str(issue.get("diagnostics", "")))
    return [f"{code}@{at}" if at else code, *_detail_codes(issue), *hapi]


def _detail_codes(issue: Mapping[str, object]) -> list[str]:
    """Return the vendor's own numbers of an issue: ``59141``."""
    details = issue.get("details")
    codings = details.get("coding") if isinstance(details, dict) else None
    found = [str(one.get("code", "")) for one in codings or [] if isinstance(one, dict)]
    return [code for code in found if _NUMBER.fullmatch(code)]


def _applies(rule: AnswerRule, answer: Answer) -> bool:
    """Tell whether everything that a rule asks of an answer holds."""
    if rule.status is not None and rule.status != answer.status:
        return False
    issues = _issues(answer.body)
    if rule.body == "empty" and answer.body.strip():
        return False
    if rule.body == "not-fhir" and (issues or not answer.body.strip()):
        return False
    if not (rule.codes or rule.issue or rule.says):
        return True
    return any(_speaks_of(rule, issue) for issue in issues)


def _speaks_of(rule: AnswerRule, issue: Mapping[str, object]) -> bool:
    details = issue.get("details")
    words = str(details.get("text", "")) if isinstance(details, dict) else ""
    said = f"{issue.get('diagnostics', '')} {words}"
    return (
        (not rule.codes or bool(set(rule.codes) & set(_issue_words(issue))))
        and (not rule.issue or rule.issue == issue.get("code"))
        and rule.says.lower() in said.lower()
    )


def _by_rule(rule: AnswerRule, answer: Answer, now: datetime) -> Outcome:
    verdict, reason = _MEANINGS[rule.meaning]
    codes = issue_codes(answer.body)
    told = f" ({answer.status}{f': {codes}' if codes else ''})"
    after = retry_after_seconds(answer.headers, now) if verdict is Verdict.LATER else None
    if rule.meaning == "not-today":
        after = _seconds_until_tomorrow(now)
    words = f"{reason}{rule.words}{told}"[:_CODES_LENGTH]
    if verdict is Verdict.CONFIRMED:
        words = ""
    return Outcome(verdict, words, codes, answer.status, after, whole_ehr=rule.meaning == "not-today")


def _seconds_until_tomorrow(now: datetime) -> float:
    """Return how long it is until the next day in UTC, at least an hour: the EHR's own zone is not known."""
    begins = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return max((begins - now).total_seconds(), _AN_HOUR_SECONDS)


def _issues(body: bytes) -> list[Mapping[str, object]]:
    try:
        outcome = json_text.loads(body)
    except ValueError:
        return []
    issues = outcome.get("issue") if isinstance(outcome, dict) else None
    return [issue for issue in issues if isinstance(issue, dict)] if isinstance(issues, list) else []


def _success(answer: Answer) -> Outcome:
    if "html" in answer.headers.get("content-type", ""):
        # A gateway's page: whether anything behind it was reached cannot be told.
        return Outcome(Verdict.UNKNOWN, "the answer is a web page", "html", answer.status)
    if answer.body.strip() and not answer.headers.get("location") and _is_no_object(answer.body):
        return Outcome(Verdict.UNKNOWN, "the answer cannot be read", "not-json", answer.status)
    if _reports_an_error(answer.body):
        # Whichever of the two is wrong, the status or the body, the record there tells.
        return Outcome(Verdict.UNKNOWN, "the EHR reports an error", issue_codes(answer.body), answer.status)
    return Outcome(Verdict.CONFIRMED, "", "", answer.status)


def _reports_an_error(body: bytes) -> bool:
    """Tell whether an answer is itself an OperationOutcome with an error; one inside a Bundle is not."""
    if b"OperationOutcome" not in body:
        return False
    return any(issue.get("severity") in ("error", "fatal") for issue in _issues(body))


def _is_no_object(body: bytes) -> bool:
    try:
        return not isinstance(json_text.loads(body), dict)
    except ValueError:
        return True


# What a profile's word for an answer leads to, and how its reason begins.
_MEANINGS: Mapping[Meaning, tuple[Verdict, str]] = {
    "retry": (Verdict.LATER, "the EHR asks for patience: "),
    "race": (Verdict.LOST_RACE, "the EHR reports a conflict: "),
    "already-there": (Verdict.CONFIRMED, ""),
    "unknown": (Verdict.UNKNOWN, "the EHR failed: "),
    "content": (Verdict.REJECTED, "the EHR refused it as it is: "),
    "configuration": (Verdict.REJECTED, "the EHR is not set up for it: "),
    "person": (Verdict.REJECTED, "a person must decide: "),
    "not-today": (Verdict.LATER, "not before tomorrow: "),
}

# By status: what it means for any write. The rest is refused (4xx) or unknown.
_BY_STATUS = {
    401: (Verdict.LATER, "the EHR asks for credentials (401)", True),
    # CAUTION: a right may be missing for one patient only, so that a 403 says nothing about the next one.
    403: (Verdict.REJECTED, "the EHR does not allow it (403)", False),
    405: (Verdict.NOT_TAKEN, "the EHR does not take it (405)", False),
    409: (Verdict.LOST_RACE, "the EHR reports a conflict (409)", False),
    412: (Verdict.LOST_RACE, "the EHR reports a conflict (412)", False),
    429: (Verdict.LATER, "the EHR is busy (429)", True),
    501: (Verdict.NOT_TAKEN, "the EHR does not take it (501)", False),
}
_UNKNOWN_4XX = (408, 425)  # may be said by a gateway after it passed the request on


def _meaning(status: int, method: str, *, told_when: bool) -> tuple[Verdict, str, bool]:
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status == 404 and method == "POST":  # noqa: PLR2004 - an HTTP status
        return Verdict.NOT_TAKEN, "the EHR does not know this type (404)", False
    if status == 503 and told_when:  # noqa: PLR2004 - an HTTP status
        return Verdict.LATER, "the EHR is busy (503)", False
    if 300 <= status < 400:  # noqa: PLR2004 - HTTP statuses
        return Verdict.LATER, f"the EHR points to another address ({status})", True
    if 400 <= status < 500 and status not in _UNKNOWN_4XX:  # noqa: PLR2004 - HTTP statuses
        return Verdict.REJECTED, "", False
    return Verdict.UNKNOWN, f"the EHR failed ({status})", False
