"""Refusals as callers read them: an OperationOutcome below /fhir, RFC 9457 elsewhere.

Both name every fault with its place and its reason, and none repeats a value that was sent.
"""

from collections.abc import Mapping
from http import HTTPStatus

from starlette.responses import Response
from starlette.types import Scope

from fhir_mappings import json_text
from fhir_mappings.errors import Fault
from service.api.browsers import is_page
from service.api.clinician.rendering import failure_page, refusal_page
from service.api.form_pages import is_form_page, refused_form_page
from service.errors import Duplicate, RequestRefused, VersionRequired

FHIR_JSON = "application/fhir+json; charset=utf-8"
PROBLEM_JSON = "application/problem+json"

# A fault's reason -> hl7.org/fhir/R4/valueset-issue-type.html; any other has the code of its refusal.
_ISSUE_CODES = {
    "required": "required",
    "structure": "structure",
    "not-json": "structure",
    "not-an-object": "structure",
    "nested-too-deeply": "structure",
    "wrong-resource-type": "structure",
    "unknown-modifier": "extension",
    "unknown-instrument": "not-found",
    "unknown-version": "not-found",
    "too-long": "too-long",
    "bad-parameter": "value",
    "wrong-id": "value",
    "below-minimum": "value",
    "above-maximum": "value",
    "wrong-step": "value",
    "not-a-number": "value",
    "wrong-type": "value",
    "wrong-reference": "value",
    "unknown-choice": "value",
    "foreign-coding": "value",
    "no-time-zone": "value",
    "not-a-time": "value",
    "not-a-date": "value",
    "not-a-session-number": "value",
    "in-the-future": "value",
    "too-early": "value",
    "not-offered": "not-supported",
    "duplicate": "duplicate",
    "multiple-matches": "multiple-matches",
    "doubled-entry": "duplicate",
    "stale-version": "conflict",
    "wrong-state": "conflict",
}


def is_fhir(path: str) -> bool:
    """Tell whether a path belongs to the FHIR door."""
    return path == "/fhir" or path.startswith("/fhir/")


def answer_refusal(
    scope: Scope, refusal: RequestRefused, headers: Mapping[str, str] | None = None
) -> Response:
    """Return the answer to a request that is refused, in the words of the door it came to."""
    path = scope["path"]
    if is_fhir(path):
        # R4 knows no 428: a missing If-Match is a bad request there.
        status = 400 if isinstance(refusal, VersionRequired) else refusal.status
        answer = Response(json_text.dumps(to_outcome(refusal)), status, media_type=FHIR_JSON)
    elif is_page(path):
        answer = refusal_page(scope, refusal)
    elif is_form_page(scope):
        answer = refused_form_page(scope, refusal.status)
    else:
        answer = Response(json_text.dumps(to_problem(refusal)), refusal.status, media_type=PROBLEM_JSON)
    later = refusal.retry_after_seconds
    told = {} if later is None else {"Retry-After": str(later)}
    answer.headers.update({**refusal.headers, **told, **(headers or {})})
    return answer


def answer_failure(scope: Scope, request_id: str) -> Response:
    """Return the answer to a failure of ours: nothing but the request's id, for whoever reads the log."""
    message = "The service failed. The log tells more under the request id."
    path = scope["path"]
    if is_page(path):
        return failure_page(scope, message, request_id)
    if is_form_page(scope):
        return refused_form_page(scope, HTTPStatus.INTERNAL_SERVER_ERROR)
    if is_fhir(path):
        issue = _issue("fatal", "exception", message) | {"diagnostics": f"request {request_id}"}
        return Response(json_text.dumps(_outcome([issue])), 500, media_type=FHIR_JSON)
    problem = _problem(500, message) | {"request": request_id}
    return Response(json_text.dumps(problem), 500, media_type=PROBLEM_JSON)


def to_outcome(refusal: RequestRefused) -> dict[str, object]:
    """Return the OperationOutcome of a refusal: one issue for each fault, in their order."""
    return _outcome([_fault_issue(fault, refusal) for fault in refusal.faults])


def success_outcome(message: str, *warnings: str) -> dict[str, object]:
    """Return the OperationOutcome of something that worked, for ``Prefer: return=OperationOutcome``."""
    doubts = [_issue("warning", "business-rule", warning) for warning in warnings]
    return _outcome([_issue("information", "informational", message), *doubts])


def warning_outcome(message: str) -> dict[str, object]:
    """Return the OperationOutcome that stands beside what a search found."""
    return _outcome([_issue("warning", "incomplete", message)])


def to_problem(refusal: RequestRefused) -> dict[str, object]:
    """Return the RFC 9457 problem of a refusal, with ``faults`` and, for a duplicate, ``stored_id``."""
    stored = {"stored_id": refusal.stored_id} if isinstance(refusal, Duplicate) and refusal.stored_id else {}
    faults = [{"at": fault.at, "reason": fault.reason, "message": fault.message} for fault in refusal.faults]
    return _problem(refusal.status, refusal.message) | stored | {"faults": faults}


def _problem(status: int, detail: str) -> dict[str, object]:
    return {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}


def _outcome(issues: list[dict[str, object]]) -> dict[str, object]:
    return {"resourceType": "OperationOutcome", "issue": issues}


def _fault_issue(fault: Fault, refusal: RequestRefused) -> dict[str, object]:
    code = _ISSUE_CODES.get(fault.reason, refusal.issue_code)
    issue = _issue("error", code, _sentence(fault))
    if not fault.at:
        return issue
    # A FHIRPath begins with its type; a header or parameter has only the older element (R4, location).
    return issue | ({"expression": [fault.at]} if fault.at[0].isupper() and "." in fault.at else _http(fault))


def _http(fault: Fault) -> dict[str, object]:
    return {"location": [f"http.{fault.at}"]}


def _sentence(fault: Fault) -> str:
    """Return the fault's message with its place in front, as people read texts and not expressions."""
    return f"{fault.at}: {fault.message}" if fault.at else fault.message


def _issue(severity: str, code: str, text: str) -> dict[str, object]:
    return {"severity": severity, "code": code, "details": {"text": text}}
