"""How many requests a minute an EHR gets, from all threads and, where they book, all processes together."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from service.errors import EhrUnreachable, StoreError

_MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a limit comes to: so many at once, then so many per second."""

    at_once: int
    per_second: float


def allowance_of(per_minute: int) -> Allowance:
    """Return a tenth at once (at least one) and the rest spread: together no more in any minute."""
    at_once = max(1, per_minute // 10)
    return Allowance(at_once, (per_minute - at_once) / _MINUTE)


class RateLimit:
    """At most ``per_minute`` (6 or more) requests in any minute, a tenth of them at once. Thread-safe.

    ``book`` tells in how many seconds the next one may leave, whoever else sends; without it, and while it
    fails, this process keeps count by itself. ``seconds`` is a clock that never goes back. None: no limit.
    """

    def __init__(
        self,
        per_minute: int | None,
        seconds: Callable[[], float] = time.monotonic,
        book: Callable[[Allowance], float] | None = None,
    ) -> None:
        self._seconds = seconds
        self._book = book
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._allowance = None if per_minute is None else allowance_of(per_minute)
        self._tokens = float(self._allowance.at_once) if self._allowance else 0.0
        self._at = seconds()

    def take(self) -> None:
        """Return when a request may leave. Raises ``EhrUnreachable`` where ``stop`` was called meanwhile."""
        wait = self.reserve()
        if wait > 0 and self._stopped.wait(wait):
            raise EhrUnreachable("stopping")

    def reserve(self) -> float:
        """Take the next token and return in how many seconds it is there."""
        if self._allowance is None:
            return 0.0
        alone = self._reserve_alone(self._allowance)
        if self._book is None:
            return alone
        try:
            return self._book(self._allowance)
        except StoreError:
            return alone

    def _reserve_alone(self, allowance: Allowance) -> float:
        with self._lock:
            now = self._seconds()
            come = (now - self._at) * allowance.per_second
            self._tokens = min(float(allowance.at_once), self._tokens + come)
            self._at = now
            # Below zero stand those who wait: the next one comes after them.
            self._tokens -= 1.0
            return max(0.0, -self._tokens / allowance.per_second)

    def stop(self) -> None:
        """Send those away who wait: nothing of theirs left."""
        self._stopped.set()
