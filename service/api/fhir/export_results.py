"""What becomes of a bulk export: how far it is, its manifest and files, its end. For the caller who asked.

A router of its own: its files are NDJSON, which ``Accept`` may ask for.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import format_datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from starlette.responses import Response, StreamingResponse

from fhir_mappings import json_text
from fhir_mappings.bulk import NDJSON, Exported, ExportedFile, to_manifest
from service.api.byte_ranges import ByteRange, asked_range, is_there_already
from service.api.doors import Doors
from service.api.fhir.answers import fhir_base
from service.api.fhir.described import answers
from service.api.fhir.export_operation import may_export
from service.api.security import access_of, grants_of
from service.clock import from_instant
from service.errors import ExportFailed, NotFound, ScopeMissing
from service.export_files import PartFile, folder_of, read_part
from service.flows.render_resources import EXPORTED
from service.flows.start_export import NO_SUCH_EXPORT, show_export, stop_export
from service.flows.work_on_export import parts_of
from service.store.exports import COMPLETE, FAILED, ExportRow

_UNDER_WAY, _PARTIAL = 202, 206
_AGAIN_SECONDS = "5"
_EXPORT = "/exports/{export_id}"
Range = Annotated[
    str | None, Header(alias="Range", description="`bytes=1000-`: only these, to go on where one ended.")
]
IfRange = Annotated[str | None, Header(description="The ETag of the file that the range is meant of.")]
IfNoneMatch = Annotated[str | None, Header(description="An ETag of a file that the caller has already.")]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which bytes of a file are asked for, and on what condition."""

    range: Range = None
    if_range: IfRange = None
    if_none_match: IfNoneMatch = None


def build_router(doors: Doors) -> APIRouter:
    """Return the routes below ``/fhir/exports``."""
    router = APIRouter(prefix="/fhir", tags=["FHIR"])
    _add_status(router, doors)
    _add_file(router, doors)
    _add_cancel(router, doors)
    return router


def _add_status(router: APIRouter, doors: Doors) -> None:
    told = answers("OperationOutcome") | {
        200: {"description": "The manifest", "content": {"application/json": {"schema": {"type": "object"}}}},
        _UNDER_WAY: {"description": "Under way: X-Progress says how far, Retry-After when to ask again"},
    }

    @router.get(_EXPORT, summary="How far a bulk export is; once complete, its manifest", responses=told)
    def status(request: Request, export_id: str) -> Response:
        access = access_of(request, "R")
        row = show_export(doors.deployment, export_id, access)
        doors.audit_read(access, f"export/{row.id}")
        if row.state == FAILED:
            raise ExportFailed("The export failed. Ask for it again; the log of the service says more.")
        if row.state != COMPLETE:
            return Response(None, _UNDER_WAY, {"X-Progress": _progress(row), "Retry-After": _AGAIN_SECONDS})
        base = f"{fhir_base(request, doors.deployment.settings)}/exports/{row.id}"
        files = [ExportedFile(one.type, f"{base}/{one.name}", one.lines) for one in parts_of(row)]
        manifest = to_manifest(Exported(row.request, row.created_at, doors.asks_credentials, files))
        headers = {"Expires": format_datetime(from_instant(row.expires_at or row.created_at), usegmt=True)}
        return Response(json_text.dumps(manifest), 200, headers, "application/json")


def _add_file(router: APIRouter, doors: Doors) -> None:
    content = {NDJSON: {"schema": {"type": "string"}}}
    told = answers("OperationOutcome") | {
        200: {"description": "A resource a line", "content": content},
        _PARTIAL: {"description": "The bytes asked for; Content-Range says which", "content": content},
        304: {"description": "If-None-Match names this file"},
        416: {"description": "Range asks for bytes behind the end"},
    }

    @router.get(f"{_EXPORT}/{{file}}", summary="One file of a bulk export", responses=told)
    def read_file(
        request: Request, export_id: str, file: str, wanted: Annotated[Wanted, Depends()]
    ) -> Response:
        access = access_of(request, "R")
        row = show_export(doors.deployment, export_id, access)
        part = _named(row, file)
        if part.type in EXPORTED and not may_export(grants_of(request), part.type):
            raise ScopeMissing([f"system/{part.type}.r"])
        etag = f'"{row.id}.{part.name}.{part.bytes}"'  # what counts of a file never changes
        headers = {"ETag": etag, "Accept-Ranges": "bytes"}
        is_here = is_there_already(wanted.if_none_match, etag)
        # What the caller has is not looked into for a range: RFC 9110, 13.2.2.
        span = None if is_here else asked_range(wanted.range, wanted.if_range, etag, part.bytes)
        doors.audit_read(access, f"export/{row.id}")
        if is_here:
            return Response(None, 304, headers)
        if span is None:
            if "gzip" in request.headers.get("accept-encoding", ""):
                # Packed, its bytes are others, and a range of them is not meant.
                headers["ETag"] = f"W/{etag}"
            pieces = _read(doors, row, part, ByteRange(0, part.bytes - 1))
            return StreamingResponse(pieces, 200, headers | {"Content-Length": str(part.bytes)}, NDJSON)
        headers |= {"Content-Length": str(span.length), "Content-Range": span.content_range(part.bytes)}
        return StreamingResponse(_read(doors, row, part, span), _PARTIAL, headers, NDJSON)


def _add_cancel(router: APIRouter, doors: Doors) -> None:
    @router.delete(
        _EXPORT,
        summary="Cancel a bulk export, or have its files removed",
        status_code=_UNDER_WAY,
        responses=answers("OperationOutcome") | {_UNDER_WAY: {"description": "It is there no more"}},
    )
    def cancel(request: Request, export_id: str) -> Response:
        stop_export(doors.deployment, export_id, access_of(request, "D"))
        doors.wake()
        return Response(None, _UNDER_WAY)


def _named(row: ExportRow, name: str) -> PartFile:
    """Return a file of an export that is complete. Raises ``NotFound``."""
    found = [one for one in parts_of(row) if one.name == name and row.state == COMPLETE]
    if not found:
        raise NotFound(NO_SUCH_EXPORT)
    return found[0]


def _read(doors: Doors, row: ExportRow, part: PartFile, span: ByteRange) -> Iterable[bytes]:
    """Return the pieces of a span of a file; raises ``NotFound`` where this process does not reach it."""
    root = doors.deployment.settings.export_dir
    if root is None:
        raise NotFound(NO_SUCH_EXPORT)
    try:
        return read_part(folder_of(root, row.clinic, row.id), part, span.first, span.length)
    except OSError:
        doors.log.event("export_file_missing", clinic=row.clinic)
        raise NotFound(NO_SUCH_EXPORT) from None


def _progress(row: ExportRow) -> str:
    return f"{row.patients_done} of {row.patients_total} patients"
