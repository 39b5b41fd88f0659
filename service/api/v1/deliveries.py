"""Deliveries to the EHR: what waits, what was confirmed, what a person must look at; and what they decide."""

from typing import Annotated, Literal

from fastapi import APIRouter, Header, Path, Query, Request
from starlette.responses import Response

from service.api.bodies import Body, OptionalBody
from service.api.doors import Doors
from service.api.etags import etag, version_in
from service.api.security import access_of
from service.api.v1.delivery_models import DeliveryAnswer, DeliveryDetailAnswer, DeliveryList
from service.api.v1.described import json_body, refusals
from service.api.v1.fields import Fields, read_text
from service.api.v1.queries import LONGEST, After, Count, Pages
from service.api.v1.reading import answer, audited
from service.api.v1.shown_delivery import show_delivery, show_detail
from service.clock import as_instant
from service.flows.act_on_delivery import confirm_delivery, discard_delivery, retry_delivery
from service.flows.list_deliveries import DeliveryListQuery, list_delivery_page, read_delivery
from service.store.deliveries import DeliveryRow

DeliveryState = Literal[
    "waiting", "pending", "sent", "confirmed", "rejected", "unknown", "held", "discarded", "parked", "late"
]
DeliveryId = Annotated[str, Path(max_length=64)]
IfMatch = Annotated[str | None, Header(description='The version that was looked at, such as `W/"2"`.')]
State = Annotated[
    DeliveryState | None,
    Query(
        description="`parked`: all that a person must look at, whatever its state. `late`: what still goes"
        " on by itself over four hours after it was queued."
    ),
]
Subject = Annotated[
    str | None, Query(max_length=LONGEST, description="The id of a response, alert or definition.")
]
_REFUSALS = refusals(400, 404, 409, 412, 413, 415, 422)


def build_router(doors: Doors) -> APIRouter:
    """Return the routes below ``/v1/deliveries``."""
    router = APIRouter(tags=["deliveries"])
    _add_reads(router, doors)
    _add_acts(router, doors)
    return router


def _add_reads(router: APIRouter, doors: Doors) -> None:
    pages = Pages(doors.deployment.places, "/v1/deliveries")

    @router.get(
        "/v1/deliveries",
        operation_id="listDeliveries",
        summary="List deliveries in the order they were queued",
        responses={200: {"model": DeliveryList}, **refusals(400)},
    )
    def list_page(
        request: Request,
        state: State = None,
        subject: Subject = None,
        count: Count = 50,
        after: After = None,
    ) -> Response:
        """Answer one page, without the EHR's words."""
        access = access_of(request, "R")
        with audited(doors, access):
            place = pages.after_row(after)
            query = DeliveryListQuery(state, subject, place, count)
            page = list_delivery_page(doors.deployment, query, access.clinic)
        following = pages.following(page.next)
        return answer({"items": [show_delivery(row) for row in page.items], "next": following})

    @router.get(
        "/v1/deliveries/{delivery_id}",
        operation_id="readDelivery",
        summary="Read a delivery with its parts, attempts and the EHR's answers",
        responses={200: {"model": DeliveryDetailAnswer}, **refusals(404)},
    )
    def read(request: Request, delivery_id: DeliveryId) -> Response:
        """Answer what was sent when and what came of it; as protected as the answers are."""
        access = access_of(request, "R")
        detail = read_delivery(doors.deployment, delivery_id, access.clinic)
        doors.audit_read(access, delivery_id, patient_key=detail.delivery.patient_key)
        shown = show_detail(detail, as_instant(doors.deployment.clock()))
        return answer(shown, {"ETag": etag(detail.delivery.version)})


def _add_acts(router: APIRouter, doors: Doors) -> None:
    deployment = doors.deployment

    @router.post(
        "/v1/deliveries/{delivery_id}/retry",
        operation_id="retryDelivery",
        summary="Try a parked or waiting-for-its-turn delivery again, now",
        responses={200: {"model": DeliveryAnswer}, **_REFUSALS},
        openapi_extra=json_body("Retry", required=False),
    )
    def retry(
        request: Request, delivery_id: DeliveryId, body: OptionalBody, if_match: IfMatch = None
    ) -> Response:
        """Plan anew what was refused or held.

        What may be in the EHR needs your word that it is `not_there`; it is searched for again, then sent.
        """
        access = access_of(request, "E")
        fields = Fields(body.value, ("not_there",))
        not_there = fields.flag("not_there")
        fields.refuse_faults()
        changed = retry_delivery(deployment, delivery_id, version_in(if_match), access, not_there=not_there)
        return _changed(doors, changed)

    @router.post(
        "/v1/deliveries/{delivery_id}/confirm",
        operation_id="confirmDelivery",
        summary="Confirm that a parked delivery is in the EHR",
        responses={200: {"model": DeliveryAnswer}, **_REFUSALS},
        openapi_extra=json_body("Confirmation"),
    )
    def confirm(request: Request, delivery_id: DeliveryId, body: Body, if_match: IfMatch = None) -> Response:
        """Take your word that it is in the EHR, under this reference, and go on with the rest.

        Where an earlier version was given up and may be there, it is that one you found; this one changes it.
        """
        access = access_of(request, "E")
        version, reference = version_in(if_match), read_text(body.value, "ehr_reference")
        changed = confirm_delivery(deployment, delivery_id, reference, version, access)
        return _changed(doors, changed)

    @router.post(
        "/v1/deliveries/{delivery_id}/discard",
        operation_id="discardDelivery",
        summary="Give a delivery up for good",
        responses={200: {"model": DeliveryAnswer}, **_REFUSALS},
        openapi_extra=json_body("Discard"),
    )
    def discard(request: Request, delivery_id: DeliveryId, body: Body, if_match: IfMatch = None) -> Response:
        """Keep your reason; it is never sent."""
        access = access_of(request, "E")
        version, reason = version_in(if_match), read_text(body.value, "reason")
        changed = discard_delivery(deployment, delivery_id, reason, version, access)
        return _changed(doors, changed)


def _changed(doors: Doors, row: DeliveryRow) -> Response:
    doors.wake()
    return answer(show_delivery(row), {"ETag": etag(row.version)})
