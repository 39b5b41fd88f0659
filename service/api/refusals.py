"""What the framework raises, as refusals of ours: unknown paths, wrong methods, unreadable parameters."""

from dataclasses import replace

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from fhir_mappings.errors import Fault, FaultsFound
from service.api.doors import Doors
from service.api.form_pages import PageRefused
from service.api.outcomes import answer_refusal
from service.api.security import access_refused
from service.errors import FaultsInRequest, NotFound, NotOffered, ReportNotAtHand, RequestRefused

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def add_refusal_handlers(app: FastAPI, doors: Doors) -> None:
    """Answer every refusal at every door, ours and the framework's, once the audit has its row."""

    def refuse(request: Request, refusal: RequestRefused, headers: dict[str, str] | None = None) -> Response:
        refused = replace(access_refused(request), refused=refusal.faults[0].reason if refusal.faults else "")
        doors.audit_read(refused, status=refusal.status)
        return answer_refusal(request.scope, refusal, headers)

    @app.exception_handler(RequestRefused)
    def answer_request_refused(request: Request, error: RequestRefused) -> Response:
        if isinstance(error, PageRefused):
            doors.audit_read(access_refused(request), status=error.status)
            return error.page
        headers = {"Allow": error.allow} if isinstance(error, NotOffered) and error.allow else None
        if isinstance(error, ReportNotAtHand):
            headers = {"Retry-After": str(error.retry_after_seconds)}
        return refuse(request, error, headers)

    @app.exception_handler(FaultsFound)
    def answer_faults_found(request: Request, error: FaultsFound) -> Response:
        return refuse(request, FaultsInRequest(error.faults))

    @app.exception_handler(RequestValidationError)
    def answer_invalid_parameters(request: Request, error: RequestValidationError) -> Response:
        faults = [
            Fault(str(one["loc"][-1]), "bad-parameter", "The parameter cannot be read.")
            for one in error.errors()
        ]
        return refuse(request, FaultsInRequest(faults, status=400))

    @app.exception_handler(HTTPException)
    def answer_http_exception(request: Request, _: HTTPException) -> Response:
        allowed = _allowed_methods(request)
        if not allowed:
            return refuse(request, _NothingHere("There is nothing at this address."))
        listed = ", ".join(allowed)
        return refuse(request, NotOffered(f"Here only {listed} is offered."), {"Allow": listed})


class _NothingHere(NotFound):
    """No such address: at /fhir a type, operation or interaction that is not offered."""

    issue_code = "not-supported"


def _allowed_methods(request: Request) -> list[str]:
    """Return the methods that the path of a request takes; empty for an unknown path.

    The framework's own Allow names only the first route that has the path. HEAD is taken wherever GET is.
    """
    routes = request.app.router.routes
    found = [
        method
        for method in _METHODS
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes)
    ]
    return ["GET", "HEAD", *found[1:]] if "GET" in found else found
