"""The keys of one issuer, kept at hand: fetched now and then, and when a token names one that is not known.

A provider that does not answer costs nothing but news: the keys that are known go on counting. Somebody who
invents key ids makes us ask at most once in a while.
"""

import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from service.clock import Clock
from service.identity.provider import ProviderSilent, PublishedKey
from service.identity.token import Key, fits

# How soon a key that was taken back no longer counts.
FRESH = timedelta(minutes=5)
LEAST_PAUSE = timedelta(seconds=10)
# Threads that may ask providers, or wait for one that asks, at a time: so neither whoever invents key ids nor
# a server of many providers that hangs can hold them all. There are forty.
MOST_ASKING = 8
MOST_WAITING = 8


class Patience:
    """How many threads may be held by providers: shared by all issuers of a process."""

    def __init__(self) -> None:
        self.asking = threading.BoundedSemaphore(MOST_ASKING)
        self._waiting = threading.BoundedSemaphore(MOST_WAITING)

    def enter(self, lock: threading.Lock, *, waits: bool) -> bool:
        """Take the lock of whoever asks one provider, or tell that this thread is not to wait for it."""
        if lock.acquire(blocking=False):
            return True
        if not waits or not self._waiting.acquire(blocking=False):
            return False
        try:
            return lock.acquire()
        finally:
            self._waiting.release()


class IssuerKeys:
    """Thread-safe. ``fetch`` reads the set anew; ``tell`` is told of a failure, by a short word."""

    def __init__(
        self,
        fetch: Callable[[], Sequence[PublishedKey]],
        clock: Clock,
        tell: Callable[[str], None] = lambda _: None,
        patience: Patience | None = None,
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._tell = tell
        self._lock = threading.Lock()
        self._patience = patience or Patience()
        self._keys: Sequence[PublishedKey] = ()
        self._fetched_at: datetime | None = None
        self._asked_at: datetime | None = None

    def find(self, key_id: str, algorithm: str) -> Key | None:
        """Return the key of this id that fits the algorithm, None where the issuer has none.

        A token without an id counts where one key alone can be meant (RFC 7515 leaves the id out).
        """
        found = self._known(key_id, algorithm)
        if found is None or self._is_old():
            self._renew(waits=found is None)
            found = self._known(key_id, algorithm)
        return found

    def _known(self, key_id: str, algorithm: str) -> Key | None:
        fitting = [
            one.key
            for one in self._keys
            if key_id in ("", one.id) and one.algorithm in ("", algorithm) and fits(one.key, algorithm)
        ]
        return fitting[0] if len(fitting) == 1 else None

    def _is_old(self) -> bool:
        return self._fetched_at is None or self._clock() - self._fetched_at >= FRESH

    def _renew(self, *, waits: bool) -> None:
        """Fetch the set unless that was tried a moment ago; one thread at a time, others go on."""
        if not self._patience.enter(self._lock, waits=waits):
            return
        try:
            now = self._clock()
            if self._asked_at is not None and now - self._asked_at < LEAST_PAUSE:
                return
            if self._patience.asking.acquire(blocking=False):
                self._ask(now)
        finally:
            self._lock.release()

    def _ask(self, now: datetime) -> None:
        try:
            self._asked_at = now
            self._keys = self._fetch()
            self._fetched_at = now
        except ProviderSilent as silent:
            self._tell(silent.code)
        finally:
            self._patience.asking.release()
