"""The only user of httpx: one exchange with a host that the configuration names.

No redirect is followed, nothing is sent twice, and an answer is read up to a limit and a deadline. What went
wrong is told apart by one question only: may the request have reached the other side?
"""

import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx

from fhir_mappings import json_text
from service.deadline import Deadline, LimitedNetwork
from service.errors import EhrSilent, EhrUnreachable, EhrUnreadable
from service.packed import ACCEPTED, CannotUnpack, unpack
from service.tls import causes, tls_fault

MAX_ANSWER_BYTES = 5_000_000
FHIR_JSON = "application/fhir+json"
# Shorter than the keep-alive of any server we met (uvicorn 5 s, Tomcat 20 s): a connection that the other
# side closes while we write to it would leave us not knowing.
_KEEP_ALIVE_SECONDS = 2.0
_CONNECT_SECONDS = 5.0
_OK = 200
_USUAL_PORTS = {"http": ":80", "https": ":443"}
_SCHEMES = frozenset(_USUAL_PORTS)
_UNREACHED = ((socket.gaierror, "host-unknown"), (ConnectionRefusedError, "connection-refused"))


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: header names in lower case, the body as it was (decompressed)."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def json_object(answer: Answer) -> dict[str, Any]:
    """Return the JSON object that was asked for; raises ``EhrUnreadable`` where none came."""
    if answer.status != _OK:
        raise EhrUnreadable(f"status-{answer.status}")
    try:
        value = json_text.loads(answer.body)
    except ValueError as error:
        raise EhrUnreadable("not-json") from error
    if not isinstance(value, dict):
        raise EhrUnreadable("not-an-object")
    return value


@dataclass(frozen=True, slots=True)
class Exchange:
    """How one exchange went: status 0 where no answer came; ``date`` is the answer's header, or ''."""

    method: str
    status: int
    seconds: float
    date: str


def note_nothing(_: Exchange) -> None:
    """Take no notice: where nobody counts."""


class Http:
    """Connections to the allowed hosts, kept open and shared. Thread-safe; ``close`` it at the end."""

    def __init__(
        self,
        allowed_hosts: frozenset[str],
        timeout_seconds: float,
        *,
        verify: ssl.SSLContext | bool = True,
        proxy: str | None = None,
        connections: int = 40,
        note: Callable[[Exchange], None] = note_nothing,
    ) -> None:
        self._allowed_hosts = allowed_hosts
        self._timeout_seconds = timeout_seconds
        self._deadline = Deadline()
        self._note = note
        self._has_proxy = proxy is not None
        limits = httpx.Limits(max_connections=connections, keepalive_expiry=_KEEP_ALIVE_SECONDS)
        self._client = httpx.Client(
            transport=_LimitedTransport(self._deadline, verify=verify, limits=limits, proxy=proxy),
            timeout=httpx.Timeout(timeout_seconds, connect=min(timeout_seconds, _CONNECT_SECONDS)),
            follow_redirects=False,
            trust_env=False,
            headers={"Accept": FHIR_JSON, "Accept-Encoding": ACCEPTED, "User-Agent": "alliance-service"},
        )

    def exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        *,
        within_seconds: float | None = None,
    ) -> Answer:
        """Send one request and return the answer, whatever its status.

        ``within_seconds`` is a limit of this exchange, below that of all.


        Raises ``EhrUnreachable`` where nothing was sent (host not allowed, refused, unknown, no connection
        in time) and ``EhrSilent`` for everything after that: no answer in time, half of one, too large a one.
        """
        scheme, host = urlsplit(url).scheme, _without_usual_port(url)
        if scheme not in _SCHEMES or self._allowed_hosts.isdisjoint({host, host + _USUAL_PORTS[scheme]}):
            raise EhrUnreachable("host-not-allowed")
        sent = {"X-Request-Id": uuid4().hex, **(headers or {})}
        if body is not None:
            sent.setdefault("Content-Type", FHIR_JSON)
        begun = time.monotonic()
        self._deadline.start(min(within_seconds or self._timeout_seconds, self._timeout_seconds))
        status, date = 0, ""
        try:
            with (
                self._errors_told_apart(),
                self._client.stream(method, url, headers=sent, content=body) as answer,
            ):
                kept = _read(answer, self._deadline)
                status, date = answer.status_code, answer.headers.get("date", "")
                return Answer(answer.status_code, _lower(answer.headers), kept)
        finally:
            self._note(Exchange(method, status, time.monotonic() - begun, date))

    @contextmanager
    def _errors_told_apart(self) -> Iterator[None]:
        try:
            yield
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
            raise EhrUnreachable(tls_fault(error) or self._unreached(error)) from error
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise EhrUnreachable("bad-address") from error
        except httpx.HTTPError as error:
            fault = tls_fault(error)
            if fault == "client-certificate-refused":
                # In TLS 1.3 a server says so after our request left, and reads nothing of it.
                raise EhrUnreachable(fault) from error
            raise EhrSilent(_word(error)) from error

    def _unreached(self, error: Exception) -> str:
        """Return what kept us from a connection: behind a proxy it is always the proxy's."""
        if self._has_proxy and isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout)):
            return "proxy-not-reached"
        named = (word for kind, word in _UNREACHED for cause in causes(error) if isinstance(cause, kind))
        return next(named, _word(error))

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """The hosts that are spoken to, and no other."""
        return self._allowed_hosts

    def close(self) -> None:
        """Close every connection."""
        self._client.close()


class _LimitedTransport(httpx.HTTPTransport):
    """The library's own way out, on a network that keeps to a deadline."""

    def __init__(
        self, deadline: Deadline, *, verify: ssl.SSLContext | bool, limits: httpx.Limits, proxy: str | None
    ) -> None:
        super().__init__(verify=verify, limits=limits, proxy=proxy, trust_env=False)
        # httpcore takes a network of one's own; httpx hands none through.
        self._pool._network_backend = LimitedNetwork(self._pool._network_backend, deadline)  # noqa: SLF001


def host_of(url: str) -> str:
    """Return host and port of a web address as the allow-list names them: ``127.0.0.1:8095``."""
    return urlsplit(url).netloc.lower()


def same_host(one: str, other: str) -> bool:
    """Tell whether two web addresses are of one host and port, the port said or left out.

    Some gateways write ``https://ehr.example:443`` where they are asked as ``https://ehr.example``.
    """
    return _without_usual_port(one) == _without_usual_port(other)


def _without_usual_port(url: str) -> str:
    return host_of(url).removesuffix(_USUAL_PORTS.get(urlsplit(url).scheme, ""))


def _word(error: Exception) -> str:
    """ConnectTimeout -> connect-timeout: a word for the log that holds nothing of the message."""
    name = type(error).__name__
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name).strip("-")


def _read(answer: httpx.Response, deadline: Deadline) -> bytes:
    kept = bytearray()
    try:
        for piece in unpack(answer.headers.get("content-encoding", ""), answer.iter_raw()):
            kept += piece
            if len(kept) > MAX_ANSWER_BYTES:
                raise EhrSilent("answer-too-large")
            if deadline.is_over:
                raise EhrSilent("answer-too-slow")
    except CannotUnpack as error:
        raise EhrSilent("answer-not-unpacked") from error
    return bytes(kept)


def _lower(headers: httpx.Headers) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
