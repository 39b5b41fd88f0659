"""What the framework raises, as refusals of ours: unknown paths, wrong methods, unreadable parameters."""

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from fhir_mappings.errors import Fault, FaultsFound
from service.api.outcomes import answer_refusal
from service.errors import FaultsInRequest, NotFound, NotOffered, RequestRefused

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


async def answer_request_refused(request: Request, error: Exception) -> Response:
    """Return the answer to a refusal of ours."""
    if not isinstance(error, RequestRefused):
        raise error
    return answer_refusal(request.url.path, error)


async def answer_faults_found(request: Request, error: Exception) -> Response:
    """Return the answer to faults that the mappings found: 422, all of them."""
    if not isinstance(error, FaultsFound):
        raise error
    return answer_refusal(request.url.path, FaultsInRequest(error.faults))


async def answer_invalid_parameters(request: Request, error: Exception) -> Response:
    """Return the answer to parameters that the framework could not read: 400, naming each."""
    if not isinstance(error, RequestValidationError):
        raise error
    faults = [
        Fault(str(one["loc"][-1]), "bad-parameter", "The parameter cannot be read.") for one in error.errors()
    ]
    return answer_refusal(request.url.path, FaultsInRequest(faults, status=400))


async def answer_http_exception(request: Request, error: Exception) -> Response:
    """Return the answer to an unknown path (404) or a method that is not offered there (405, with Allow)."""
    if not isinstance(error, HTTPException):
        raise error
    allowed = _allowed_methods(request)
    if allowed:
        refusal: RequestRefused = NotOffered(f"Here only {', '.join(allowed)} is offered.")
        return answer_refusal(request.url.path, refusal, {"Allow": ", ".join(allowed)})
    return answer_refusal(request.url.path, _NothingHere("There is nothing at this address."))


class _NothingHere(NotFound):
    """No such address: at /fhir a type, operation or interaction that is not offered."""

    issue_code = "not-supported"


def _allowed_methods(request: Request) -> list[str]:
    """Return the methods that the path of a request takes; empty for an unknown path.

    The framework's own Allow names only the first route that has the path.
    """
    routes = request.app.router.routes
    return [
        method
        for method in _METHODS
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes)
    ]
