"""A thread that does something every so often until it is told to end; nothing wakes it meanwhile."""

import threading
from abc import ABC, abstractmethod


class WorkerThread(ABC):
    """One thread of this name. From ``start`` on it runs ``_run``, until ``_stopping`` is set."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread, where there is anything for it to do."""
        if self._is_wanted():
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()

    def leave(self) -> None:
        """Say that it is to end; returns at once."""
        self._stopping.set()

    def stop(self, drain_seconds: float) -> None:
        """Let what is under way be finished for so long, then leave."""
        self.leave()
        if self._thread is not None:
            self._thread.join(drain_seconds)

    def _is_wanted(self) -> bool:
        """Tell whether the settings ask for it."""
        return True

    @abstractmethod
    def _run(self) -> None:
        """Go on until ``_stopping`` is set; an exception would end the thread for good."""
