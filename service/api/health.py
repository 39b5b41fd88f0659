"""Is the process alive, and can it work? For whoever runs the container; nothing about patients."""

from fastapi import APIRouter
from starlette.responses import Response

from fhir_mappings import json_text
from service.api.doors import Doors
from service.flows.check_readiness import check_readiness

_JSON = "application/json"


def build_router(doors: Doors) -> APIRouter:
    """Return the routes ``/live`` and ``/ready``."""
    router = APIRouter(tags=["health"])

    @router.get("/live", summary="The process answers")
    async def live() -> Response:
        # Not in a thread: all of them may be at work, and that is no reason to end the process.
        return Response(b'{"status":"live"}', media_type=_JSON)

    @router.get("/ready", summary="Database, schema and clock are well", responses={503: {}})
    def ready() -> Response:
        found = check_readiness(doors.deployment, doors.deployment.clinic)
        answer = {
            "status": "ready" if found.ready else "not-ready",
            "database": found.database,
            "schema": found.schema,
            "clock": found.clock,
            "clocks": list(found.clocks),
            "inbound": found.inbound,
            "attendance": found.attendance,
            "parked_look_ups": found.parked_look_ups,
            "ehr": "configured" if doors.deployment.settings.ehr_base_url else "not-configured",
            "ehr_in_trouble_since": found.ehr.trouble_since,
            "late_deliveries": found.ehr.late,
            "ehr_troubles": list(doors.ehr_troubles()),
        }
        return Response(json_text.dumps(answer), 200 if found.ready else 503, media_type=_JSON)

    return router
