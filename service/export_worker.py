"""The thread that writes exports, one after the other, and removes the files of those that are over."""

import threading

from service.flows.deployment import Deployment
from service.flows.work_on_export import Exporting, free_abandoned, take_next, wipe_exports, work_on_export
from service.log import Log
from service.owners import new_owner

_POLL_SECONDS = 1.0
# What is over is served no more from that moment on; its files go within this time.
_WIPE_TURNS = 30


class ExportWorker:
    """Writes one clinic's exports; without a folder set for them it does nothing.

    ``pace``: how many times more seldom it looks about unless it is woken.
    """

    def __init__(self, deployment: Deployment, log: Log, pace: float = 1.0) -> None:
        root = deployment.settings.export_dir
        self._work = Exporting(deployment, root, new_owner()) if root else None
        self._log = log
        self._poll_seconds = _POLL_SECONDS * pace
        self._stopping = threading.Event()
        self._woken = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread, where there is a folder."""
        if self._work is not None:
            self._thread = threading.Thread(target=self._run, args=(self._work,), name="export", daemon=True)
            self._thread.start()

    def leave(self) -> None:
        """Say that it is to end; returns at once."""
        self._stopping.set()
        self._woken.set()

    def stop(self, drain_seconds: float) -> None:
        """Let the piece under way be finished for so long, then leave; another goes on where it ends."""
        self.leave()
        if self._thread is not None:
            self._thread.join(drain_seconds)

    def wake(self) -> None:
        """Say that an export was asked for; returns at once."""
        self._woken.set()

    def _run(self, work: Exporting) -> None:
        turns = 0
        while not self._stopping.is_set():
            self._woken.clear()
            is_busy = self._export_next(work)
            if turns % _WIPE_TURNS == 0:
                self._wipe(work)
            turns += 1
            if not is_busy:
                self._woken.wait(self._poll_seconds)

    def _export_next(self, work: Exporting) -> bool:
        """Tell whether there was one that came to an end, well."""
        try:
            free_abandoned(work)
            row = take_next(work)
            done = work_on_export(work, row, self._stopping.is_set) if row else None
        except Exception as error:  # noqa: BLE001 - a full disk or a locked database must not end the thread
            self._log.event("export_failed", clinic=work.deployment.clinic, error=type(error).__name__)
            return False
        if done is not None:
            self._log.event("export_complete", clinic=done.clinic, count=done.patients_done)
        return done is not None

    def _wipe(self, work: Exporting) -> None:
        try:
            count = wipe_exports(work)
        except Exception as error:  # noqa: BLE001 - the next turn tries again
            self._log.event("export_wipe_failed", clinic=work.deployment.clinic, error=type(error).__name__)
            return
        if count:
            self._log.event("exports_wiped", clinic=work.deployment.clinic, count=count)
