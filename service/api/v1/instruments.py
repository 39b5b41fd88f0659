"""The instruments that this service knows: what to show, what may be answered, how it is scored."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from fhir_mappings.catalogue import find
from service.api.doors import Doors
from service.api.security import access_of
from service.api.v1.described import refusals
from service.api.v1.models import InstrumentAnswer, InstrumentList
from service.api.v1.reading import answer, audited
from service.api.v1.shown_instrument import show_instrument, show_summary
from service.errors import NotFound
from service.flows.choose_instruments import IS_OFF

InstrumentId = Annotated[str, Path(description="`srs-3`, or `srs-3|1.0.0` for a fixed revision.")]
Language = Annotated[
    str | None, Query(max_length=35, description="Texts in this language where the form has it.")
]


def build_router(doors: Doors) -> APIRouter:
    """Return the routes below ``/v1/instruments``."""
    router = APIRouter(tags=["instruments"])
    instruments, known = doors.deployment.instruments, doors.deployment.known

    @router.get(
        "/v1/instruments",
        operation_id="listInstruments",
        summary="List the instruments",
        responses={200: {"model": InstrumentList}},
    )
    def list_all(request: Request) -> Response:
        """Answer what each instrument is, without its items."""
        with audited(doors, access_of(request, "R")):
            items = [show_summary(instrument) for instrument in instruments.values()]
        return answer({"items": items, "next": None})

    @router.get(
        "/v1/instruments/{instrument}",
        operation_id="readInstrument",
        summary="Read an instrument: items, ranges, choices, scores, cut-offs, sources",
        responses={200: {"model": InstrumentAnswer}, **refusals(404)},
    )
    def read(request: Request, instrument: InstrumentId, language: Language = None) -> Response:
        """Answer everything needed to present, fill and read the form, in the wording that applies."""
        with audited(doors, access_of(request, "R")):
            found = find(instruments, instrument)
            if found is None and find(known, instrument):
                raise NotFound(IS_OFF[1])
            if found is None:
                raise NotFound("There is no such instrument, or not in this revision.")
        return answer(show_instrument(found, language))

    return router
