"""Callers with a kept connection each, and what they measure."""

import http.client
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Request:
    """One request that a caller sends; ``expected`` are the statuses that count as served."""

    method: str
    path: str
    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)
    expected: tuple[int, ...] = (200, 201)


@dataclass(frozen=True, slots=True)
class Measured:
    """How long a run took, and each request's own time, in seconds."""

    seconds: float
    each: tuple[float, ...]

    @property
    def per_second(self) -> float:
        """Return requests served in a second."""
        return len(self.each) / self.seconds

    def at(self, share: float) -> float:
        """Return the time that this share of the requests did not exceed, in milliseconds."""
        return sorted(self.each)[int(share * (len(self.each) - 1))] * 1000


def measure(base_url: str, requests: Sequence[Request], callers: int) -> Measured:
    """Send all requests, shared among so many callers, and return the times; raises where one fails."""
    times: list[float] = []
    failures: list[str] = []
    shares = [requests[place::callers] for place in range(callers)]
    threads = [
        threading.Thread(target=_send, args=(base_url, share, times.append, failures)) for share in shares
    ]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - start
    if failures:
        raise RuntimeError(f"{len(failures)} callers stopped; the first: {failures[0]}")
    return Measured(seconds, tuple(times))


def _send(
    base_url: str, requests: Sequence[Request], note: Callable[[float], None], failures: list[str]
) -> None:
    connection = http.client.HTTPConnection(urlsplit(base_url).netloc, timeout=60)
    try:
        for request in requests:
            start = time.perf_counter()
            connection.request(request.method, request.path, request.body, dict(request.headers))
            answer = connection.getresponse()
            said = answer.read()
            if answer.status not in request.expected:
                failures.append(f"{request.method} answered {answer.status}: {said[:200]!r}")
                return
            note(time.perf_counter() - start)
    except OSError as error:
        failures.append(type(error).__name__)
    finally:
        connection.close()
