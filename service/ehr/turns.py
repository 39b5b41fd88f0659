"""How many requests an EHR gets at a time, whoever of this process sends them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

# So many more than are on their way have made sure of what they send: the EHR need not wait for our disk.
_NEXT = 2


class Turns:
    """At most ``at_a_time`` requests on their way (None: without a limit). Thread-safe.

    A thread that is about to make sure of something comes near before: what it then sends is among the next
    to leave. Others meanwhile prepare what goes after that.
    """

    def __init__(self, at_a_time: int | None) -> None:
        self._free = None if at_a_time is None else threading.Semaphore(at_a_time)
        self._places = None if at_a_time is None else threading.Semaphore(at_a_time + _NEXT)
        self._here = threading.local()

    def come_near(self) -> None:
        """Return when this thread's next request is among the next to leave; at once where it is already."""
        if self._places is not None and not self._is_near:
            self._places.acquire()
            self._here.is_near = True

    def go(self) -> None:
        """Let another thread come near; does nothing where this one is not."""
        if self._places is not None and self._is_near:
            self._here.is_near = False
            self._places.release()

    @contextmanager
    def one(self) -> Iterator[None]:
        """Take a turn for one request; afterwards this thread is near no more."""
        self.come_near()
        try:
            if self._free is None:
                yield
            else:
                with self._free:
                    yield
        finally:
            self.go()

    @property
    def _is_near(self) -> bool:
        return getattr(self._here, "is_near", False)
