"""What every request passes, whatever door it goes to: who asks, how much it sends, and one line in the log.

Plain ASGI: Starlette's own base class would put a task and a queue between the socket and the endpoint.
"""

from collections.abc import Callable, MutableMapping
from time import perf_counter
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fhir_mappings.errors import Fault
from service.api.outcomes import answer_failure, answer_refusal
from service.api.scopes_table import is_open
from service.api.security import Identify, request_id_of
from service.callers import NOBODY
from service.errors import (
    CallerRefused,
    CredentialRefused,
    FaultsInRequest,
    NotFound,
    NotStored,
    RequestRefused,
    StoreError,
    TooLarge,
)
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
    """Middleware: refuses unknown callers and bodies over the limit, answers failures, writes the log.

    ``identify`` may wait for a database or an identity provider where ``identify_waits``; ``count_refusal``
    is told of each request without a valid credential: who sent it, why it was refused.
    """

    def __init__(
        self,
        app: ASGIApp,
        log: Log,
        max_body_bytes: int,
        identify: Identify,
        *,
        identify_waits: bool = False,
        count_refusal: Callable[[Scope, str], None] = lambda _, __: None,
    ) -> None:
        self._app = app
        self._log = log
        self._identify = identify
        self._identify_waits = identify_waits
        self._count_refusal = count_refusal
        self._max_body_bytes = max_body_bytes

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
        try:
            refusal = await self._find_refusal(scope, headers)
            if refusal:
                await answer_refusal(scope["path"], refusal)(scope, receive, exchange.send)
                return
            await self._app(scope, self._limited(receive), exchange.send)
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

    async def _find_refusal(self, scope: Scope, headers: Headers) -> RequestRefused | None:
        """Return why a request goes no further, None where it does: with its caller, or as nobody's."""
        try:
            if self._identify_waits:
                scope["state"]["caller"] = await run_in_threadpool(self._identify, headers)
            else:
                scope["state"]["caller"] = self._identify(headers)
        except CallerRefused as foreign:
            return foreign
        except CredentialRefused as refused:
            # A preflight carries no credential (fetch.spec.whatwg.org), and no route answers it.
            if not (is_open(scope["path"]) or scope["method"] == "OPTIONS"):
                await run_in_threadpool(self._count_refusal, scope, refused.cause)
                return refused
            scope["state"]["caller"] = NOBODY
        return self._find_too_large(headers) or _find_unreadable(scope)

    def _find_too_large(self, headers: Headers) -> RequestRefused | None:
        declared = headers.get("content-length", "0")
        return self._too_large() if declared.isdecimal() and int(declared) > self._max_body_bytes else None

    def _too_large(self) -> TooLarge:
        return TooLarge(f"The body is larger than {self._max_body_bytes} bytes.")

    def _limited(self, receive: Receive) -> Receive:
        """Return a ``receive`` that raises ``TooLarge`` as soon as more has come than allowed."""
        received = 0

        async def receive_within_limit() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._max_body_bytes:
                raise self._too_large()
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


def _known_method(method: str) -> str:
    """Return the method where it is one of HTTP's own: anything else is the caller's text."""
    known = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"}
    return method if method in known else "other"
