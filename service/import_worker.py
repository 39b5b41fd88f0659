"""The thread that judges what imports left: one that was killed, or whose sender left, never ends itself."""

from uuid import uuid4

from service.flows.deployment import Access, Deployment
from service.flows.judge_imported import judge_left
from service.log import Log
from service.worker_thread import WorkerThread

_EVERY_SECONDS = 60.0
_BY = "worker"


class ImportWorker(WorkerThread):
    """Looks now and then whether an import left dyads of one clinic unjudged, and judges them."""

    def __init__(self, deployment: Deployment, log: Log, pace: float = 1.0) -> None:
        super().__init__("imports")
        self._deployment = deployment
        self._log = log
        self._wait_seconds = _EVERY_SECONDS * pace

    def pass_once(self) -> int:
        """Return how many dyads were judged, and log it."""
        clinic = self._deployment.clinic
        access = Access(clinic, _BY, "import", "C", f"import-{uuid4().hex}")
        count = judge_left(self._deployment, access)
        if count:
            self._log.event("import_left_judged", clinic=clinic, count=count)
        return count

    def _run(self) -> None:
        while not self._stopping.wait(self._wait_seconds):
            try:
                self.pass_once()
            except Exception as error:  # noqa: BLE001 - a database that is locked or full must not end the thread
                name = type(error).__name__
                self._log.event("import_judging_failed", clinic=self._deployment.clinic, error=name)
