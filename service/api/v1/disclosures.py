"""What may be told about a patient: read it, set it."""

from datetime import date
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from fhir_mappings.errors import Fault
from service.api.bodies import Body
from service.api.doors import Doors
from service.api.security import access_of
from service.api.v1.described import json_body, refusals
from service.api.v1.disclosure_models import DisclosureAnswer
from service.api.v1.fields import Fields
from service.api.v1.reading import answer
from service.api.v1.trend import PatientId
from service.flows.set_disclosure import set_disclosure, show_disclosure
from service.store.disclosures import Disclosure


def build_router(doors: Doors) -> APIRouter:
    """Return the routes of a patient's disclosure."""
    router = APIRouter(tags=["patients"])
    deployment = doors.deployment

    @router.get(
        "/v1/patients/{patient}/disclosure",
        operation_id="readDisclosure",
        summary="Read what may be told about a patient",
        responses={200: {"model": DisclosureAnswer}, **refusals(400)},
    )
    def read(request: Request, patient: PatientId) -> Response:
        """Answer what is in force; everything is allowed where nobody said otherwise."""
        access = access_of(request, "R")
        disclosure, subject = show_disclosure(deployment, f"Patient/{patient}", access.clinic)
        doors.audit_read(access, subject, patients=[f"Patient/{patient}"])
        return answer(_shown(disclosure, patient))

    @router.put(
        "/v1/patients/{patient}/disclosure",
        operation_id="setDisclosure",
        summary="Say what may be told about a patient from now on",
        responses={200: {"model": DisclosureAnswer}, **refusals(400, 413, 415, 422)},
        openapi_extra=json_body("DisclosureBody"),
    )
    def write(request: Request, patient: PatientId, body: Body) -> Response:
        """Answer what is in force now; what waits follows it, what has left is not called back."""
        wanted = _read(body.value)
        access = access_of(request, "U")
        in_force = set_disclosure(deployment, f"Patient/{patient}", wanted, access)
        doors.wake()
        return answer(_shown(in_force, patient))

    return router


def _read(value: dict[str, Any]) -> Disclosure:
    fields = Fields(value, ("push", "share", "since"))
    push, share = fields.required_flag("push"), fields.required_flag("share")
    since = fields.text("since")
    if since is not None and not _is_date(since):
        fields.faults.append(Fault("since", "not-a-date", "This must be a date such as 2026-03-02."))
    fields.refuse_faults()
    return Disclosure(push, share, since)


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _shown(disclosure: Disclosure, patient: str) -> dict[str, object]:
    return {
        "patient": f"Patient/{patient}",
        "push": disclosure.push,
        "share": disclosure.share,
        "since": disclosure.since,
    }
