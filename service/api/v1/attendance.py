"""Record, correct and list which sessions a client attended, missed or cancelled late."""

from typing import Annotated, get_args

from fastapi import APIRouter, Header, Path, Query, Request
from starlette.responses import Response

from fhir_mappings import json_text
from fhir_mappings.errors import Fault
from service.api.bodies import Body, JsonBody
from service.api.doors import Doors
from service.api.etags import etag, is_unchanged, required_version
from service.api.security import access_of
from service.api.v1.attendance_models import AttendanceAnswer, AttendanceList, Status
from service.api.v1.described import json_body, refusals
from service.api.v1.fields import Fields, read_identifier
from service.api.v1.queries import LONGEST, After, Count, Pages
from service.api.v1.reading import answer, audited
from service.flows.check_request import SessionClaims, find_attendance_faults
from service.flows.deployment import Deployment
from service.flows.patient_references import references_to_patient
from service.flows.record_attendance import (
    NewAttendance,
    correct_attendance,
    list_attendance_page,
    read_attendance,
    record_attendance,
)
from service.store.attendance import AttendanceRow

AttendanceId = Annotated[str, Path(max_length=64)]
IfMatch = Annotated[str | None, Header(description='The version that is meant, such as `W/"1"`.')]
IfNoneMatch = Annotated[str | None, Header(description="A version that the caller has already.")]
Patient = Annotated[
    str, Query(min_length=1, max_length=LONGEST, description="The patient's reference, or its logical id.")
]
FIELDS = (
    "status",
    "patient",
    "therapist",
    "session_date",
    "session_number",
    "encounter",
    "identifier",
)
_PLACES = {"identifier.system": "identifier", "identifier.value": "identifier"}
_STATUSES = get_args(Status)
_JSON = "application/json"


def build_router(doors: Doors) -> APIRouter:
    """Return the routes below ``/v1/attendance``."""
    router = APIRouter(tags=["attendance"])
    _add_writes(router, doors)
    _add_reads(router, doors)
    return router


def _add_writes(router: APIRouter, doors: Doors) -> None:
    deployment = doors.deployment

    @router.post(
        "/v1/attendance",
        operation_id="recordAttendance",
        summary="Record whether a client came to an appointment",
        status_code=201,
        responses={
            200: {"model": AttendanceAnswer, "description": "The same was stored already."},
            201: {"model": AttendanceAnswer, "description": "Recorded."},
            **refusals(400, 409, 413, 415, 422),
        },
        openapi_extra=json_body("AttendanceBody"),
    )
    def record(request: Request, body: Body) -> Response:
        """Answer 201, or 200 where the same was stored already: safe to send again."""
        access = access_of(request, "C")
        row, created = record_attendance(deployment, _read_body(body, deployment), access)
        return _written(row, 201 if created else 200)

    @router.put(
        "/v1/attendance/{attendance_id}",
        operation_id="correctAttendance",
        summary="Correct it; earlier versions are kept",
        responses={
            200: {"model": AttendanceAnswer},
            **refusals(400, 404, 409, 412, 413, 415, 422, 428),
        },
        openapi_extra=json_body("AttendanceBody"),
    )
    def correct(
        request: Request, attendance_id: AttendanceId, body: Body, if_match: IfMatch = None
    ) -> Response:
        """Answer the corrected version; the patient cannot change."""
        access = access_of(request, "U")
        version = required_version(if_match)
        new = _read_body(body, deployment)
        return _written(correct_attendance(deployment, attendance_id, version, new, access), 200)


def _add_reads(router: APIRouter, doors: Doors) -> None:
    deployment = doors.deployment

    pages = Pages(deployment.places, "/v1/attendance")

    @router.get(
        "/v1/attendance",
        operation_id="listAttendance",
        summary="List a patient's appointments by session date",
        responses={200: {"model": AttendanceList}, **refusals(400)},
    )
    def list_page(request: Request, patient: Patient, count: Count = 50, after: After = None) -> Response:
        """Answer one page; a patient never seen here has none."""
        access = access_of(request, "R")
        with audited(doors, access) as patients:
            references = references_to_patient(patient, deployment.settings)
            patients.update(references)
            place = _place(pages.after(after))
            rows, following = list_attendance_page(deployment, references, access, after=place, limit=count)
        token = pages.following(*(following or ()))
        return answer({"items": [_shown(row) for row in rows], "next": token})

    @router.get(
        "/v1/attendance/{attendance_id}",
        operation_id="readAttendance",
        summary="Read one appointment",
        responses={200: {"model": AttendanceAnswer}, 304: {"description": "Unchanged."}, **refusals(404)},
    )
    def read(request: Request, attendance_id: AttendanceId, if_none_match: IfNoneMatch = None) -> Response:
        """Answer the current version."""
        access = access_of(request, "R")
        with audited(doors, access, attendance_id) as patients:
            row = read_attendance(deployment, attendance_id, access)
            patients.add(row.patient)
        headers = {"ETag": etag(row.version)}
        if is_unchanged(if_none_match, row.version):
            return Response(status_code=304, headers=headers)
        return answer(_shown(row), headers)


def _read_body(body: JsonBody, deployment: Deployment) -> NewAttendance:
    """Return what was sent, checked; raises ``FaultsInRequest`` with every fault, in field order."""
    fields = Fields(body.value, FIELDS)
    status = _status(fields)
    claims = SessionClaims(
        perspective="client",
        patient=fields.text("patient"),
        authored=None,
        source=None,
        therapist=fields.text("therapist"),
        session_date=fields.text("session_date"),
        session_number=fields.whole_number("session_number"),
        encounter=fields.text("encounter"),
        identifier=read_identifier(fields),
    )
    found = find_attendance_faults(claims, deployment.clock(), _PLACES)
    # A field that could not be read was taken as absent: that it is required is no second fault.
    fields.faults += [fault for fault in found if fields.is_sound(fault.at)]
    fields.faults.sort(key=lambda fault: FIELDS.index(fault.at) if fault.at in FIELDS else len(FIELDS))
    fields.refuse_faults()
    if claims.patient is None or claims.session_date is None or claims.identifier is None:
        raise LookupError("a body without faults has all of these")
    return NewAttendance(
        status=status,  # type: ignore[arg-type] # one of the words allowed
        patient=claims.patient,
        therapist=claims.therapist or None,
        session_date=claims.session_date,
        session_number=claims.session_number,
        encounter=claims.encounter or None,
        identifier=claims.identifier,
    )


def _status(fields: Fields) -> str | None:
    status = fields.text("status")
    if fields.is_sound("status") and status not in _STATUSES:
        message = f"Must be one of {', '.join(_STATUSES)}."
        fields.faults.append(Fault("status", "unknown-code" if status else "required", message))
    return status


def _written(row: AttendanceRow, status: int) -> Response:
    headers = {"Location": f"/v1/attendance/{row.id}", "ETag": etag(row.version)}
    return Response(json_text.dumps(_shown(row)), status, headers, _JSON)


def _shown(row: AttendanceRow) -> dict[str, object]:
    return {
        "id": row.id,
        "version": row.version,
        "status": row.status,
        "patient": row.patient,
        "therapist": row.therapist or None,
        "session_date": row.session_date,
        "session_number": row.session_number,
        "encounter": row.encounter,
        "identifier": f"{row.identifier_system}|{row.identifier_value}",
        "received_at": row.received_at,
        "updated_at": row.believed_from,
    }


def _place(parts: list[str | int] | None) -> tuple[str, int] | None:
    return None if parts is None else (str(parts[0]), int(parts[1]))
