"""The calls of an EHR: cards for whoever opens a chart, and what people did with them."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from service.alliance.phrases import phrases_by_language
from service.api.bodies import Body
from service.api.cds.feedback_body import read_feedback
from service.api.cds.hook_body import HookCall, read_hook
from service.api.cds.models import CardsAnswer
from service.api.cds.services import SERVICES, CdsService
from service.api.cds.shown_card import show_cards
from service.api.doors import Doors
from service.api.scopes_table import HOOKS
from service.api.security import access_of
from service.api.v1.described import json_body, refusals
from service.api.v1.languages import preferred_language
from service.api.v1.reading import answer
from service.errors import NotFound
from service.flows.deployment import Access
from service.flows.find_cards import Card, CardQuery, find_cards
from service.flows.patient_references import reference_here
from service.flows.take_feedback import take_feedback

ServiceId = Annotated[str, Path(max_length=64, description="One of `GET /cds-services`.")]


def build_router(doors: Doors) -> APIRouter:
    """Return the routes below ``/cds-services``."""
    router = APIRouter(tags=["cards"])
    deployment = doors.deployment

    @router.post(
        f"{HOOKS}/{{service_id}}",
        operation_id="callCdsService",
        summary="Cards for somebody who opens a patient's chart (CDS Hooks)",
        responses={200: {"model": CardsAnswer}, **refusals(400, 404, 413, 415, 422)},
        openapi_extra=json_body("HookRequest"),
    )
    def call_service(request: Request, service_id: ServiceId, body: Body) -> Response:
        """Answer no cards where there is nothing to say, nobody to say it to, or no such patient."""
        access = access_of(request, "E")
        service = _service(service_id)
        call = read_hook(body.value, service)
        cards = _cards(doors, service, call, access)
        doors.audit_read(access, patients=[call.patient])
        accepted = request.headers.get("accept-language", "")
        language = preferred_language(accepted, phrases_by_language())
        return answer(show_cards(cards, deployment, language))

    @router.post(
        f"{HOOKS}/{{service_id}}/feedback",
        operation_id="giveCdsFeedback",
        summary="What people did with cards: accepted acknowledges, overridden for a reason dismisses",
        responses={
            200: {"description": "Taken; the same again changes nothing."},
            **refusals(400, 404, 413, 415, 422),
        },
        openapi_extra=json_body("FeedbackBody"),
    )
    def give_feedback(request: Request, service_id: ServiceId, body: Body) -> Response:
        """Answer 200 also where the alert moved on since: then nothing is changed but the card."""
        access = access_of(request, "U")
        _service(service_id)
        take_feedback(deployment, read_feedback(body.value, deployment.names), access)
        doors.wake()
        return answer({})

    return router


def _service(service_id: str) -> CdsService:
    service = SERVICES.get(service_id)
    if service is None:
        raise NotFound("There is no such service; see GET /cds-services.")
    return service


def _cards(doors: Doors, service: CdsService, call: HookCall, access: Access) -> tuple[Card, ...]:
    settings = doors.deployment.settings
    user = reference_here(call.user, settings)
    is_another = access.person is not None and user not in (access.person, *access.also)
    if is_another or call.is_moot or not call.is_clinician:
        return ()
    query = CardQuery(user=user, patient=reference_here(call.patient, settings), due=service.due)
    return find_cards(doors.deployment, query, access)
