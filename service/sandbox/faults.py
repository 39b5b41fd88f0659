"""Faults on demand: a slow, failing, answer-losing or lagging EHR, switched while it runs.

``PUT /faults?fail-every=3&fail-after=true`` sets them anew (what is left out is off, writes count from zero
again), ``GET /faults`` tells them. The capability statement is never slowed nor failed, except by ``html``.
"""

import asyncio
import threading
from dataclasses import dataclass, fields
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.sandbox import decimal_json
from service.sandbox.refusals import operation_outcome

_WRITES = {"POST", "PUT", "PATCH", "DELETE"}
_HTML = b"<!doctype html><title>Gateway error</title><h1>The upstream server gave no answer</h1>"


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong at present.

    ``latency_ms``: wait before each request. ``fail_every``: every n-th write fails (0: none) with
    ``fail_status``, and Retry-After with 429 and 503; 0 closes the connection without an answer.
    ``fail_after``: the failing write is performed first. ``hide_from_search_ms``: what is younger is hidden
    from searches and conditions. ``html``: every request is answered by a gateway's HTML page, status 500.
    """

    latency_ms: int = 0
    fail_every: int = 0
    fail_status: int = 503
    fail_after: bool = False
    hide_from_search_ms: int = 0
    html: bool = False

    @classmethod
    def parse(cls, pairs: dict[str, str]) -> "Faults":
        """Return the faults of a query such as ``latency-ms=200``; raises ``ValueError`` for an unknown."""
        known = {field.name.replace("_", "-"): field for field in fields(cls)}
        if not pairs.keys() <= known.keys():
            raise ValueError(f"known faults: {', '.join(known)}")
        chosen: dict[str, Any] = {
            known[name].name: text == "true" if isinstance(known[name].default, bool) else int(text)
            for name, text in pairs.items()
        }
        return cls(**chosen)


class FaultSwitch:
    """The present faults and the count of writes; safe to turn from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults = Faults()
        self._writes = 0

    @property
    def faults(self) -> Faults:
        """What goes wrong at present."""
        return self._faults

    def turn(self, faults: Faults) -> None:
        """Set the faults anew and count the writes from zero again."""
        with self._lock:
            self._faults, self._writes = faults, 0

    def fails_next_write(self) -> bool:
        """Count one write and return whether it is one that fails."""
        with self._lock:
            self._writes += 1
            return self._faults.fail_every > 0 and self._writes % self._faults.fail_every == 0


class FaultMiddleware:
    """Puts the faults between the caller and the server; asynchronous since only ASGI can lose an answer."""

    def __init__(self, app: ASGIApp, switch: FaultSwitch) -> None:
        self._app = app
        self._switch = switch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or not, as the switch says."""
        path = scope.get("path", "")
        faults = self._switch.faults
        if scope["type"] != "http" or not path.startswith("/fhir"):
            await self._app(scope, receive, send)
        elif faults.html:
            await _send(send, 500, b"text/html; charset=utf-8", _HTML)
        elif path == "/fhir/metadata":
            await self._app(scope, receive, send)
        else:
            await asyncio.sleep(faults.latency_ms / 1000)
            writes = scope["method"] in _WRITES and not path.endswith("/_search")
            if writes and self._switch.fails_next_write():
                await self._fail(faults, scope, receive, send)
            else:
                await self._app(scope, receive, send)

    async def _fail(self, faults: Faults, scope: Scope, receive: Receive, send: Send) -> None:
        if faults.fail_after:
            await self._app(scope, receive, _lose)
        if faults.fail_status:
            body = decimal_json.dumps(operation_outcome("transient", "an injected fault")).encode()
            await _send(send, faults.fail_status, b"application/fhir+json", body)
        else:
            # A body that is announced and never comes makes uvicorn close the connection.
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})


async def _lose(_: Message) -> None:
    """Take a part of an answer and send it nowhere."""


async def _send(send: Send, status: int, media_type: bytes, body: bytes) -> None:
    headers = [(b"content-type", media_type), (b"content-length", str(len(body)).encode())]
    if status in {429, 503}:
        headers.append((b"retry-after", b"1"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
