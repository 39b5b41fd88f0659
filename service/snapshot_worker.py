"""The thread that keeps the snapshot that reports are answered from fresh."""

import time

from service.flows.deployment import Deployment
from service.flows.refresh_snapshot import is_wanted, refresh_snapshot, snapshots_of
from service.log import Log
from service.worker_thread import WorkerThread

# After a start the service has better to do; and one that was dropped is soon made anew.
_TURN_SECONDS = 10.0
_MINUTE = 60.0


class SnapshotWorker(WorkerThread):
    """Makes one clinic's snapshot anew every few minutes where something changed, and once it is wanted."""

    def __init__(self, deployment: Deployment, log: Log) -> None:
        super().__init__("snapshots")
        self._deployment = deployment
        self._log = log
        self._last = time.monotonic()

    def pass_once(self) -> None:
        """Make the snapshot anew where it is wanted, or its time has come and something changed."""
        every = self._deployment.settings.snapshot_minutes * _MINUTE
        if time.monotonic() - self._last >= every or is_wanted(self._deployment):
            self._last = time.monotonic()
            refresh_snapshot(self._deployment)

    def _is_wanted(self) -> bool:
        return snapshots_of(self._deployment) is not None

    def _run(self) -> None:
        while not self._stopping.wait(_TURN_SECONDS):
            try:
                self.pass_once()
            except Exception as error:  # noqa: BLE001 - a disk that is full must not end the thread
                name = type(error).__name__
                self._log.event("snapshot_failed", clinic=self._deployment.clinic, error=name)
