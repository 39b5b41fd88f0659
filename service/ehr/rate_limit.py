"""How many requests a minute an EHR gets: a bucket of tokens that all threads of this process take from."""

import threading
import time
from collections.abc import Callable

from service.errors import EhrUnreachable

_MINUTE = 60.0


class RateLimit:
    """At most ``per_minute`` (6 or more) requests in any minute, a tenth of them at once. Thread-safe.

    ``seconds`` is a clock that never goes back. None: without a limit.
    """

    def __init__(self, per_minute: int | None, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._per_minute = per_minute
        # What is in the bucket and what comes in during a minute must not be more than the limit together.
        self._room = max(1.0, (per_minute or 0) // 10)
        self._per_second = ((per_minute or 0) - self._room) / _MINUTE
        self._tokens = self._room
        self._at = seconds()

    def take(self) -> None:
        """Return when a request may leave. Raises ``EhrUnreachable`` where ``stop`` was called meanwhile."""
        wait = self.reserve()
        if wait > 0 and self._stopped.wait(wait):
            raise EhrUnreachable("stopping")

    def reserve(self) -> float:
        """Take the next token and return in how many seconds it is there."""
        if self._per_minute is None:
            return 0.0
        with self._lock:
            now = self._seconds()
            self._tokens = min(self._room, self._tokens + (now - self._at) * self._per_second)
            self._at = now
            # Below zero stand those who wait: the next one comes after them.
            self._tokens -= 1.0
            return max(0.0, -self._tokens / self._per_second)

    def stop(self) -> None:
        """Send those away who wait: nothing of theirs left."""
        self._stopped.set()
