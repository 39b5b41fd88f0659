"""Count requests without a valid credential per source and minute: a row for each would fill the disk."""

import threading
from collections import Counter
from datetime import datetime, timedelta

from service.clock import Clock, as_instant
from service.store.api_keys import count_refusals
from service.store.database import Database

_PAUSE = timedelta(seconds=5)
# More sources in a few seconds are counted together.
MOST_SOURCES = 500
OTHERS = "others"


class RefusalCounts:
    """Thread-safe. What was counted is written every few seconds, with the next refusal, and at the end."""

    def __init__(self, database: Database, clinic: str, clock: Clock) -> None:
        self._database = database
        self._clinic = clinic
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self._written_at: datetime | None = None

    def add(self, source: str, cause: str) -> None:
        """Count one; ``cause`` is a word of ours."""
        now = self._clock()
        minute = as_instant(now.replace(second=0, microsecond=0))
        with self._lock:
            known = (minute, source, cause) in self._counts or len(self._counts) < MOST_SOURCES
            self._counts[minute, source if known else OTHERS, cause] += 1
            is_due = self._written_at is None or now - self._written_at >= _PAUSE
            if is_due:
                self._written_at = now
        if is_due:
            self.flush()

    def flush(self) -> None:
        """Write what was counted since the last time. Raises ``StoreError``."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        if counts:
            with self._database.write() as tx:
                count_refusals(tx, self._clinic, counts)
