"""The wire between the service and its EHR, on which everything that can go wrong with a request does.

A proxy in this process: it passes requests on to a real EHR and, as it is turned, cuts connections, lets
answers drip, cuts them, or gives others in their place. A mishap meets the first arrival of a write only,
told by its bytes: what is sent again gets through, so that nobody needs to look after it.
"""

import hashlib
import http.client
import json
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

SLOW_COMMIT_SECONDS = 1.0
DRIP_SECONDS = 1.0
_DRIPS_AT_MOST = 60
_HTML = b"<!doctype html><title>Maintenance</title><h1>Back soon</h1>"
_HOP_BY_HOP = {"connection", "content-length", "host", "keep-alive", "transfer-encoding"}
_NOBODY = json.dumps({"resourceType": "Bundle", "type": "searchset", "total": 0}).encode()
_FHIR_JSON = ("Content-Type", "application/fhir+json")
_RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Given:
    """An answer: of the EHR, or made up here."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def head(self, length: int) -> bytes:
        """Return status line and headers, with that Content-Length."""
        lines = [f"HTTP/1.1 {self.status} {http.client.responses[self.status]}"]
        lines += [f"{name}: {value}" for name, value in (*self.headers, ("Content-Length", str(length)))]
        return "\r\n".join((*lines, "", "")).encode()


@dataclass
class _Turned:
    """What goes wrong at present, and what has met it."""

    mishaps: Sequence[str] = ()
    every: int = 1
    stale_seconds: float = 0.0
    token_lives: int = 0
    at_most: int = 0
    seen: set[bytes] = field(default_factory=set)
    met: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.following = cycle(self.mishaps or [""])


class Wire:
    """A proxy before an EHR; a context that listens while the block lasts."""

    def __init__(self, ehr: str) -> None:
        parts = urlsplit(ehr)
        self._ehr = (parts.hostname or "", parts.port or 80)
        self._path = parts.path
        self._lock = threading.Lock()
        self._turned = _Turned()
        self._last_write = 0.0
        self._token = 0
        self._carried = 0
        self._port = 0
        self._server: ThreadingHTTPServer | None = None
        self._open: set[socket.socket] = set()
        self._late: list[threading.Thread] = []

    @property
    def fhir(self) -> str:
        """The base of the EHR as the service is to know it."""
        return f"{self.base}{self._path}"

    @property
    def base(self) -> str:
        """The address of this proxy; ``/token`` below it gives tokens out."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def met(self) -> Counter[str]:
        """How often each mishap happened since it was turned on."""
        return self._turned.met

    def turn(
        self,
        *mishaps: str,
        every: int = 1,
        at_most: int = 0,
        stale_seconds: float = 0.0,
        token_lives: int = 0,
    ) -> None:
        """Set what goes wrong anew: one mishap after the other meets every n-th new write.

        ``at_most``: so many are enough (0: they never end). ``stale_seconds``: so long after any write
        searches find nothing. ``token_lives``: a token is asked for, and each is good for so many requests.
        """
        unknown = set(mishaps) - MISHAPS.keys()
        assert not unknown, unknown
        with self._lock:
            self._turned = _Turned(mishaps, every, stale_seconds, token_lives, at_most)

    def down(self) -> None:
        """Stop listening and cut every connection, as a restart of the EHR does."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        for connection in list(self._open):
            cut(connection)

    def up(self) -> None:
        """Listen, where it listened before."""
        wire = self

        class Handler(_Handler):
            of = wire

        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._server.daemon_threads = True
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self) -> Self:
        """Listen."""
        self.up()
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        """Stop, once what was to arrive late has arrived."""
        self.down()
        for thread in self._late:
            thread.join()

    def pass_on(self, request: "_Handler") -> Given:
        """Return what the EHR answers."""
        # One connection each: what is kept open could be closed by the EHR at the wrong moment.
        connection = http.client.HTTPConnection(*self._ehr, timeout=60)
        try:
            connection.putrequest(request.command, request.path, skip_host=True, skip_accept_encoding=True)
            for name, value in request.headers.items():
                if name.lower() not in _HOP_BY_HOP:
                    connection.putheader(name, value)
            connection.putheader("Host", request.headers["Host"])
            connection.putheader("Connection", "close")
            connection.putheader("Content-Length", str(len(request.body)))
            connection.endheaders(request.body)
            answer = connection.getresponse()
            kept = tuple(
                (name, value) for name, value in answer.getheaders() if name.lower() not in _HOP_BY_HOP
            )
            return Given(answer.status, kept, answer.read())
        finally:
            connection.close()

    def pass_on_late(self, request: "_Handler") -> None:
        """Let the EHR have it a while from now, when nobody listens to the answer any more."""

        def later() -> None:
            time.sleep(SLOW_COMMIT_SECONDS)
            self.pass_on(request)

        self._late.append(threading.Thread(target=later))
        self._late[-1].start()

    def answer(self, request: "_Handler") -> None:
        """Answer one request as things stand."""
        if request.path == "/token":
            request.give(self._new_token())
        elif self._refuses(request):
            request.give(Given(401, (("WWW-Authenticate", "Bearer"),)))
        elif request.is_write:
            mishap = self._mishap_for(request.body)
            if mishap:
                MISHAPS[mishap](self, request)
            else:
                request.give(self.pass_on(request))
            self._last_write = time.monotonic()
        elif request.is_search and time.monotonic() - self._last_write < self._turned.stale_seconds:
            self._turned.met["stale search"] += 1
            request.give(Given(200, (_FHIR_JSON,), _NOBODY))
        else:
            request.give(self.pass_on(request))

    def _mishap_for(self, body: bytes) -> str:
        with self._lock:
            turned, digest = self._turned, hashlib.sha256(body).digest()
            if digest in turned.seen:
                return ""
            turned.seen.add(digest)
            is_enough = 0 < turned.at_most <= turned.met.total()
            if is_enough or len(turned.seen) % turned.every:
                return ""
            mishap = next(turned.following)
            turned.met[mishap] += bool(mishap)
            return mishap

    def _new_token(self) -> Given:
        with self._lock:
            self._token, self._carried = self._token + 1, 0
            told = {"access_token": f"t-{self._token}", "token_type": "bearer", "expires_in": 300}
        return Given(200, (("Content-Type", "application/json"),), json.dumps(told).encode())

    def _refuses(self, request: "_Handler") -> bool:
        with self._lock:
            lives = self._turned.token_lives
            if not lives or request.path.endswith("/metadata"):
                return False
            self._carried += 1
            refused = request.headers["Authorization"] != f"Bearer t-{self._token}" or self._carried > lives
            self._turned.met["expired token"] += refused
            return refused

    def keep(self, connection: socket.socket) -> None:
        """Know of an open connection."""
        self._open.add(connection)

    def forget(self, connection: socket.socket) -> None:
        """Know that it is closed."""
        self._open.discard(connection)


class _Handler(BaseHTTPRequestHandler):
    of: Wire
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.of.keep(self.connection)

    def finish(self) -> None:
        self.of.forget(self.connection)
        with suppress(OSError):  # it may have been cut
            super().finish()

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:
            self.close_connection = True  # the other side is gone, or a mishap cut it

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        self.body = self.rfile.read(length)
        if len(self.body) < length:
            # It was cut amid the request: half a body is nobody's, and no EHR is asked about it.
            self.close_connection = True
            return
        self.of.answer(self)

    do_GET = do_PUT = do_POST  # noqa: N815 - the names that http.server looks for

    @property
    def is_write(self) -> bool:
        return self.command in {"POST", "PUT"} and not self.path.endswith("/_search")

    @property
    def is_search(self) -> bool:
        return self.path.endswith("/_search") or "?" in self.path

    def give(self, given: Given) -> None:
        self.wfile.write(given.head(len(given.body)) + given.body)

    def leave(self, sent: bytes) -> None:
        """Send these bytes and end the connection in good order."""
        self.wfile.write(sent)
        self.close_connection = True

    def drip(self, sent: bytes) -> None:
        """Send a byte at a time until the other side has enough of it."""
        self.close_connection = True
        for place in range(min(len(sent), _DRIPS_AT_MOST)):
            self.wfile.write(sent[place : place + 1])
            time.sleep(DRIP_SECONDS)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def cut(connection: socket.socket) -> None:
    """End a connection with a reset."""
    with suppress(OSError):  # the other side may have ended it, or we did
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        connection.shutdown(socket.SHUT_RD)
    connection.close()


def _reset_before(_: Wire, request: _Handler) -> None:
    request.close_connection = True
    cut(request.connection)


def _reset_after(wire: Wire, request: _Handler) -> None:
    wire.pass_on(request)
    _reset_before(wire, request)


def _slow_commit(wire: Wire, request: _Handler) -> None:
    wire.pass_on_late(request)
    _reset_before(wire, request)


def _truncated(wire: Wire, request: _Handler) -> None:
    given = wire.pass_on(request)
    sent = given.head(len(given.body)) + given.body
    request.leave(sent[: len(sent) // 2])


def _length_too_long(wire: Wire, request: _Handler) -> None:
    given = wire.pass_on(request)
    request.leave(given.head(len(given.body) + 100) + given.body)


def _length_too_short(wire: Wire, request: _Handler) -> None:
    given = wire.pass_on(request)
    request.wfile.write(given.head(len(given.body) // 2) + given.body)


def _drips_from_the_start(wire: Wire, request: _Handler) -> None:
    given = wire.pass_on(request)
    request.drip(given.head(len(given.body)) + given.body)


def _drips_in_the_body(wire: Wire, request: _Handler) -> None:
    given = wire.pass_on(request)
    request.wfile.write(given.head(len(given.body)))
    request.drip(given.body)


def _instead(given: Given, *, performs: bool) -> Callable[[Wire, _Handler], None]:
    """Return a mishap that gives another answer than the EHR's, which is asked or not."""

    def give(wire: Wire, request: _Handler) -> None:
        if performs:
            wire.pass_on(request)
        request.give(given)

    return give


_IN_A_SECOND = ("Retry-After", "1")
_HALF_JSON = Given(200, (_FHIR_JSON,), b'{"resourceType": "Bun')

MISHAPS: dict[str, Callable[[Wire, _Handler], None]] = {
    "reset before": _reset_before,
    "reset after": _reset_after,
    "slow commit": _slow_commit,
    "truncated": _truncated,
    "length too long": _length_too_long,
    "length too short": _length_too_short,
    "drips from the start": _drips_from_the_start,
    "drips in the body": _drips_in_the_body,
    "429 for a second": _instead(Given(429, (_IN_A_SECOND,)), performs=False),
    "429 for no time told": _instead(Given(429), performs=False),
    "503 for a second, performed": _instead(Given(503, (_IN_A_SECOND,)), performs=True),
    "503 for no time told, performed": _instead(Given(503), performs=True),
    "502 performed": _instead(Given(502, (("Content-Type", "text/html"),), _HTML), performs=True),
    "half JSON, performed": _instead(_HALF_JSON, performs=True),
    "half JSON, not performed": _instead(_HALF_JSON, performs=False),
    "web page, not performed": _instead(Given(200, (("Content-Type", "text/html"),), _HTML), performs=False),
    "web page of no type, not performed": _instead(Given(200, (), _HTML), performs=False),
    "nothing, performed": _instead(Given(200), performs=True),
    "nothing, not performed": _instead(Given(200), performs=False),
}
# A minute of rest follows each.
SLOW = ("429 for no time told",)
