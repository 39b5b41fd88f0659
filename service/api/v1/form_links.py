"""Make a link by which a client fills forms, see what became of it, revoke it."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from fhir_mappings import json_text
from service.api.bodies import Body
from service.api.doors import Doors
from service.api.proxies import base_of
from service.api.security import access_of
from service.api.v1.described import json_body, refusals
from service.api.v1.form_link_body import read_form_link_body
from service.api.v1.form_link_models import FormLinkAnswer, NewFormLink
from service.api.v1.reading import answer, audited
from service.flows.deployment import Deployment
from service.flows.form_link import FORMS, FormLink
from service.flows.make_form_link import MadeLink, make_form_link
from service.flows.read_form_link import read_form_link, revoke_form_link

LinkId = Annotated[str, Path(max_length=64, description="The id that the link was made with.")]
_KIOSK = f"{FORMS}kiosk"
_CODE_GROUP = 4


def build_router(doors: Doors) -> APIRouter:
    """Return the routes below ``/v1/form-links``."""
    router = APIRouter(tags=["forms"])
    deployment = doors.deployment

    @router.post(
        "/v1/form-links",
        operation_id="makeFormLink",
        summary="Make a one-time link, and a code for a shared tablet, by which a client fills forms",
        status_code=201,
        responses={201: {"model": NewFormLink, "description": "Made."}, **refusals(400, 413, 415, 422)},
        openapi_extra=json_body("FormLinkBody"),
    )
    def make(request: Request, body: Body) -> Response:
        """Answer the link and its code, told this once; what is filled in is recorded like any response."""
        access = access_of(request, "C")
        wanted = read_form_link_body(body, deployment)
        made = make_form_link(deployment, wanted.facts, wanted.life, access)
        headers = {"Location": f"/v1/form-links/{made.link.row.id}"}
        content = _shown(made.link, deployment) | _secrets(made, base_of(request, deployment.settings))
        return Response(json_text.dumps(content), 201, headers, "application/json")

    @router.get(
        "/v1/form-links/{link_id}",
        operation_id="readFormLink",
        summary="See what became of a form link",
        responses={200: {"model": FormLinkAnswer}, **refusals(404)},
    )
    def read(request: Request, link_id: LinkId) -> Response:
        """Answer how it stands, and the responses that it came to; neither link nor code."""
        access = access_of(request, "R")
        with audited(doors, access, link_id) as patients:
            link = read_form_link(deployment, link_id, access)
            patients.add(link.facts.patient)
        return answer(_shown(link, deployment))

    @router.post(
        "/v1/form-links/{link_id}/revoke",
        operation_id="revokeFormLink",
        summary="Revoke a form link that was not used",
        responses={200: {"model": FormLinkAnswer}, **refusals(404, 409)},
    )
    def revoke(request: Request, link_id: LinkId) -> Response:
        """Answer the link, which opens nothing from now on; one that is revoked stays so."""
        access = access_of(request, "U")
        return answer(_shown(revoke_form_link(deployment, link_id, access), deployment))

    return router


def _secrets(made: MadeLink, base: str) -> dict[str, object]:
    code = f"{made.code[:_CODE_GROUP]}-{made.code[_CODE_GROUP:]}"
    return {"link": f"{base}{FORMS}{made.token}", "code": code, "kiosk": f"{base}{_KIOSK}"}


def _shown(link: FormLink, deployment: Deployment) -> dict[str, object]:
    facts, row, known = link.facts, link.row, deployment.known
    return {
        "id": row.id,
        "state": link.standing(deployment.clock()),
        "patient": facts.patient,
        "respondent": facts.respondent,
        "therapist": facts.therapist,
        "encounter": facts.encounter,
        "session_number": facts.session_number,
        "session_date": facts.session_date,
        "instruments": [one.instrument for one in facts.forms],
        "forms": [
            known[one.instrument].form_reference(one.wording)
            for one in facts.forms
            if one.instrument in known
        ],
        "language": facts.language,
        "layout": facts.layout,
        "created_at": row.created_at,
        "expires_at": row.expires_at,
        "code_until": row.code_until,
        "closed_at": row.closed_at,
        "responses": dict(link.outcome),
    }
