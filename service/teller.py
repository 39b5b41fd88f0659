"""A thread that tells somebody outside of what is due, one thing after the other."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable

POLL_SECONDS = 1.0


class Teller(ABC):
    """Tells what is due until it is stopped. Its ``tell_one`` must raise nothing.

    ``pace``: how many times more seldom it looks about unless it is woken.
    """

    def __init__(self, name: str, note_turn: Callable[[str], None], pace: float = 1.0) -> None:
        self._name = name
        self._poll_seconds = POLL_SECONDS * pace
        self._note_turn = note_turn
        self._stopping = threading.Event()
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def is_running(self) -> bool:
        """Whether its thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Start the thread, where there may be somebody to tell."""
        if self.has_somebody_to_tell():
            self._thread.start()

    def leave(self) -> None:
        """Say that it is to end; returns at once."""
        self._stopping.set()
        self._woken.set()

    def stop(self, drain_seconds: float) -> None:
        """Let what is on its way finish for so long, then leave; the next start tells what is left."""
        self.leave()
        if self.is_running:
            self._thread.join(drain_seconds)

    def wake(self) -> None:
        """Say that something was queued; returns at once."""
        self._woken.set()

    @abstractmethod
    def has_somebody_to_tell(self) -> bool:
        """Return whether the thread is worth starting."""

    @abstractmethod
    def tell_one(self) -> bool:
        """Tell one thing; return False where nothing is due."""

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            self._note_turn(self._name)
            if not self.tell_one():
                self._woken.wait(self._poll_seconds)
