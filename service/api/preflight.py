"""Preflights of browsers: Starlette's answers, with a refusal in the words of the door that was asked."""

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from fhir_mappings.errors import Fault
from service.api.outcomes import answer_refusal
from service.errors import FaultsInRequest

_REFUSED = 400
_ASKED = {"method": "Access-Control-Request-Method", "headers": "Access-Control-Request-Headers"}


class Preflights(CORSMiddleware):
    """Middleware: tells pages of configured origins what they may send and see."""

    def preflight_response(self, request_headers: Headers) -> Response:
        """Return what a browser is told before it sends; a refusal names what pages may not use."""
        told = super().preflight_response(request_headers)
        return _Refusal(told) if told.status_code == _REFUSED else told


class _Refusal(Response):
    """A refused preflight; which door it came to is known once it is answered."""

    def __init__(self, told: Response) -> None:
        super().__init__(b"", _REFUSED)
        about = [header for word, header in _ASKED.items() if word.encode() in told.body]
        faults = [Fault(one, "not-offered", "Pages may not send this here.") for one in about]
        self._refusal = FaultsInRequest(faults, status=_REFUSED)
        self._allowed = {
            name: value
            for name, value in told.headers.items()
            if name == "vary" or name.startswith("access-control-")
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await answer_refusal(scope, self._refusal, self._allowed)(scope, receive, send)
