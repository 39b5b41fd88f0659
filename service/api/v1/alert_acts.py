"""What people do about an alert: acknowledge it, work on it, resolve or dismiss it."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Request
from starlette.responses import Response

from service.api.bodies import Body, JsonBody
from service.api.doors import Doors
from service.api.etags import etag, required_version
from service.api.security import access_of
from service.api.v1.act_body import (
    read_acknowledgement,
    read_dismissal,
    read_repair_step,
    read_resolution,
)
from service.api.v1.answer_models import AlertDetailAnswer
from service.api.v1.described import json_body, refusals
from service.api.v1.languages import asked_language
from service.api.v1.reading import answer
from service.api.v1.shown_alert import show_alert_in_full
from service.flows.act_on_alert import PersonsAct, act_on_alert, refuse_another_person

AlertId = Annotated[str, Path(max_length=64)]
IfMatch = Annotated[str | None, Header(description='The version that was looked at, such as `W/"2"`.')]
_Read = Callable[[Mapping[str, Any], str | None], PersonsAct]
# Answers a request for an act on an alert, with the If-Match that came and what reads the body.
_Act = Callable[[Request, str, JsonBody, str | None, _Read], Response]
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"model": AlertDetailAnswer},
    **refusals(400, 404, 409, 412, 413, 415, 422, 428),
}


def build_router(doors: Doors) -> APIRouter:
    """Return the routes of the acts below ``/v1/rupture-alerts``."""
    router = APIRouter(tags=["rupture alerts"])

    def act(request: Request, alert_id: str, body: JsonBody, if_match: str | None, read: _Read) -> Response:
        access = access_of(request, "U")
        version, done = required_version(if_match), read(body.value, access.person)
        refuse_another_person(done.by, access, doors.deployment, "by")
        after = act_on_alert(doors.deployment, alert_id, version, done, access)
        doors.wake()
        language = asked_language(None, request.headers.get("accept-language"))
        return answer(show_alert_in_full(after, language), {"ETag": etag(after.alert.version)})

    _add_work(router, act)
    _add_ends(router, act)
    return router


def _add_work(router: APIRouter, act: _Act) -> None:
    @router.post(
        "/v1/rupture-alerts/{alert_id}/acknowledge",
        operation_id="acknowledgeRuptureAlert",
        summary="Take an open alert",
        responses=_ANSWERS,
        openapi_extra=json_body("Acknowledgement"),
    )
    def acknowledge(request: Request, alert_id: AlertId, body: Body, if_match: IfMatch = None) -> Response:
        """Answer the alert as acknowledged; the same person again changes nothing."""
        return act(request, alert_id, body, if_match, read_acknowledgement)

    @router.post(
        "/v1/rupture-alerts/{alert_id}/repair-steps",
        operation_id="addRepairStep",
        summary="Add a step towards repair to an acknowledged alert",
        responses=_ANSWERS,
        openapi_extra=json_body("RepairStep"),
    )
    def add_step(request: Request, alert_id: AlertId, body: Body, if_match: IfMatch = None) -> Response:
        """Answer the alert as in repair, with every step so far; own words stay here."""
        return act(request, alert_id, body, if_match, read_repair_step)


def _add_ends(router: APIRouter, act: _Act) -> None:
    @router.post(
        "/v1/rupture-alerts/{alert_id}/resolve",
        operation_id="resolveRuptureAlert",
        summary="Say how it ended: repaired, or unresolved after repair was tried",
        responses=_ANSWERS,
        openapi_extra=json_body("Resolution"),
    )
    def resolve(request: Request, alert_id: AlertId, body: Body, if_match: IfMatch = None) -> Response:
        """Answer the alert as ended; the next signal opens another one, which follows it."""
        return act(request, alert_id, body, if_match, read_resolution)

    @router.post(
        "/v1/rupture-alerts/{alert_id}/dismiss",
        operation_id="dismissRuptureAlert",
        summary="Say why an open or acknowledged alert is nothing to act on",
        responses=_ANSWERS,
        openapi_extra=json_body("Dismissal"),
    )
    def dismiss(request: Request, alert_id: AlertId, body: Body, if_match: IfMatch = None) -> Response:
        """Answer the alert as dismissed; nothing more is raised until the scores return."""
        return act(request, alert_id, body, if_match, read_dismissal)
