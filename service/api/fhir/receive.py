"""Create a QuestionnaireResponse, maybe on condition that none has its identifier (If-None-Exist)."""

from collections.abc import Sequence

from fastapi import Request
from starlette.responses import Response

from fhir_mappings.errors import Fault
from service.api.bodies import JsonBody
from service.api.doors import Doors
from service.api.fhir.answers import answer, fhir_base
from service.api.fhir.create_response import to_new_response
from service.api.fhir.negotiation import condition_of_create, preferred_return
from service.api.fhir.sources import show_response
from service.api.fhir.values import BadValueError, Pair, alternatives, token
from service.api.outcomes import success_outcome
from service.api.security import access_of
from service.errors import Duplicate, FaultsInRequest, ManyMatches, ScopeMissing
from service.flows.deployment import Access
from service.flows.keep_for_look_up import ACCEPTED, keep_for_look_up, needs_look_up
from service.flows.new_response import Recorded
from service.flows.record_response import record_response
from service.flows.search_chart import find_identified, find_response
from service.store.responses import ResponseVersion

CREATED = 201
STORED_ALREADY = 200
_ASKED = "Kept: the EHR is asked who this patient is. What becomes of it: /v1/inbound."
_SHARED = (
    "Another patient is said to have this patient's identifier: searches by it find neither until one of "
    "them is corrected or both are merged."
)
_UNKNOWN_PATIENT = "Name the patient by reference: whose it is must be known to a credential of this reach."
_UNCHANGED = "Nothing changed: it is here already."


def receive_response(doors: Doors, request: Request, body: JsonBody) -> Response:
    """Return 201 for a new response, 200 for one that is here already; see DESIGN.md, "Duplicates"."""
    access = access_of(request, "C")
    condition = read_condition(request.headers.get("if-none-exist"))
    match = _find_match(doors, access, condition)
    if match:
        return _answer_match(doors, request, access, match)
    if needs_look_up(doors.deployment, body.value):
        if not access.sight.is_whole:
            raise ScopeMissing((), _UNKNOWN_PATIENT)
        return _keep(doors, request, access, body)
    new = to_new_response(body, doors.deployment)
    try:
        recorded = record_response(doors.deployment, new, access)
    except Duplicate:
        # Another caller with the same condition may have been faster.
        match = _find_match(doors, access, condition)
        if match is None:
            raise
        return _answer_match(doors, request, access, match)
    if recorded.created:
        doors.wake()
    filled = recorded.filled
    stored = find_response(doors.deployment, access.clinic, filled.id, filled.version)
    status = CREATED if recorded.created else STORED_ALREADY
    return answer_stored(doors, request, stored, status, doubts=doubts_about(recorded))


def doubts_about(recorded: Recorded) -> tuple[str, ...]:
    """Return sentences on what should be looked at in a response although it was taken."""
    return (_SHARED,) if recorded.shared_identifier else ()


def _keep(doors: Doors, request: Request, access: Access, body: JsonBody) -> Response:
    """Answer 202: it is recorded once the EHR said who the patient is."""
    keep_for_look_up(doors.deployment, body.value, body.raw, access)
    doors.notice()
    return answer(request, success_outcome(_ASKED), ACCEPTED)


def read_condition(header: str | None) -> tuple[Pair, ...]:
    """Return the identifiers of If-None-Exist, none without that header; raises ``FaultsInRequest`` (400)."""
    value = condition_of_create(header)
    if value is None:
        return ()
    try:
        pairs = tuple(token(one) for one in alternatives(value))
    except BadValueError:
        pairs = ((None, None),)
    if any(system is None or part is None for system, part in pairs):
        fault = Fault("If-None-Exist", "bad-parameter", "An identifier has a system and a value.")
        raise FaultsInRequest([fault], status=400)
    return pairs


def _find_match(doors: Doors, access: Access, condition: tuple[Pair, ...]) -> ResponseVersion | None:
    if not condition:
        return None
    found = find_identified(doors.deployment, access.clinic, condition, 2, access.sight)
    if len(found) > 1:
        raise ManyMatches("The condition matches several responses.", at="If-None-Exist")
    return found[0] if found else None


def _answer_match(doors: Doors, request: Request, access: Access, match: ResponseVersion) -> Response:
    doors.audit_read(access, match.id, patients=[match.patient])
    return answer_stored(doors, request, match, STORED_ALREADY)


def answer_stored(
    doors: Doors,
    request: Request,
    stored: ResponseVersion,
    status: int,
    *,
    message: str = "",
    doubts: Sequence[str] = (),
) -> Response:
    """Return the answer to a write: the body that is preferred, and where the version is.

    ``message`` and ``doubts`` are what an OperationOutcome says.
    """
    shown = show_response(stored, doors.deployment)
    base = fhir_base(request, doors.deployment.settings)
    address = f"{base}/QuestionnaireResponse/{stored.id}/_history/{stored.version}"
    headers = shown.headers() | {"Location": address, "Content-Location": address}
    match preferred_return(request):
        case "minimal":
            return Response(None, status, headers)
        case "OperationOutcome":
            told = message or ("Stored." if status == CREATED else _UNCHANGED)
            return answer(request, success_outcome(told, *doubts), status, headers)
    return answer(request, shown.resource, status, headers)
