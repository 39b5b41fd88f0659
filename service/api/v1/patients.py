"""Look a patient up in the EHR by an identifier, which never stands in a path: paths end up in logs."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from service.api.bodies import Body
from service.api.doors import Doors
from service.api.security import access_of
from service.api.v1.described import json_body, refusals
from service.api.v1.fields import Fields, read_identifier
from service.api.v1.patient_models import FoundPatient
from service.api.v1.reading import answer, audited
from service.flows.find_patient import find_patient


def build_router(doors: Doors) -> APIRouter:
    """Return the route that finds patients."""
    router = APIRouter(tags=["patients"])

    @router.post(
        "/v1/patients/find",
        operation_id="findPatient",
        summary="Find the EHR's logical id of a patient by an identifier",
        responses={200: {"model": FoundPatient}, **refusals(400, 404, 409, 413, 415, 422, 503)},
        openapi_extra=json_body("PatientSearch"),
    )
    def find(request: Request, body: Body) -> Response:
        """Answer the one patient whom the EHR knows; 404 for none, 409 for several."""
        access = access_of(request, "E")
        fields = Fields(body.value, ("identifier",))
        identifier = read_identifier(fields, "An identifier says which patient is meant.")
        fields.refuse_faults()
        if identifier is None:
            raise LookupError("fields without faults have one")
        with audited(doors, access) as patients:
            patient_id = find_patient(doors.client, identifier)
            patients.add(f"Patient/{patient_id}")
        return answer({"id": patient_id, "patient": f"Patient/{patient_id}"})

    return router
