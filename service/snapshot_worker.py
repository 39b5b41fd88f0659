"""The thread that keeps the snapshot of reports fresh."""

import threading
import time

from service.flows.deployment import Deployment
from service.flows.refresh_snapshot import refresh_snapshot, snapshots_of
from service.log import Log

# After a start the service has better to do; and one that was dropped is soon made anew.
_TURN_SECONDS = 10.0
_MINUTE = 60.0


class SnapshotWorker:
    """Makes one clinic's snapshot anew every few minutes where something changed, and where there is none."""

    def __init__(self, deployment: Deployment, log: Log) -> None:
        self._deployment = deployment
        self._log = log
        self._snapshots = snapshots_of(deployment, deployment.clinic)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread, where there is a folder for snapshots."""
        if self._snapshots is not None:
            self._thread = threading.Thread(target=self._run, name="snapshots", daemon=True)
            self._thread.start()

    def stop(self, drain_seconds: float) -> None:
        """Let the snapshot under way be finished for so long, then leave."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(drain_seconds)

    def _run(self) -> None:
        every, last = self._deployment.settings.snapshot_minutes * _MINUTE, 0.0
        while not self._stopping.wait(_TURN_SECONDS):
            try:
                is_missing = self._snapshots is not None and self._snapshots.newest() is None
                if is_missing or time.monotonic() - last >= every:
                    last = time.monotonic()
                    refresh_snapshot(self._deployment, self._deployment.clinic)
            except Exception as error:  # noqa: BLE001 - a disk that is full must not end the thread
                self._log.event("snapshot_failed", error=type(error).__name__)
