"""When an EHR as a whole may be tried: a circuit breaker with one probe at a time."""

import threading
from datetime import datetime, timedelta

from service.clock import Clock

LONGEST_PAUSE_SECONDS = 60.0
# So many deliveries in a row without a usable answer make it the EHR's trouble, not theirs.
_TROUBLE_AFTER = 3
# A probe whose outcome nobody told, since its thread died, must not keep the lane closed for ever.
_PROBE_SECONDS = 300.0


class Breaker:
    """Closed while the EHR answers; open for a pause, each twice the last; then half open. Thread-safe.

    Half open it lets one through. What that one comes to, told by ``note``, closes it or opens it again;
    ``pass_on`` gives the turn back where there was nothing to try.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._in_a_row = 0
        self._pauses = 0
        self._until: datetime | None = None
        self._probing_until: datetime | None = None
        self._answered = False

    @property
    def is_open(self) -> bool:
        """Whether the EHR is in trouble: since the last answer that counts it was paused."""
        return self._until is not None

    @property
    def has_answered(self) -> bool:
        """Whether the EHR's last word to this process was a usable answer."""
        return self._answered and self._until is None

    def may_go(self) -> bool:
        """Tell whether something may be sent; after a pause, to one caller until its outcome is told."""
        with self._lock:
            if self._until is None:
                return True
            now = self._clock()
            if now < self._until or (self._probing_until is not None and now < self._probing_until):
                return False
            self._probing_until = now + timedelta(seconds=_PROBE_SECONDS)
            return True

    def pass_on(self) -> None:
        """Let another caller probe: this one had nothing to send."""
        with self._lock:
            self._probing_until = None

    def note(self, *, well: bool, pause_seconds: float | None = None) -> None:
        """Take notice of how a delivery went: close, count, or pause.

        ``pause_seconds`` is set where the trouble is the whole EHR's, at least so long; 0 leaves it to us.
        """
        with self._lock:
            self._probing_until = None
            if well:
                self._in_a_row, self._pauses, self._until, self._answered = 0, 0, None, True
                return
            self._in_a_row += 1
            if pause_seconds is None and self._in_a_row < _TROUBLE_AFTER:
                return
            self._pauses += 1
            growing = min(LONGEST_PAUSE_SECONDS, 2.0 ** min(self._pauses - 1, 10))
            self._until = self._clock() + timedelta(seconds=max(pause_seconds or 0.0, growing))
