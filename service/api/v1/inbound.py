"""Forms that were filled in the EHR: what became of each, and what a person decides about those parked."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from fhir_mappings import json_text
from service.api.bodies import Body
from service.api.doors import Doors
from service.api.etags import etag, version_in
from service.api.security import access_of
from service.api.v1.deliveries import IfMatch
from service.api.v1.described import json_body, refusals
from service.api.v1.fields import read_text
from service.api.v1.inbound_models import InboundAnswer, InboundList
from service.api.v1.queries import After, Count, Pages
from service.api.v1.reading import answer, audited
from service.flows.decide_inbound import discard_inbound, list_inbound_page, retry_inbound
from service.store.inbound import InboundRow

InboundState = Literal["due", "taken", "parked", "superseded", "discarded"]
InboundId = Annotated[str, Path(max_length=64)]
State = Annotated[InboundState | None, Query(description="`parked`: what a person must look at.")]


def build_router(doors: Doors) -> APIRouter:
    """Return the routes below ``/v1/inbound``."""
    router = APIRouter(tags=["inbound"])
    _add_list(router, doors)
    _add_acts(router, doors)
    return router


def _add_list(router: APIRouter, doors: Doors) -> None:
    pages = Pages(doors.deployment.places, "/v1/inbound")

    @router.get(
        "/v1/inbound",
        operation_id="listInbound",
        summary="List forms filled in the EHR, in the order in which they came",
        responses={200: {"model": InboundList}, **refusals(400)},
    )
    def list_page(request: Request, state: State = None, count: Count = 50, after: After = None) -> Response:
        """Answer one page, without any answer of the forms."""
        access = access_of(request, "R")
        with audited(doors, access):
            place = pages.after_row(after)
            page = list_inbound_page(doors.deployment, access.clinic, state, place, count)
        following = pages.following(page.next)
        return answer({"items": [show_inbound(row) for row in page.items], "next": following})


def _add_acts(router: APIRouter, doors: Doors) -> None:
    deployment = doors.deployment

    @router.post(
        "/v1/inbound/{inbound_id}/retry",
        operation_id="retryInbound",
        summary="Read a parked form again, now",
        responses={200: {"model": InboundAnswer}, **refusals(400, 404, 409, 412)},
    )
    def retry(request: Request, inbound_id: InboundId, if_match: IfMatch = None) -> Response:
        """Answer it as due; the EHR is asked anew about the people it names."""
        access = access_of(request, "E")
        return _changed(doors, retry_inbound(deployment, inbound_id, version_in(if_match), access))

    @router.post(
        "/v1/inbound/{inbound_id}/discard",
        operation_id="discardInbound",
        summary="Give a parked form up",
        responses={200: {"model": InboundAnswer}, **refusals(400, 404, 409, 412, 413, 415, 422)},
        openapi_extra=json_body("Discard"),
    )
    def discard(request: Request, inbound_id: InboundId, body: Body, if_match: IfMatch = None) -> Response:
        """Keep your reason; a later version of it in the EHR comes in all the same."""
        access = access_of(request, "E")
        version, reason = version_in(if_match), read_text(body.value, "reason")
        return _changed(doors, discard_inbound(deployment, inbound_id, reason, version, access))


def _changed(doors: Doors, row: InboundRow) -> Response:
    doors.notice()
    return answer(show_inbound(row), {"ETag": etag(row.version)})


def show_inbound(row: InboundRow) -> dict[str, object]:
    """Return one version of a form as /v1 shows it; its answers stay in the store."""
    return {
        "id": row.id,
        "version": row.version,
        "origin": row.origin,
        "ehr": row.ehr,
        "ehr_reference": f"QuestionnaireResponse/{row.ehr_id}" if row.origin == "ehr" else None,
        "ehr_version": row.ehr_version,
        "state": row.state,
        "reason": row.reason or None,
        "faults": json_text.loads(row.faults),
        "response": row.response_id,
        "discard_reason": row.discard_reason,
        "tries": row.tries,
        "received_at": row.received_at,
        "updated_at": row.updated_at,
    }
