"""How many requests an EHR gets at a time, whoever of this process sends them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """At most ``at_a_time`` requests on their way (None: without a limit). Thread-safe.

    A thread that is about to make sure of something takes its turn before: what it then sends leaves at
    once. Others meanwhile prepare what goes next, so that the EHR need not wait for us.
    """

    def __init__(self, at_a_time: int | None) -> None:
        self._free = None if at_a_time is None else threading.Semaphore(at_a_time)
        self._held = threading.local()

    def take(self) -> None:
        """Return when this thread's next request may leave; does nothing where it has its turn."""
        if self._free is not None and not self._has_turn:
            self._free.acquire()
            self._held.turn = True

    def give_back(self) -> None:
        """Let another thread have the turn; does nothing where this one has none."""
        if self._free is not None and self._has_turn:
            self._held.turn = False
            self._free.release()

    @contextmanager
    def one(self) -> Iterator[None]:
        """Take a turn for one request, unless it was taken before; it is over at the end."""
        self.take()
        try:
            yield
        finally:
            self.give_back()

    @property
    def _has_turn(self) -> bool:
        return getattr(self._held, "turn", False)
