"""Record, read, correct and withdraw a response in plain JSON."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Request
from starlette.responses import Response

from fhir_mappings import json_text
from service.api.bodies import Body
from service.api.doors import Doors
from service.api.etags import etag, is_unchanged, required_version, version_in
from service.api.security import access_of
from service.api.v1.answer_models import Receipt, StoredResponse
from service.api.v1.described import json_body, refusals
from service.api.v1.fields import read_text
from service.api.v1.reading import audited
from service.api.v1.response_body import read_response_body
from service.api.v1.shown_response import Json, show_receipt, show_response
from service.flows.correct_response import correct_response, withdraw_response
from service.flows.new_response import Recorded, as_told
from service.flows.read_response import read_response
from service.flows.record_response import record_response

ResponseId = Annotated[str, Path(description="The id that the receipt gave.", max_length=64)]
IfMatch = Annotated[str | None, Header(description='The version that is meant, such as `W/"1"`.')]
IfNoneMatch = Annotated[str | None, Header(description="A version that the caller has already.")]
_JSON = "application/json"


def build_router(doors: Doors) -> APIRouter:
    """Return the routes below ``/v1/responses``."""
    router = APIRouter(tags=["responses"])
    _add_record(router, doors)
    _add_read(router, doors)
    _add_correct(router, doors)
    _add_withdraw(router, doors)
    return router


def _add_record(router: APIRouter, doors: Doors) -> None:
    deployment = doors.deployment

    @router.post(
        "/v1/responses",
        operation_id="recordResponse",
        summary="Record one filled instrument, scored and judged at once",
        status_code=201,
        responses={
            200: {"model": Receipt, "description": "The same response was stored already."},
            201: {"model": Receipt, "description": "Recorded."},
            **refusals(400, 409, 413, 415, 422),
        },
        openapi_extra=json_body("ResponseBody"),
    )
    def record(request: Request, body: Body) -> Response:
        """Answer 201, or 200 where the same response was stored already: safe to send again."""
        access = access_of(request, "C")
        recorded = record_response(deployment, read_response_body(body, deployment), access)
        doors.wake()
        return _answer(recorded, show_receipt(as_told(recorded, access)), 201 if recorded.created else 200)


def _add_read(router: APIRouter, doors: Doors) -> None:
    deployment = doors.deployment

    @router.get(
        "/v1/responses/{response_id}",
        operation_id="readResponse",
        summary="Read a response with its scores and what it raised",
        responses={200: {"model": StoredResponse}, 304: {"description": "Unchanged."}, **refusals(404)},
    )
    def read(request: Request, response_id: ResponseId, if_none_match: IfNoneMatch = None) -> Response:
        """Answer the current version with its prompts and the alerts that it raised."""
        access = access_of(request, "R")
        with audited(doors, access, response_id) as patients:
            recorded = read_response(deployment, response_id, access)
            patients.add(recorded.filled.patient)
        if is_unchanged(if_none_match, recorded.filled.version):
            return Response(status_code=304, headers={"ETag": etag(recorded.filled.version)})
        return _answer(recorded, show_response(as_told(recorded, access)))


def _add_correct(router: APIRouter, doors: Doors) -> None:
    deployment = doors.deployment

    @router.put(
        "/v1/responses/{response_id}",
        operation_id="correctResponse",
        summary="Correct a response; earlier versions are kept",
        responses={200: {"model": Receipt}, **refusals(400, 404, 409, 412, 413, 415, 422, 428)},
        openapi_extra=json_body("ResponseBody"),
    )
    def correct(request: Request, response_id: ResponseId, body: Body, if_match: IfMatch = None) -> Response:
        """Answer what the corrected version gave; patient and instrument cannot change."""
        access = access_of(request, "U")
        version = required_version(if_match)
        new = read_response_body(body, deployment)
        recorded = correct_response(deployment, response_id, version, new, access)
        doors.wake()
        return _answer(recorded, show_receipt(as_told(recorded, access)))


def _add_withdraw(router: APIRouter, doors: Doors) -> None:
    deployment = doors.deployment

    @router.post(
        "/v1/responses/{response_id}/withdraw",
        operation_id="withdrawResponse",
        summary="Withdraw a response as entered in error",
        responses={200: {"model": StoredResponse}, **refusals(400, 404, 412, 413, 415, 422)},
        openapi_extra=json_body("Withdrawal"),
    )
    def withdraw(request: Request, response_id: ResponseId, body: Body, if_match: IfMatch = None) -> Response:
        """Answer the response as entered in error; its scores count no longer, and the EHR is told."""
        access = access_of(request, "D")
        version = version_in(if_match)
        reason = read_text(body.value, "reason")
        recorded = withdraw_response(deployment, response_id, version, reason, access)
        doors.wake()
        return _answer(recorded, show_response(as_told(recorded, access)))


def _answer(recorded: Recorded, content: Json, status: int = 200) -> Response:
    filled = recorded.filled
    headers = {"Location": f"/v1/responses/{filled.id}", "ETag": etag(filled.version)}
    return Response(json_text.dumps(content), status, headers, _JSON)
