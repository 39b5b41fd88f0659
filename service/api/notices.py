"""Where the EHR tells of news: whatever it says is not read, and only makes the watcher look sooner."""

from collections.abc import Sequence
from hmac import compare_digest
from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from service.api.doors import Doors
from service.api.security import access_of
from service.errors import NotFound
from service.flows.subscribe_ehr import NOTICES, notice_token

Token = Annotated[str, Path(max_length=64, description="The secret that the Subscription was given.")]
# With a payload a server puts the resource below the address (hl7.org/fhir/R4/subscription.html#rest-hook).
Below = Annotated[str, Path(max_length=200)]
_RESPONSES: dict[int | str, dict[str, object]] = {
    204: {"description": "Noted; the EHR is looked at soon."},
    404: {"description": "No such address: the secret is another one."},
}


def build_router(clinics: Sequence[Doors]) -> APIRouter:
    """Return the routes below ``/notify``; the secret tells whose EHR it is."""
    router = APIRouter(tags=["notices"])

    @router.post(
        f"{NOTICES}{{token}}",
        operation_id="notice",
        summary="Tell that there is news in the EHR",
        status_code=204,
        responses=_RESPONSES,
    )
    def note(request: Request, token: Token) -> Response:
        """Answer 204 at once; a body is neither read nor needed."""
        return _note(clinics, request, token)

    @router.put(
        f"{NOTICES}{{token}}/{{below:path}}",
        operation_id="noticeWithPayload",
        summary="Tell that there is news in the EHR, with a resource that is not read",
        status_code=204,
        responses=_RESPONSES,
    )
    def note_payload(request: Request, token: Token, below: Below) -> Response:  # noqa: ARG001 - not trusted
        """Answer 204 at once; the EHR itself is asked what changed."""
        return _note(clinics, request, token)

    return router


def _note(clinics: Sequence[Doors], request: Request, token: str) -> Response:
    access_of(request, "E")
    # All are compared, however soon one is right: how long it takes tells nothing of whose it is.
    right = [doors for doors in clinics if _is_right(doors, token)]
    if not right:
        raise NotFound("There is nothing at this address.")
    for doors in right:
        doors.notice()
    return Response(status_code=204)


def _is_right(doors: Doors, token: str) -> bool:
    known = notice_token(doors.deployment, doors.deployment.clinic)
    # Compared in constant time, and against something even where nothing was subscribed.
    return compare_digest(token.encode(), (known or "-" * 43).encode()) and known is not None
