"""What every request passes, whatever door it goes to: who asks, how much it sends, and one line in the log.

Plain ASGI: Starlette's own base class would put a task and a queue between the socket and the endpoint.
"""

from collections.abc import Mapping, MutableMapping
from time import perf_counter
from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fhir_mappings.errors import Fault
from service.api.outcomes import answer_failure, answer_refusal
from service.api.security import find_foreign, request_id_of
from service.errors import FaultsInRequest, NotFound, NotStored, RequestRefused, StoreError, TooLarge
from service.log import Log

# Everything here is about patients: nothing is cached, framed, sniffed or given away as a referrer.
_SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
_LATER = {"Retry-After": "30"}


class Gate:
    """Middleware: refuses foreign callers and bodies over the limit, answers failures, writes the log."""

    def __init__(
        self,
        app: ASGIApp,
        log: Log,
        max_body_bytes: int,
        *,
        larger: Mapping[str, int] | None = None,
        origins: tuple[str, ...] = (),
    ) -> None:
        self._app = app
        self._log = log
        self._origins = origins
        self._max_body_bytes = max_body_bytes
        # Paths whose bodies are read as they come, and may be larger.
        self._larger = larger or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; one event ``request`` is logged for each, without any value of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        method = _known_method(scope["method"])
        headers = Headers(scope=scope)
        exchange = _Exchange(send, request_id_of(headers))
        scope.setdefault("state", {})["request_id"] = exchange.request_id
        try:
            await self._serve(scope, headers, receive, exchange)
        finally:
            self._log.event(
                "request",
                request=exchange.request_id,
                method=method,
                route=getattr(scope.get("route"), "path", "none"),
                status=exchange.status,
                milliseconds=round((perf_counter() - started) * 1000, 1),
            )

    async def _serve(self, scope: Scope, headers: Headers, receive: Receive, exchange: "_Exchange") -> None:
        refusal = (
            find_foreign(headers, self._origins)
            or self._find_too_large(scope, headers)
            or _find_unreadable(scope)
        )
        if refusal:
            await answer_refusal(scope["path"], refusal)(scope, receive, exchange.send)
            return
        try:
            await self._app(scope, self._limited(scope, receive), exchange.send)
        except StoreError as error:
            # Here and not in a handler: a handler writes an audit row, which is what cannot be done.
            self._log.event("store_failed", request=exchange.request_id, error=type(error).__name__)
            if exchange.status == 0:
                refused = answer_refusal(scope["path"], NotStored(error), _LATER)
                await refused(scope, receive, exchange.send)
        except Exception as error:  # noqa: BLE001 - the last place: past it the server would log a traceback
            self._log.event("request_failed", request=exchange.request_id, error=type(error).__name__)
            if exchange.status == 0:
                failed = answer_failure(scope["path"], exchange.request_id)
                await failed(scope, receive, exchange.send)

    def _find_too_large(self, scope: Scope, headers: Headers) -> RequestRefused | None:
        declared, limit = headers.get("content-length", "0"), self._limit_of(scope)
        return _too_large(limit) if declared.isdecimal() and int(declared) > limit else None

    def _limit_of(self, scope: Scope) -> int:
        return self._larger.get(scope["path"], self._max_body_bytes)

    def _limited(self, scope: Scope, receive: Receive) -> Receive:
        """Return a ``receive`` that raises ``TooLarge`` as soon as more has come than allowed."""
        received, limit = 0, self._limit_of(scope)

        async def receive_within_limit() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise _too_large(limit)
            return message

        return receive_within_limit


class _Exchange:
    """One answer on its way out: its status, and the headers that every answer carries."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self.request_id = request_id
        self.status = 0

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = message.setdefault("headers", [])
            names = {name for name, _ in headers}
            headers.extend(header for header in _SECURITY_HEADERS if header[0] not in names)
            headers.append((b"x-request-id", self.request_id.encode()))
        await self._send(message)


def _find_unreadable(scope: Scope) -> RequestRefused | None:
    """Return why an address cannot be read, or None: no database takes a NUL in what it looks for."""
    if "\x00" in scope["path"]:
        return NotFound("There is nothing at this address.")
    if b"%00" in scope["query_string"]:
        fault = Fault("", "bad-parameter", "The query holds a character that nothing here has.")
        return FaultsInRequest([fault], status=400)
    return None


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"The body is larger than {limit} bytes.")


def _known_method(method: str) -> str:
    """Return the method where it is one of HTTP's own: anything else is the caller's text."""
    known = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"}
    return method if method in known else "other"
