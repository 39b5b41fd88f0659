"""``$validate``: every fault that our door would find in a response, and no change.

Source: hl7.org/fhir/R4/resource-operation-validate.html.
"""

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from fhir_mappings import json_text
from fhir_mappings.errors import Fault
from service.api.bodies import Body, JsonBody
from service.api.doors import Doors
from service.api.fhir.answers import answer
from service.api.fhir.create_response import to_new_response
from service.api.fhir.described import answers, operation_request
from service.api.fhir.operation_input import OperationInput, place, read_input
from service.api.fhir.sources import show_response
from service.api.outcomes import success_outcome, to_outcome
from service.api.security import access_of
from service.errors import FaultsInRequest, NotOffered, RequestRefused
from service.flows.deployment import Access
from service.flows.search_chart import find_response
from service.flows.try_recording import find_refusal

_RESOURCE = "resource"
_MODES = ("create", "update", "delete", "profile")
# What is asked for anyway; of other profiles we know nothing.
_PROFILE = "http://hl7.org/fhir/StructureDefinition/QuestionnaireResponse"
_ID = "QuestionnaireResponse.id"


def add_validate(router: APIRouter, doors: Doors) -> None:
    """Add the routes of ``$validate``."""

    @router.post(
        "/QuestionnaireResponse/$validate",
        summary="Every fault of a response that is sent; nothing is stored",
        responses=answers("OperationOutcome", 200),
        openapi_extra=operation_request("Parameters", "QuestionnaireResponse"),
    )
    def validate(request: Request, body: Body) -> Response:
        access = access_of(request, "E")
        sent = read_input(body, _RESOURCE)
        mode = _mode(sent)
        resource = sent.required_resource(_RESOURCE)
        doors.audit_read(access)
        return answer(request, _Judge(doors, access, mode).told(resource))

    @router.post(
        "/QuestionnaireResponse/{logical_id}/$validate",
        summary="Every fault of a response that is sent as the next version of a stored one",
        responses=answers("OperationOutcome", 200),
        openapi_extra=operation_request("Parameters", "QuestionnaireResponse"),
    )
    def validate_next(request: Request, logical_id: str, body: Body) -> Response:
        access = access_of(request, "E")
        sent = read_input(body, _RESOURCE)
        mode = _mode(sent)
        stored = find_response(doors.deployment, doors.deployment.clinic, logical_id, sight=access.sight)
        doors.audit_read(access, stored.id, patients=[stored.patient])
        resource = sent.resource(_RESOURCE)
        if resource is None:
            shown = show_response(stored, doors.deployment).resource
            return answer(request, _Judge(doors, access, mode or "update").told(shown))
        if resource.get("id", stored.id) != stored.id:
            fault = Fault(_ID, "wrong-id", "must be the id in the address")
            return answer(request, to_outcome(FaultsInRequest([fault])))
        return answer(request, _Judge(doors, access, mode or "update", stored.id).told(resource))

    @router.get(
        "/QuestionnaireResponse/{logical_id}/$validate",
        summary="Every fault of a stored response, by the rules of today",
        responses=answers("OperationOutcome", 200),
    )
    def validate_stored(request: Request, logical_id: str) -> Response:
        access = access_of(request, "E")
        stored = find_response(doors.deployment, doors.deployment.clinic, logical_id, sight=access.sight)
        doors.audit_read(access, stored.id, patients=[stored.patient])
        shown = show_response(stored, doors.deployment).resource
        return answer(request, _Judge(doors, access, "update").told(shown))


def _mode(sent: OperationInput) -> str | None:
    """Return the mode; raises ``FaultsInRequest`` for an unknown one, or a profile not known here."""
    mode, profile = sent.text("mode"), sent.text("profile")
    if mode is not None and mode not in _MODES:
        raise FaultsInRequest(
            [Fault(place("mode"), "bad-parameter", f"must be {', '.join(_MODES)}")], status=400
        )
    if profile not in {None, _PROFILE} or (mode == "profile" and profile is None):
        message = "only the base definition of QuestionnaireResponse is judged by here"
        raise FaultsInRequest([Fault(place("profile"), "not-offered", message)])
    return mode


@dataclass(frozen=True, slots=True)
class _Judge:
    """Who asks in which mode; ``response_id`` where the resource would be that response's next version."""

    doors: Doors
    access: Access
    mode: str | None
    response_id: str | None = None

    def told(self, resource: dict[str, Any]) -> dict[str, object]:
        refusal = self._find_refusal(resource)
        return to_outcome(refusal) if refusal else success_outcome("No fault was found.")

    def _find_refusal(self, resource: dict[str, Any]) -> RequestRefused | None:
        if self.mode == "delete":
            return NotOffered("A response is withdrawn, never deleted.")
        deployment = self.doors.deployment
        body = JsonBody(json_text.dumps(resource), resource)
        try:
            new = to_new_response(body, deployment, update=self.mode != "create")
        except FaultsInRequest as refused:
            return refused
        if self.mode == "create" or self.response_id:
            return find_refusal(deployment, new, self.access, self.response_id)
        return None
