"""The service as a process that kills itself at a chosen moment of its deliveries.

``python -m tests.system.dying frozen 2 worker`` ends by SIGKILL when a part has been frozen for the second
time. The moments are the worker's own crash points, and ``before-commit``: what it wanted to keep is lost.
"""

import os
import signal
import sys
import threading
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, Engine, event

from service import background
from service.__main__ import main
from service.worker import Worker
from tests.system.children import START_SECONDS, WorkerAlone

BEFORE_COMMIT = "before-commit"
# Each with the times that it happens first.
MOMENTS = (
    *((moment, 1) for moment in ("claimed", "frozen", "answered", "unknown", "recorded")),
    *((BEFORE_COMMIT, times) for times in (1, 2, 3, 4)),
)


class DyingWorker(WorkerAlone):
    """A worker that kills itself at its moment."""

    def __init__(self, folder: Path, name: str, settings: dict[str, str], moment: tuple[str, int]) -> None:
        super().__init__(folder, name, settings)
        self.program = ("tests.system.dying", moment[0], str(moment[1]))

    def wait_until_dead(self) -> None:
        """Return once it killed itself; fails where it goes on, or ends in another way."""
        assert self.ended(START_SECONDS) == -signal.SIGKILL


def _die_when(moment: str, times: int) -> None:
    """Make what this process is about to run kill itself at the moment's n-th time."""
    lock, left = threading.Lock(), [times]

    def at(name: str) -> None:
        with lock:
            left[0] -= name == moment
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def on_commit(tx: Connection) -> None:
        if tx.get_execution_options().get("writes") and threading.current_thread().name.startswith("deliver"):
            at(BEFORE_COMMIT)

    event.listen(Engine, "commit", on_commit)
    background.Worker = partial(Worker, crash_point=at)


if __name__ == "__main__":
    _die_when(sys.argv[1], int(sys.argv[2]))
    sys.exit(main(sys.argv[3:], os.environ, sys.stdout.write))
