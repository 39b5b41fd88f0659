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
# Threads that may wait for the provider at a time, so that whoever invents key ids cannot hold them all.
MOST_WAITING = 8


class IssuerKeys:
    """Thread-safe. ``fetch`` reads the set anew; ``tell`` is told of a failure, by a short word."""

    def __init__(
        self,
        fetch: Callable[[], Sequence[PublishedKey]],
        clock: Clock,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._tell = tell
        self._lock = threading.Lock()
        self._waiting = threading.BoundedSemaphore(MOST_WAITING)
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
        if not self._enter(waits=waits):
            return
        try:
            now = self._clock()
            if self._asked_at is not None and now - self._asked_at < LEAST_PAUSE:
                return
            self._asked_at = now
            self._keys = self._fetch()
            self._fetched_at = now
        except ProviderSilent as silent:
            self._tell(silent.code)
        finally:
            self._lock.release()

    def _enter(self, *, waits: bool) -> bool:
        """Take the lock, or tell that this thread is not to wait for it."""
        if self._lock.acquire(blocking=False):
            return True
        if not waits or not self._waiting.acquire(blocking=False):
            return False
        try:
            return self._lock.acquire()
        finally:
            self._waiting.release()
