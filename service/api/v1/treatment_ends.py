"""Tell that a treatment ended, take it back, and list what was told."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from service.api.bodies import Body
from service.api.doors import Doors
from service.api.security import access_of
from service.api.v1.act_body import read_person
from service.api.v1.described import json_body, refusals
from service.api.v1.fields import Fields
from service.api.v1.reading import answer
from service.api.v1.treatment_end_models import TreatmentEndAnswer, TreatmentEndList
from service.api.v1.trend import PatientId
from service.flows.act_on_alert import refuse_another_person
from service.flows.check_treatment_end import find_end_faults, find_therapist_faults
from service.flows.deployment import Access, Deployment
from service.flows.patient_references import references_to_patient
from service.flows.tell_treatment_end import (
    NewEnd,
    ToldEnd,
    Withdrawal,
    list_treatment_ends,
    tell_treatment_end,
    withdraw_treatment_end,
)

_PATH = "/v1/patients/{patient}/treatment-end"


def build_router(doors: Doors) -> APIRouter:
    """Return the routes of the end of a patient's treatment."""
    router = APIRouter(tags=["patients"])
    _add_writes(router, doors.deployment)

    @router.get(
        _PATH,
        operation_id="listTreatmentEnds",
        summary="List the ends of treatment told of a patient",
        responses={200: {"model": TreatmentEndList}, **refusals(400)},
    )
    def listed(request: Request, patient: PatientId) -> Response:
        """Answer one for each therapist; a patient never seen here has none."""
        access = access_of(request, "R")
        names = references_to_patient(patient, doors.deployment.settings)
        found, subject = list_treatment_ends(doors.deployment, names, access)
        doors.audit_read(access, subject, patients=names)
        return answer({"items": [_shown(one, patient) for one in found]})

    return router


def _add_writes(router: APIRouter, deployment: Deployment) -> None:
    @router.put(
        _PATH,
        operation_id="tellTreatmentEnd",
        summary="Tell that the treatment with one therapist ended",
        responses={200: {"model": TreatmentEndAnswer}, **refusals(400, 404, 413, 415, 422)},
        openapi_extra=json_body("TreatmentEndBody"),
    )
    def tell(request: Request, patient: PatientId, body: Body) -> Response:
        """Answer it as it is kept; the same again changes nothing, another word replaces it."""
        access = access_of(request, "U")
        new = read_end(body.value, patient, access, deployment)
        return answer(_shown(tell_treatment_end(deployment, new, access), patient))

    @router.post(
        f"{_PATH}/withdraw",
        operation_id="withdrawTreatmentEnd",
        summary="Take it back: told wrongly, or treatment goes on",
        status_code=204,
        responses={204: {"description": "No end is told now."}, **refusals(400, 404, 413, 415, 422)},
        openapi_extra=json_body("TreatmentEndWithdrawal"),
    )
    def withdraw(request: Request, patient: PatientId, body: Body) -> Response:
        """Answer nothing; again it changes nothing."""
        access = access_of(request, "U")
        gone = read_withdrawal(body.value, patient, access, deployment)
        withdraw_treatment_end(deployment, gone, access)
        return Response(status_code=204)


def read_end(value: Mapping[str, Any], patient: str, access: Access, deployment: Deployment) -> NewEnd:
    """Return what a body says of an end; ``patient`` is a logical id. Raises ``FaultsInRequest``."""
    fields = Fields(value, ("therapist", "date", "reason", "by"))
    therapist, ended_on, reason = _therapist(fields), fields.text("date"), fields.text("reason")
    found = find_end_faults(ended_on, reason, deployment.clock())
    # A field that could not be read was taken as absent: that it is required is no second fault.
    fields.faults += [fault for fault in found if fields.is_sound(fault.at)]
    by = read_person(fields, access.person)
    fields.refuse_faults()
    refuse_another_person(by, access, deployment, "by")
    return NewEnd(
        patient=f"Patient/{patient}",
        therapist=therapist,
        ended_on=ended_on or "",
        reason=reason,  # type: ignore[arg-type] # one of the words allowed
        by=by,
    )


def read_withdrawal(
    value: Mapping[str, Any], patient: str, access: Access, deployment: Deployment
) -> Withdrawal:
    """Return what a body says of an end that is taken back, as above."""
    fields = Fields(value, ("therapist", "by"))
    therapist, by = _therapist(fields), read_person(fields, access.person)
    fields.refuse_faults()
    refuse_another_person(by, access, deployment, "by")
    return Withdrawal(f"Patient/{patient}", therapist, by)


def _therapist(fields: Fields) -> str | None:
    therapist = fields.text("therapist")
    fields.faults += find_therapist_faults(therapist)
    return therapist or None


def _shown(told: ToldEnd, patient: str) -> dict[str, object]:
    end = told.end
    return {
        "patient": patient,
        "therapist": end.therapist or None,
        "date": end.ended_on,
        "reason": end.reason,
        "by": end.told_by,
        "source": end.source,
        "told_at": end.believed_from,
        "stands": told.went_on is None,
        "went_on": told.went_on,
    }
