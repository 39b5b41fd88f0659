"""The sandbox EHR as a FastAPI app: addresses, headers and media types around the chart."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.exceptions import HTTPException

from service.sandbox.chart import Chart
from service.sandbox.dates import sortable
from service.sandbox.faults import FaultMiddleware, Faults, FaultSwitch
from service.sandbox.fhir_routes import answer_as_gateway, answer_refusal, fhir_routes
from service.sandbox.page import page_html
from service.sandbox.refusals import Refusal
from service.sandbox.store import Store
from service.sandbox.surfaces import Surface

Clock = Callable[[], datetime]
_PAGE_POLICY = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}


def utc_now() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Sandbox:
    """What the routes share."""

    surface: Surface
    store: Store
    switch: FaultSwitch
    clock: Clock
    started_at: datetime

    @contextmanager
    def open_chart(self, base: str) -> Iterator[Chart]:
        """Give one request its view of the chart; what it writes is kept when the block ends well."""
        with self.store.transaction() as rows:
            now = self.clock()
            hidden = timedelta(milliseconds=self.switch.faults.hide_from_search_ms)
            yield Chart(rows, self.surface, base, now, sortable(now - hidden))


def create_sandbox(database_path: str, surface: Surface, *, clock: Clock = utc_now) -> FastAPI:
    """Return the app of a sandbox EHR that keeps its resources in this SQLite file.

    The file is opened at once, made where it is missing, and closed when the app shuts down.
    """
    sandbox = Sandbox(surface, Store(database_path), FaultSwitch(), clock, clock())

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        sandbox.store.close()

    app = FastAPI(openapi_url=None, redirect_slashes=False, lifespan=lifespan)
    app.add_middleware(FaultMiddleware, switch=sandbox.switch)
    app.add_exception_handler(
        Refusal, answer_as_gateway if surface.habits.plain_not_found else answer_refusal
    )
    app.add_exception_handler(HTTPException, answer_refusal)
    app.add_exception_handler(Exception, answer_refusal)
    app.include_router(fhir_routes(sandbox.open_chart, surface, sandbox.started_at))
    _add_looks(app, sandbox)
    _add_faults(app, sandbox.switch)
    return app


def _add_looks(app: FastAPI, sandbox: Sandbox) -> None:
    @app.get("/")
    def page() -> Response:
        with sandbox.store.transaction() as rows:
            return HTMLResponse(page_html(rows, sandbox.surface.name), headers=_PAGE_POLICY)

    @app.get("/counts")
    def counts() -> dict[str, int]:
        with sandbox.store.transaction() as rows:
            return rows.counts_by_type()


def _add_faults(app: FastAPI, switch: FaultSwitch) -> None:
    @app.get("/faults")
    def faults() -> Faults:
        return switch.faults

    @app.put("/faults")
    def turn(request: Request) -> Response:
        try:
            switch.turn(Faults.parse(dict(request.query_params)))
        except ValueError:
            return JSONResponse({"error": "an unknown fault, or a number that is none"}, status_code=400)
        return Response(status_code=204)
