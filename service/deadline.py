"""A limit for the whole of an exchange: httpx limits each read alone, and a byte a second never ends.

Headers that drip are read inside the library, before anybody is told of an answer; so the limit sits below
it, at the connection, where each read and write is given what is left of the time.
"""

import ssl
import threading
import time
from collections.abc import Iterable
from typing import Any

import httpcore


class Deadline(threading.local):
    """When the exchange of this thread must be over; ``start`` sets it."""

    moment: float = float("inf")

    def start(self, seconds: float) -> None:
        """Begin anew: from now on there are so many seconds."""
        self.moment = time.monotonic() + seconds

    @property
    def is_over(self) -> bool:
        """Whether nothing is left."""
        return time.monotonic() > self.moment

    def within(self, timeout: float | None, error: type[Exception]) -> float:
        """Return the seconds that one step may take, at most ``timeout``; raises ``error`` where none are."""
        left = self.moment - time.monotonic()
        if left <= 0:
            raise error
        return left if timeout is None else min(timeout, left)


class LimitedNetwork(httpcore.NetworkBackend):
    """A network whose connections keep to the deadline of the thread that uses them."""

    def __init__(self, network: httpcore.NetworkBackend, deadline: Deadline) -> None:
        self._network = network
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect as the network does; what comes over the connection is limited."""
        seconds = self._deadline.within(timeout, httpcore.ConnectTimeout)
        stream = self._network.connect_tcp(host, port, seconds, local_address, socket_options)
        return _LimitedStream(stream, self._deadline)


class _LimitedStream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.within(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.within(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        seconds = self._deadline.within(timeout, httpcore.ConnectTimeout)
        return _LimitedStream(self._stream.start_tls(ssl_context, server_hostname, seconds), self._deadline)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - as the library declares it
        return self._stream.get_extra_info(info)
