"""``$extract``: the Observations of a response that was sent, or of a stored one. Nothing is stored.

Source: hl7.org/fhir/uv/sdc/OperationDefinition-QuestionnaireResponse-extract.html.
"""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from fhir_mappings import json_text
from fhir_mappings.errors import Fault
from fhir_mappings.extract import read_extract, to_extraction
from fhir_mappings.filled import Filled
from service.api.bodies import Body, JsonBody
from service.api.doors import Doors
from service.api.fhir.answers import answer
from service.api.fhir.create_response import to_new_response
from service.api.fhir.described import answers, operation_request
from service.api.fhir.operation_input import OperationInput, place, read_input
from service.api.security import access_of
from service.errors import FaultsInRequest
from service.flows.load import filled_from
from service.flows.search_chart import find_response

_FINAL = ("completed", "amended")
_SENT = "questionnaire-response"
_FORM = "questionnaire"
_AT = "QuestionnaireResponse.status"


def add_extract(router: APIRouter, doors: Doors) -> None:
    """Add the routes of ``$extract``."""

    @router.post(
        "/QuestionnaireResponse/$extract",
        summary="The Observations of a response that is sent; nothing is stored",
        responses=answers("Parameters", 200),
        openapi_extra=operation_request("Parameters", "QuestionnaireResponse"),
    )
    def extract(request: Request, body: Body) -> Response:
        access = access_of(request, "E")
        sent = read_input(body, _SENT)
        resource = sent.required_resource(_SENT)
        _refuse_another_form(sent, resource)
        to_new_response(JsonBody(json_text.dumps(resource), resource), doors.deployment, _FINAL)
        filled = read_extract(resource, doors.deployment.instruments, doors.deployment.names)
        doors.audit_read(access)
        return answer(request, _extraction(doors, filled, known="id" in resource))

    def extract_stored(request: Request, logical_id: str) -> Response:
        access = access_of(request, "E")
        stored = find_response(doors.deployment, doors.deployment.clinic, logical_id, sight=access.sight)
        if stored.status not in _FINAL:
            fault = Fault(_AT, "status-not-accepted", f"must be {' or '.join(_FINAL)}")
            raise FaultsInRequest([fault])
        doors.audit_read(access, stored.id, patients=[stored.patient])
        return answer(request, _extraction(doors, filled_from(stored, doors.deployment.known), known=True))

    for method in ("GET", "POST"):
        router.add_api_route(
            "/QuestionnaireResponse/{logical_id}/$extract",
            extract_stored,
            methods=[method],
            name=f"extract by {method}",
            summary="The Observations of a stored response, as a transaction",
            responses=answers("Parameters", 200),
        )


def _extraction(doors: Doors, filled: Filled, *, known: bool) -> dict[str, Any]:
    deployment = doors.deployment
    return to_extraction(filled, deployment.names, known=known, extra_codings=deployment.extra_codings)


def _refuse_another_form(sent: OperationInput, resource: dict[str, Any]) -> None:
    """Raise ``FaultsInRequest`` where a form came along that is not the response's own."""
    form = sent.resource(_FORM)
    url = form.get("url") if form else sent.text(_FORM)
    if url is None:
        return
    if str(url).partition("|")[0] != str(resource.get("questionnaire")).partition("|")[0]:
        fault = Fault(place(_FORM), "another-form", "is not the form of the response")
        raise FaultsInRequest([fault])
