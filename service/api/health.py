"""Is the process alive, and can it work? For whoever runs the container; nothing about patients."""

from collections.abc import Mapping, Sequence

from fastapi import APIRouter, Request
from starlette.responses import Response

from fhir_mappings import json_text
from service.api.doors import Doors
from service.api.security import caller_of
from service.flows.check_readiness import ClinicState, check_clinic, check_readiness
from service.scopes import OPERATIONS, Need

_JSON = "application/json"
_TO_SEE_ALL = Need(OPERATIONS, "r")


def build_router(clinics: Sequence[Doors]) -> APIRouter:
    """Return the routes ``/live`` and ``/ready``, which answer for all clinics of the process."""
    router = APIRouter(tags=["health"])

    @router.get("/live", summary="The process answers")
    async def live() -> Response:
        # Not in a thread: all of them may be at work, and that is no reason to end the process.
        return Response(b'{"status":"live"}', media_type=_JSON)

    @router.get("/ready", summary="Database, schema and clock are well", responses={503: {}})
    def ready(request: Request) -> Response:
        """Answer in full whoever runs the service; without a credential no more than a balancer needs."""
        own = _own(request, clinics)
        found = check_readiness((own or clinics[0]).deployment)
        status = 200 if found.ready else 503
        answer: dict[str, object] = {
            "status": "ready" if found.ready else "not-ready",
            "database": found.database,
            "schema": found.schema,
            "clock": found.clock,
        }
        if own is not None:
            answer |= {"clocks": list(found.clocks), **_details(own, is_schema_there=found.schema)}
        return Response(json_text.dumps(answer), status, media_type=_JSON)

    return router


def _own(request: Request, clinics: Sequence[Doors]) -> Doors | None:
    """Return the doors of the clinic that a caller runs, None for everybody else.

    A sum over several clinics would tell one of them how another fares.
    """
    if not caller_of(request).may(_TO_SEE_ALL):
        return None
    clinic = request.scope["state"]["of_clinic"]
    return next((one for one in clinics if one.deployment.clinic == clinic), None)


def _details(doors: Doors, *, is_schema_there: bool) -> Mapping[str, object]:
    """Return how a clinic fares."""
    state = check_clinic(doors.deployment) if is_schema_there else ClinicState()
    return {
        "inbound": state.inbound,
        "attendance": state.attendance,
        "parked_look_ups": state.parked_look_ups,
        "ehr": "configured" if doors.deployment.settings.ehr_base_url else "not-configured",
        "ehr_in_trouble_since": state.ehr_in_trouble_since,
        "late_deliveries": state.late_deliveries,
        "ehr_troubles": [*doors.ehr_troubles(), *state.ehrs_left],
    }
