"""Merge a patient into another one where the EHR found that both are one, and undo it."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from service.api.bodies import Body
from service.api.doors import Doors
from service.api.security import access_of
from service.api.v1.described import json_body, refusals
from service.api.v1.fields import read_text
from service.api.v1.merge_models import MergeAnswer, MergeList
from service.api.v1.reading import answer, audited
from service.api.v1.trend import PatientId
from service.flows.list_merges import list_merges
from service.flows.merge_patients import Merged, merge_patients, undo_merge
from service.store.merges import NamedMerge

OtherId = Annotated[
    str,
    Path(
        pattern=r"^[A-Za-z0-9\-.]{1,64}$",
        description="The EHR's logical id of the patient who stays.",
        examples=["berta"],
    ),
]
_REFUSALS = refusals(400, 404, 409, 413, 415, 422)


def build_router(doors: Doors) -> APIRouter:
    """Return the routes that merge patients."""
    router = APIRouter(tags=["patients"])
    deployment = doors.deployment

    @router.get(
        "/v1/patients/{patient}/merges",
        operation_id="listPatientMerges",
        summary="The merges that hold, and who else may be this patient",
        responses={200: {"model": MergeList}, **refusals(404)},
    )
    def listed(request: Request, patient: PatientId) -> Response:
        """Answer every merge among those who are one with this patient, the oldest first."""
        access = access_of(request, "R")
        with audited(doors, access) as patients:
            patients.add(f"Patient/{patient}")
            found = list_merges(deployment, f"Patient/{patient}", access)
        items = [_standing(one) for one in found.merges]
        return answer({"items": items, "next": None, "identified_alike": list(found.identified_alike)})

    @router.post(
        "/v1/patients/{patient}/merge-into/{other}",
        operation_id="mergePatient",
        summary="Merge a patient into another one: their series become one",
        responses={200: {"model": MergeAnswer}, **_REFUSALS},
        openapi_extra=json_body("Merging"),
    )
    def merge(request: Request, patient: PatientId, other: OtherId, body: Body) -> Response:
        """Answer the merge; both dyads are judged as one from now on, and nothing that was sent changes."""
        names = f"Patient/{patient}", f"Patient/{other}"
        access = access_of(request, "U")
        merged = merge_patients(deployment, *names, read_text(body.value, "by"), access)
        doors.wake()
        return answer(_shown(merged, *names))

    @router.post(
        "/v1/patients/{patient}/merge-into/{other}/undo",
        operation_id="undoPatientMerge",
        summary="Undo a merge: each response counts for its own patient again",
        responses={200: {"model": MergeAnswer}, **_REFUSALS},
        openapi_extra=json_body("Merging"),
    )
    def undo(request: Request, patient: PatientId, other: OtherId, body: Body) -> Response:
        """Answer the merge as undone, with what came in meanwhile where its own reference belongs."""
        names = f"Patient/{patient}", f"Patient/{other}"
        access = access_of(request, "U")
        parted = undo_merge(deployment, *names, read_text(body.value, "by"), access)
        doors.wake()
        return answer(_shown(parted, *names))

    return router


def _standing(one: NamedMerge) -> dict[str, object]:
    return {
        "patient": one.patient,
        "merged_into": one.into,
        "merged_by": one.merge.merged_by,
        "merged_at": one.merge.merged_at,
    }


def _shown(merged: Merged, patient: str, other: str) -> dict[str, object]:
    merge = merged.merge
    return {
        "patient": patient,
        "merged_into": other,
        "merged_by": merge.merged_by,
        "merged_at": merge.merged_at,
        "undone_by": merge.undone_by,
        "undone_at": merge.undone_at,
        "responses": merged.responses,
        "deliveries": list(merged.deliveries),
    }
