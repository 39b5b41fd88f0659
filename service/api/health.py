"""Is the process alive, and can it work? For whoever runs the container; nothing about patients."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from fhir_mappings import json_text
from service.api.doors import Doors
from service.api.security import caller_of
from service.flows.check_readiness import check_readiness
from service.scopes import OPERATIONS, Need

_JSON = "application/json"
_TO_SEE_ALL = Need(OPERATIONS, "r")


def build_router(doors: Doors) -> APIRouter:
    """Return the routes ``/live`` and ``/ready``."""
    router = APIRouter(tags=["health"])

    @router.get("/live", summary="The process answers")
    def live() -> Response:
        return Response(b'{"status":"live"}', media_type=_JSON)

    @router.get("/ready", summary="Database, schema and clock are well", responses={503: {}})
    def ready(request: Request) -> Response:
        """Answer in full whoever runs the service; without a credential no more than a balancer needs."""
        found = check_readiness(doors.deployment, doors.deployment.clinic)
        status = 200 if found.ready else 503
        answer: dict[str, object] = {
            "status": "ready" if found.ready else "not-ready",
            "database": found.database,
            "schema": found.schema,
            "clock": found.clock,
        }
        if not caller_of(request).may(_TO_SEE_ALL):
            return Response(json_text.dumps(answer), status, media_type=_JSON)
        answer |= {
            "inbound": found.inbound,
            "attendance": found.attendance,
            "parked_look_ups": found.parked_look_ups,
            "ehr": "configured" if doors.deployment.settings.ehr_base_url else "not-configured",
            "ehr_in_trouble_since": found.ehr.trouble_since,
            "late_deliveries": found.ehr.late,
            "ehr_troubles": list(doors.ehr_troubles()),
        }
        return Response(json_text.dumps(answer), status, media_type=_JSON)

    return router
