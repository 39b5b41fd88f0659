"""What every request passes, at whatever door: who asks, how much and how fast, and one line in the log.

Plain ASGI: Starlette's own base class would put a task and a queue between the socket and the endpoint.
"""

import asyncio
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.browsers import is_page, page_headers
from service.api.heads import find_bad_head
from service.api.outcomes import answer_failure, answer_refusal
from service.api.proxies import sender_of
from service.api.rates import Rates
from service.api.scopes_table import is_hook, is_open
from service.api.security import Identify, IdentifyAt, request_id_of
from service.callers import NOBODY, Caller
from service.errors import (
    CallerRefused,
    CredentialRefused,
    NotStored,
    RequestRefused,
    StoreError,
    TooBusy,
    TooLarge,
    TooManyRequests,
    TooSlow,
)
from service.figures import Figures
from service.log import Log
from service.time_limit import limited_to

# Everything here is about patients: nothing is cached, framed, sniffed or given away as a referrer.
_SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
_LATER = {"Retry-After": "30"}
_FAILED = 500
# Over a limit: such floods are counted, and would be worse with a row written for each.
_UNWRITTEN = frozenset({429, 503})
# Whoever watches the process must be answered however busy it is, else it is taken for dead and ended.
_ALWAYS_ANSWERED = frozenset({"/live", "/ready"})


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request, one caller, and all of them together may take of this process.

    ``streamed`` are routes (method, path) whose body is worked on as it comes, with the most bytes of each:
    the time of a request holds there for each piece, not for the whole.
    """

    body_bytes: int
    request_seconds: float
    requests_per_minute: int
    requests_at_once: int
    streamed: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def bytes_of(self, scope: Scope) -> int:
        """Return how large the body of a request may be."""
        return self.streamed.get((scope["method"], scope["path"]), self.body_bytes)

    def is_streamed(self, scope: Scope) -> bool:
        """Tell whether a request may go on for as long as something comes."""
        return (scope["method"], scope["path"]) in self.streamed

    def time_of(self, scope: Scope) -> AbstractContextManager[None]:
        """Return what limits the work for a request."""
        return nullcontext() if self.is_streamed(scope) else limited_to(self.request_seconds)


class Gate:
    """Middleware: refuses unknown callers and what is over a limit, answers failures, writes the log.

    ``identify_hook`` tells who asks for cards, by what address; without it ``identify`` does.
    ``note`` is told of each request that is refused or fails here: scope, status, and why in a word of ours.
    ``source`` tells the address that a request came from. ``by_cookie`` tells who asks for a page;
    refusals of pages may be shown in frames of the ``ancestors``.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        log: Log,
        limits: Limits,
        identify: Identify,
        identify_hook: IdentifyAt | None = None,
        figures: Figures,
        note: Callable[[Scope, int, str], None],
        source: Callable[[Scope], str],
        by_cookie: Identify | None = None,
        ancestors: Sequence[str] = (),
    ) -> None:
        self._app = app
        self._note = note
        self._log = log
        self._identify = identify
        self._identify_hook = identify_hook
        self._by_cookie = by_cookie
        self._page_headers = (*_SECURITY_HEADERS[:-2], *page_headers(ancestors))
        self._source = source
        self._limits = limits
        self._figures = figures
        self._rates = Rates(limits.requests_per_minute)
        # Apart, so that a flood of addresses makes no caller's bucket be forgotten.
        self._strangers = Rates(limits.requests_per_minute)
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; one event ``request`` is logged for each, without any value of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        method = _known_method(scope["method"])
        headers = Headers(scope=scope)
        expected = self._page_headers if is_page(scope["path"]) else _SECURITY_HEADERS
        exchange = _Exchange(send, request_id_of(headers), expected)
        # A batch sends its entries through the entrance again.
        state = scope.setdefault("state", {})
        state.update(request_id=exchange.request_id, entrance=self)
        state.setdefault("address", self._source(scope))
        self._under_way += 1
        self._figures.request_begins()
        try:
            with self._limits.time_of(scope):
                await self._serve(scope, headers, receive, exchange)
        finally:
            self._under_way -= 1
            route, seconds = getattr(scope.get("route"), "path", "none"), perf_counter() - started
            self._figures.request_ends(
                method,
                route,
                exchange.status,
                seconds,
                request_id=exchange.request_id,
                parent=headers.get("traceparent", ""),
            )
            self._log.event(
                "request",
                request=exchange.request_id,
                method=method,
                route=route,
                status=exchange.status,
                milliseconds=round(seconds * 1000, 1),
            )

    async def _serve(self, scope: Scope, headers: Headers, receive: Receive, exchange: "_Exchange") -> None:
        try:
            refusal, told = await self._find_refusal(scope, headers)
            if refusal:
                self._figures.count_refused(refusal.faults[0].reason)
                await self._audit(scope, exchange, refusal.status, _reason_of(refusal))
                await answer_refusal(scope, refusal, told)(scope, receive, exchange.send)
                return
            await self._app(scope, self._limited(scope, receive), exchange.send)
        except StoreError as error:
            # Here and not in a handler: a handler writes an audit row, which is what cannot be done.
            self._figures.count_store_error(error)
            self._log.event("store_failed", request=exchange.request_id, error=type(error).__name__)
            if exchange.status == 0:
                refused = answer_refusal(scope, NotStored(error), _LATER)
                await refused(scope, receive, exchange.send)
        except Exception as error:  # noqa: BLE001 - the last place: past it the server would log a traceback
            self._log.event("request_failed", request=exchange.request_id, error=type(error).__name__)
            await self._audit(scope, exchange, _FAILED, "failed")
            if exchange.status == 0:
                failed = answer_failure(scope, exchange.request_id)
                await failed(scope, receive, exchange.send)

    async def _find_refusal(
        self, scope: Scope, headers: Headers
    ) -> tuple[RequestRefused | None, Mapping[str, str]]:
        """Return why a request goes no further and what headers tell so; None once it is known who asks."""
        refusal = find_bad_head(scope, headers)
        if refusal:
            # What follows on the connection of such a request may be hidden in it, and nobody's own.
            return refusal, {"Connection": "close"}
        if self._is_too_busy(scope):
            return TooBusy("Too many requests are under way. Send this one again."), {}
        try:
            caller = scope["state"]["caller"] = await self._find_caller(scope, headers)
        except (CallerRefused, CredentialRefused) as unknown:
            return self._find_too_many(scope, NOBODY) or unknown, {}
        return self._find_over_limit(scope, headers, caller), {}

    async def _audit(self, scope: Scope, exchange: "_Exchange", status: int, reason: str) -> None:
        """Let the audit know of what reached no door; it is answered all the same where that fails."""
        if status in _UNWRITTEN:
            return
        try:
            await run_in_threadpool(self._note, scope, status, reason)
        except Exception as error:  # noqa: BLE001 - as above: it is asked where something failed already
            self._log.event("store_failed", request=exchange.request_id, error=type(error).__name__)

    async def _find_caller(self, scope: Scope, headers: Headers) -> Caller:
        """Return who asks, or nobody where nobody need be known; raises what refuses the request."""
        if "entry_of" in scope["state"]:  # an entry of a batch, by whoever sent it
            known: Caller = scope["state"]["caller"]
            return known
        identify = self._identify
        if self._identify_hook is not None and is_hook(scope["path"]):
            identify = partial(self._identify_hook, scope["path"])
        try:
            if "authorization" in headers:
                # The database may be asked, or the identity provider. Who shows nothing is answered at once.
                return await run_in_threadpool(identify, headers)
            if self._by_cookie is not None and "cookie" in headers and is_page(scope["path"]):
                return await run_in_threadpool(self._by_cookie, headers)
            return identify(headers)
        except CredentialRefused:
            # A preflight carries no credential (fetch.spec.whatwg.org), and no route answers it.
            if is_open(scope["path"]) or scope["method"] == "OPTIONS":
                return NOBODY
            raise

    def _is_too_busy(self, scope: Scope) -> bool:
        # Before it is asked who it is, which may take a thread.
        waits = scope["path"] not in _ALWAYS_ANSWERED and "entry_of" not in scope["state"]
        return waits and self._under_way > self._limits.requests_at_once

    def _find_over_limit(self, scope: Scope, headers: Headers, caller: Caller) -> RequestRefused | None:
        declared, limit = headers.get("content-length", "0"), self._limits.bytes_of(scope)
        if declared.isdecimal() and int(declared) > limit:
            return _too_large(limit)
        if scope["path"] in _ALWAYS_ANSWERED:
            return None
        return self._find_too_many(scope, caller)

    def _find_too_many(self, scope: Scope, caller: Caller) -> TooManyRequests | None:
        """Count a request to its caller; whom nobody knows to where it came from. It may be one too many."""
        name = f"{caller.clinic}/{caller.name}"
        if "entry_of" in scope["state"]:
            # An entry of a batch: its Bundle was let in, and the next request of the caller pays for it.
            self._rates.charge(name)
            return None
        if caller is NOBODY:
            wait_seconds = self._strangers.wait_seconds(sender_of(scope["state"]["address"]))
        else:
            wait_seconds = self._rates.wait_seconds(name)
        return TooManyRequests(wait_seconds) if wait_seconds else None

    def _limited(self, scope: Scope, receive: Receive) -> Receive:
        """Return a ``receive`` that raises as soon as more has come than allowed, or too slowly."""
        received, is_whole, limit = 0, False, self._limits.bytes_of(scope)
        now, is_streamed = asyncio.get_running_loop().time, self._limits.is_streamed(scope)
        ends_at = now() + self._limits.request_seconds

        async def receive_within_limit() -> Message:
            nonlocal received, is_whole, ends_at
            if is_whole:  # what comes now tells that the caller has gone
                return await receive()
            if is_streamed:
                ends_at = now() + self._limits.request_seconds
            try:
                async with asyncio.timeout_at(ends_at):
                    message = await receive()
            except TimeoutError:
                raise TooSlow("The body did not come in time.") from None
            received += len(message.get("body", b""))
            is_whole = not message.get("more_body", False)
            if received > limit:
                raise _too_large(limit)
            return message

        return receive_within_limit


class _Exchange:
    """One answer on its way out: its status, and the headers that every answer carries."""

    def __init__(self, send: Send, request_id: str, expected: Sequence[tuple[bytes, bytes]]) -> None:
        self._send = send
        self._expected = expected
        self.request_id = request_id
        self.status = 0

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = message.setdefault("headers", [])
            names = {name for name, _ in headers}
            headers.extend(header for header in self._expected if header[0] not in names)
            headers.append((b"x-request-id", self.request_id.encode()))
        await self._send(message)


def _reason_of(refusal: RequestRefused) -> str:
    """Return why in a word: of a credential more exactly than its caller is told."""
    return refusal.cause if isinstance(refusal, CredentialRefused) else refusal.faults[0].reason


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"The body is larger than {limit} bytes.")


def _known_method(method: str) -> str:
    """Return the method where it is one of HTTP's own: anything else is the caller's text."""
    known = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"}
    return method if method in known else "other"
