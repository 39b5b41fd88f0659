"""``$populate``: an empty response linked to form, patient and session, for a form filler to go on with.

Source: hl7.org/fhir/uv/sdc/OperationDefinition-Questionnaire-populate.html.
"""

from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from starlette.responses import Response

from fhir_mappings.instrument import Instrument
from fhir_mappings.populate import read_populate, to_populated
from fhir_mappings.questionnaire import versioned_id
from service.api.bodies import Body
from service.api.doors import Doors
from service.api.fhir.answers import answer
from service.api.fhir.described import answers, operation_request, query_parameters
from service.api.fhir.operation_input import PARAMETERS, read_input
from service.api.security import access_of
from service.errors import NotFound
from service.flows.search_chart import NO_SUCH

_QUERY = {
    "subject": "The patient: Patient/anna",
    "local": "Taken and without effect: nothing is filled in",
}


def add_populate(router: APIRouter, doors: Doors) -> None:
    """Add the routes of ``$populate``."""

    def populated(request: Request, parameters: dict[str, Any], instrument: Instrument | None) -> Response:
        deployment = doors.deployment
        access = access_of(request, "E")
        asked = read_populate(parameters, deployment.instruments, deployment.names, instrument=instrument)
        doors.audit_read(access)
        authored = deployment.clock().isoformat(timespec="seconds")
        return answer(request, to_populated(asked, deployment.names, authored))

    @router.post(
        "/Questionnaire/$populate",
        summary="An empty response to a form that is named",
        responses=answers(PARAMETERS, 200),
        openapi_extra=operation_request(PARAMETERS),
    )
    def populate(request: Request, body: Body) -> Response:
        read_input(body, "questionnaire")
        return populated(request, body.value, None)

    @router.post(
        "/Questionnaire/{logical_id}/$populate",
        summary="An empty response to this form",
        responses=answers(PARAMETERS, 200),
        openapi_extra=operation_request(PARAMETERS),
    )
    def populate_form(request: Request, logical_id: str, body: Body) -> Response:
        read_input(body, "questionnaire")
        return populated(request, body.value, _form(doors, logical_id))

    @router.get(
        "/Questionnaire/{logical_id}/$populate",
        summary="An empty response to this form, asked for without a body",
        responses=answers(PARAMETERS, 200),
        openapi_extra=query_parameters(_QUERY),
    )
    def populate_by_query(request: Request, logical_id: str) -> Response:
        pairs = parse_qsl(request.url.query, keep_blank_values=True)
        return populated(request, _as_parameters(pairs), _form(doors, logical_id))


def _form(doors: Doors, logical_id: str) -> Instrument:
    forms = doors.deployment.instruments.values()
    found = next((one for one in forms if versioned_id(one.id, one.version) == logical_id), None)
    if found is None:
        raise NotFound(NO_SUCH)
    return found


def _as_parameters(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Return a query as Parameters; what is no plain value cannot stand in a query."""
    subjects = [value for name, value in pairs if name == "subject"]
    listed = [{"name": "subject", "valueReference": {"reference": one}} for one in subjects]
    return {"resourceType": PARAMETERS, "parameter": listed}
