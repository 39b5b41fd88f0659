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
        found = check_readiness(clinics[0].deployment)
        status = 200 if found.ready else 503
        answer: dict[str, object] = {
            "status": "ready" if found.ready else "not-ready",
            "database": found.database,
            "schema": found.schema,
            "clock": found.clock,
        }
        if caller_of(request).may(_TO_SEE_ALL):
            answer |= {"clocks": list(found.clocks), **_details(clinics, is_schema_there=found.schema)}
        return Response(json_text.dumps(answer), status, media_type=_JSON)

    return router


def _details(clinics: Sequence[Doors], *, is_schema_there: bool) -> Mapping[str, object]:
    """Return how the one clinic fares; of several only sums, since each one's own runner may read them."""
    states = [check_clinic(one.deployment) if is_schema_there else ClinicState() for one in clinics]
    if len(clinics) > 1:
        return _sums(clinics, states)
    (doors,), (state,) = clinics, states
    return {
        "inbound": state.inbound,
        "attendance": state.attendance,
        "parked_look_ups": state.parked_look_ups,
        "ehr": "configured" if doors.deployment.settings.ehr_base_url else "not-configured",
        "ehr_in_trouble_since": state.ehr_in_trouble_since,
        "late_deliveries": state.late_deliveries,
        "ehr_troubles": [*doors.ehr_troubles(), *state.ehrs_left],
    }


def _sums(clinics: Sequence[Doors], states: Sequence[ClinicState]) -> Mapping[str, object]:
    return {
        "clinics": len(clinics),
        "ehrs": sum(bool(one.deployment.settings.ehr_base_url) for one in clinics),
        "ehrs_in_trouble": sum(
            bool(state.ehr_in_trouble_since or one.ehr_troubles() or state.ehrs_left)
            for one, state in zip(clinics, states, strict=True)
        ),
        "ehrs_unread": sum(
            state.inbound not in ("on", "off") or state.attendance not in ("on", "off") for state in states
        ),
        "parked_look_ups": sum(state.parked_look_ups for state in states),
        "late_deliveries": sum(state.late_deliveries for state in states),
    }
