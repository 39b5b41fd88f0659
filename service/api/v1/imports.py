"""Import a history: its rows are recorded as they come in, and the answer is the report."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Annotated, Any

from anyio import from_thread
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response, StreamingResponse

from service.api.bodies import check_media_type
from service.api.doors import Doors
from service.api.security import access_of
from service.api.v1.described import refusals
from service.api.v1.import_models import ImportAnswer, ImportList, RefusalList
from service.api.v1.import_rows import FileKind, read_file
from service.api.v1.queries import After, Count, Pages
from service.api.v1.reading import answer, audited
from service.api.v1.shown_import import REPORT_COLUMNS, as_csv, show_refusal
from service.api.v1.shown_import import show_import as shown
from service.errors import TooManyRequests
from service.flows.import_history import Choices, import_history
from service.flows.show_import import (
    list_imports,
    page_of_refusals,
    read_refusals,
    show_import,
)
from service.store.imports import Refusal

IMPORTS = "/v1/imports"
ImportId = Annotated[str, Path(description="The id that the report gave.", max_length=36)]
DryRun = Annotated[bool, Query(description="true: each row is tried, and nothing is kept.")]
QueueDeliveries = Annotated[
    bool | None,
    Query(
        description="true: the EHR is to get the responses too. Not said: not, or, resumed, as it was begun."
    ),
]
Resume = Annotated[
    str | None, Query(max_length=36, description="Id of an import of the same file that was ended.")
]
_KINDS: dict[str, FileKind] = {"text/csv": "csv", "application/x-ndjson": "ndjson"}
_SHOWN = 100
# Each holds a thread for as long as its file takes to come, and it may drip: of one clinic no more at a time.
MOST_AT_ONCE = 2
_AGAIN_SECONDS = 60
_CSV_ANSWER: dict[str, Any] = {"content": {"text/csv": {}}, "description": "One line for each fault."}
_FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {name: {"schema": {"type": "string", "format": "binary"}} for name in _KINDS},
    }
}


def build_router(doors: Doors) -> APIRouter:
    """Return the routes below ``/v1/imports``."""
    router = APIRouter(tags=["imports"])
    _add_import(router, doors)
    _add_list(router, doors)
    _add_read(router, doors)
    _add_refusals(router, doors)
    return router


def _add_import(router: APIRouter, doors: Doors) -> None:
    deployment, under_way = doors.deployment, BoundedSemaphore(MOST_AT_ONCE)

    @router.post(
        IMPORTS,
        operation_id="importHistory",
        summary="Import a history from CSV or NDJSON, row by row as it comes in",
        responses={200: {"model": ImportAnswer}, **refusals(400, 404, 409, 413, 415, 422)},
        openapi_extra=_FILE,
    )
    def bring(
        request: Request,
        dry_run: DryRun = False,  # noqa: FBT002 - a parameter of the query
        queue_deliveries: QueueDeliveries = None,
        resume: Resume = None,
    ) -> Response:
        """Answer once every row is settled; what was recorded stays where the connection ends before."""
        access = access_of(request, "C")
        check_media_type(request, frozenset(_KINDS))
        kind = _KINDS[request.headers["content-type"].partition(";")[0].strip().lower()]
        with _one_of(under_way):
            source = read_file(_pieces(request), kind, deployment)
            done = import_history(deployment, source, Choices(dry_run, queue_deliveries, resume), access)
        doors.wake()
        first, _ = page_of_refusals(deployment, done.id, access, after=0, limit=_SHOWN)
        report = shown(done) | {"refusals": [show_refusal(one) for one in first]}
        return answer(report, {"Location": f"/v1/imports/{done.id}"})


@contextmanager
def _one_of(under_way: BoundedSemaphore) -> Iterator[None]:
    """Import meanwhile; raises ``TooManyRequests`` where as many do so as may."""
    if not under_way.acquire(blocking=False):
        raise TooManyRequests(_AGAIN_SECONDS)
    try:
        yield
    finally:
        under_way.release()


def _pieces(request: Request) -> Iterator[bytes]:
    """Yield the body as it comes, in the thread of a route: what is not read yet is not sent yet."""
    stream = request.stream()

    async def next_piece() -> bytes | None:
        return await anext(stream, None)

    while (piece := from_thread.run(next_piece)) is not None:
        yield piece


def _add_list(router: APIRouter, doors: Doors) -> None:
    @router.get(
        "/v1/imports",
        operation_id="listImports",
        summary="The latest imports, and how far each came",
        responses={200: {"model": ImportList}},
    )
    def listed(request: Request) -> Response:
        """Answer the latest fifty, the newest first: one whose answer was lost is found here."""
        access = access_of(request, "R")
        with audited(doors, access):
            found = list_imports(doors.deployment, access)
        return answer({"items": [shown(one) for one in found], "next": None})


def _add_read(router: APIRouter, doors: Doors) -> None:
    deployment = doors.deployment

    @router.get(
        "/v1/imports/{import_id}",
        operation_id="readImport",
        summary="How far an import came, with the first rows that it refused",
        responses={200: {"model": ImportAnswer}, **refusals(404)},
    )
    def read(request: Request, import_id: ImportId) -> Response:
        """Answer the counts so far, also while its rows still come in."""
        access = access_of(request, "R")
        with audited(doors, access, import_id):
            found = show_import(deployment, import_id, access)
            first, _ = page_of_refusals(deployment, import_id, access, after=0, limit=_SHOWN)
        return answer(shown(found) | {"refusals": [show_refusal(one) for one in first]})


def _add_refusals(router: APIRouter, doors: Doors) -> None:
    deployment = doors.deployment

    @router.get(
        "/v1/imports/{import_id}/refusals",
        operation_id="listImportRefusals",
        summary="Every row that an import refused: line, column and reason",
        responses={200: {"model": RefusalList}, **refusals(400, 404)},
    )
    def listed(request: Request, import_id: ImportId, count: Count = _SHOWN, after: After = None) -> Response:
        """Answer the faults in the order of the file; a row may have several."""
        access = access_of(request, "R")
        pages = Pages(deployment.places, f"{IMPORTS}/{import_id}/refusals")
        with audited(doors, access, import_id):
            place = pages.after_row(after) or 0
            show_import(deployment, import_id, access)
            page, last = page_of_refusals(deployment, import_id, access, after=place, limit=count)
        told = [show_refusal(one) for one in page]
        return answer({"items": told, "next": pages.following(last)})

    @router.get(
        "/v1/imports/{import_id}/refusals.csv",
        operation_id="downloadImportRefusals",
        summary="The same as CSV, whole",
        responses={200: _CSV_ANSWER, **refusals(404)},
    )
    def download(request: Request, import_id: ImportId) -> Response:
        """Answer line, column, reason and sentence of each fault."""
        access = access_of(request, "R")
        with audited(doors, access, import_id):
            show_import(deployment, import_id, access)
        return StreamingResponse(
            _csv(read_refusals(deployment, import_id, access)), media_type="text/csv; charset=utf-8"
        )


def _csv(found: Iterable[Refusal]) -> Iterator[str]:
    yield ",".join(REPORT_COLUMNS) + "\n"
    for one in found:
        yield as_csv(one)
