"""The routes of Subscription: create, read, update, delete. The search is the door's, as of every type."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from fhir_mappings.errors import Fault, ResourceRefused
from fhir_mappings.subscription import AskedSubscription, read_subscription
from service.api.bodies import Body, JsonBody
from service.api.doors import Doors
from service.api.fhir.answers import Shown, answer, answer_read, fhir_base
from service.api.fhir.described import answers, create_request, read_answers, update_request
from service.api.fhir.negotiation import preferred_return
from service.api.fhir.offered import SUBSCRIPTION
from service.api.fhir.subscription_source import show_subscription
from service.api.fhir.update_response import NO_OWN_IDS, expected_version
from service.api.fhir.version_routes import read_audited
from service.api.outcomes import success_outcome
from service.api.security import access_of, caller_of, grants_of, need_sight
from service.errors import FaultsInRequest, NotFound, NotOffered
from service.flows.write_subscription import (
    Author,
    create_subscription,
    delete_subscription,
    find_visible,
    needs_of,
    update_subscription,
)
from service.store.subscriptions import SubscriptionRow

CREATED, OK, GONE = 201, 200, 204


def add_subscriptions(router: APIRouter, doors: Doors) -> None:
    """Add the routes of Subscription."""
    _add_create(router, doors)
    _add_read(router, doors)
    _add_update(router, doors)
    _add_delete(router, doors)


def _add_create(router: APIRouter, doors: Doors) -> None:
    @router.post(
        f"/{SUBSCRIPTION}",
        name=f"create {SUBSCRIPTION}",
        summary="Ask to be told: a handshake comes first",
        status_code=CREATED,
        responses=answers(SUBSCRIPTION, CREATED),
        openapi_extra=create_request(SUBSCRIPTION),
    )
    def create(request: Request, body: Body) -> Response:
        access = access_of(request, "C")
        if "if-none-exist" in request.headers:
            fault = Fault("If-None-Exist", "not-offered", "No condition is offered for a Subscription.")
            raise FaultsInRequest([fault], status=400)
        asked = _read(request, doors, body)
        row = create_subscription(doors.deployment, asked, _author(request, doors), access)
        doors.wake()
        return _answer(request, doors, row, CREATED)


def _add_read(router: APIRouter, doors: Doors) -> None:
    @router.get(
        f"/{SUBSCRIPTION}/{{logical_id}}",
        name=f"read {SUBSCRIPTION}",
        summary="Read a Subscription; the values of its headers never",
        responses=read_answers(SUBSCRIPTION),
    )
    def read(request: Request, logical_id: str) -> Response:
        access = access_of(request, "R")
        deployment = doors.deployment

        def find_shown() -> Shown:
            return show_subscription(find_visible(deployment, logical_id, access), deployment)

        return answer_read(request, read_audited(doors, access, find_shown))


def _add_update(router: APIRouter, doors: Doors) -> None:
    @router.put(
        f"/{SUBSCRIPTION}/{{logical_id}}",
        name=f"update {SUBSCRIPTION}",
        summary="Change a Subscription, turn it off, or request it once more",
        responses=answers(SUBSCRIPTION, OK),
        openapi_extra=update_request(SUBSCRIPTION),
    )
    def update(request: Request, logical_id: str, body: Body) -> Response:
        access = access_of(request, "U")
        expected = expected_version(request.headers.get("if-match"))
        try:
            find_visible(doors.deployment, logical_id, access)
        except NotFound:
            raise NotOffered(NO_OWN_IDS, allow="GET") from None
        if body.value.get("resourceType") == SUBSCRIPTION and body.value.get("id") != logical_id:
            fault = Fault("Subscription.id", "wrong-id", "The id must be that of the address.")
            raise FaultsInRequest([fault], status=400)
        asked, author = _read(request, doors, body), _author(request, doors)
        row = update_subscription(doors.deployment, logical_id, asked, author, access, expected)
        doors.wake()
        return _answer(request, doors, row, OK)


def _add_delete(router: APIRouter, doors: Doors) -> None:
    @router.delete(
        f"/{SUBSCRIPTION}/{{logical_id}}",
        name=f"delete {SUBSCRIPTION}",
        summary="Delete a Subscription with all that was noted for it",
        status_code=GONE,
        responses=answers("OperationOutcome") | {GONE: {"description": "It is gone"}},
    )
    def delete(request: Request, logical_id: str) -> Response:
        delete_subscription(doors.deployment, logical_id, access_of(request, "D"))
        return Response(None, GONE)


def _read(request: Request, doors: Doors, body: JsonBody) -> AskedSubscription:
    """Return what is asked for, by a caller who may be told it; raises ``ScopeMissing``."""
    try:
        asked = read_subscription(body.value, doors.deployment.names)
    except ResourceRefused as refused:
        raise FaultsInRequest(refused.faults, status=400) from refused
    if asked.topic is not None:
        for need in needs_of(asked.topic, asked.channel.content):
            need_sight(grants_of(request), need)
    return asked


def _author(request: Request, doors: Doors) -> Author:
    return Author(caller_of(request), fhir_base(request, doors.deployment.settings))


def _answer(request: Request, doors: Doors, row: SubscriptionRow, status: int) -> Response:
    shown = show_subscription(row, doors.deployment)
    address = f"{fhir_base(request, doors.deployment.settings)}/{SUBSCRIPTION}/{row.id}"
    headers = shown.headers() | {"Location": address}
    match preferred_return(request):
        case "minimal":
            return Response(None, status, headers)
        case "OperationOutcome":
            told = f"The Subscription is {row.status}, in version {row.version}."
            return answer(request, success_outcome(told), status, headers)
    return answer(request, shown.resource, status, headers)
