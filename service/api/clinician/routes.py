"""The clinician's page: every route of one clinic below /clinician but those of signing in."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from service.api.bodies import FormBody
from service.api.browsers import PAGE, SIGNED_IN, cookie_of, refuse_forged, set_cookie
from service.api.clinician.deliveries import add_deliveries
from service.api.clinician.dyads import add_dyads, read_form
from service.api.clinician.lists import add_lists
from service.api.clinician.rendering import language_of, plain_page
from service.api.clinician.responses import add_responses
from service.api.clinician.treatment_ends import add_treatment_ends
from service.api.doors import Doors
from service.api.security import access_of
from service.flows.sign_ins import sign_out


def build_router(doors: Doors) -> APIRouter:
    """Return the pages of a clinic; people read them, so no description for callers tells of them."""
    router = APIRouter(include_in_schema=False)
    add_lists(router, doors)
    add_dyads(router, doors)
    add_treatment_ends(router, doors)
    add_responses(router, doors)
    add_deliveries(router, doors)
    _add_sign_out(router, doors)
    return router


def _add_sign_out(router: APIRouter, doors: Doors) -> None:
    @router.post(f"{PAGE}/sign-out")
    def leave(request: Request, body: FormBody) -> Response:
        """End the sign-in here; that at the identity provider is its own."""
        refuse_forged(request.headers, read_form(body).get("token", ""))
        sign_out(doors.deployment, cookie_of(request.headers, SIGNED_IN), access_of(request, "D"))
        framed = bool(doors.deployment.settings.frame_ancestors)
        answer = plain_page("signed_out.html", language=language_of(request, doors.deployment.settings))
        answer.headers["Set-Cookie"] = set_cookie(SIGNED_IN, "", 0, framed=framed)
        return answer
