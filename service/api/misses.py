"""Who names what opens nothing, again and again: counted by network address, each minute anew.

For the pages that need no account: whoever guesses is refused, right guess or not, until the minute is over.
Several processes each count for themselves.
"""

import threading
import time
from collections.abc import Callable

from service.api.proxies import sender_of

_MINUTE = 60
# Further addresses of one minute are counted together.
_MOST_ADDRESSES = 10_000


class Misses:
    """At most ``per_minute`` misses of one address. ``seconds`` is a clock that never goes back."""

    def __init__(self, per_minute: int, seconds: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._seconds = seconds
        self._lock = threading.Lock()
        self._minute = 0
        self._counts: dict[str, int] = {}

    def add(self, address: str) -> None:
        """Count a miss."""
        with self._lock:
            self._begin_minute()
            name = self._name(address)
            self._counts[name] = self._counts.get(name, 0) + 1

    def is_over(self, address: str) -> bool:
        """Tell whether an address has missed too often to be answered in this minute."""
        with self._lock:
            self._begin_minute()
            return self._counts.get(self._name(address), 0) >= self._per_minute

    def _begin_minute(self) -> None:
        minute = int(self._seconds() // _MINUTE)
        if minute != self._minute:
            self._minute, self._counts = minute, {}

    def _name(self, address: str) -> str:
        name = sender_of(address)
        return name if name in self._counts or len(self._counts) < _MOST_ADDRESSES else ""
