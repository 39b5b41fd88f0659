"""How many requests each caller may send: a bucket of tokens for each, in this process alone.

Whom nobody knows is counted by the address that they come from.
Several processes each count for themselves: of two behind a proxy a caller gets twice the rate. Rejected:
counts that processes share, which would cost every request a write.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

_MINUTE = 60.0
# A caller may send at once what it may send in ten seconds.
_AT_ONCE_SECONDS = 10.0
# Callers are known by name; with more than so many the one that was quiet longest is forgotten.
_MOST_CALLERS = 10_000


class Rates:
    """At most ``per_minute`` requests a minute of each caller, a sixth of them at once. For one thread.

    ``seconds`` is a clock that never goes back.
    """

    def __init__(self, per_minute: int, seconds: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_minute / _MINUTE
        self._room = max(1.0, self._per_second * _AT_ONCE_SECONDS)
        self._seconds = seconds
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_seconds(self, caller: str) -> int:
        """Take a token and return 0; or take none, and return after how many whole seconds there is one."""
        tokens, now = self._tokens(caller)
        if tokens < 1.0:
            return max(1, math.ceil((1.0 - tokens) / self._per_second))
        self._keep(caller, tokens - 1.0, now)
        return 0

    def charge(self, caller: str) -> None:
        """Take a token, though there may be none: the next request waits for it."""
        tokens, now = self._tokens(caller)
        self._keep(caller, tokens - 1.0, now)

    def _tokens(self, caller: str) -> tuple[float, float]:
        now = self._seconds()
        kept, at = self._buckets.get(caller, (self._room, now))
        return min(self._room, kept + (now - at) * self._per_second), now

    def _keep(self, caller: str, tokens: float, now: float) -> None:
        self._buckets[caller] = tokens, now
        self._buckets.move_to_end(caller)
        if len(self._buckets) > _MOST_CALLERS:
            self._buckets.popitem(last=False)
