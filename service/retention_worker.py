"""The thread that erases what the clinic keeps no longer; it looks once a day."""

from uuid import uuid4

from service.flows.deployment import Access, Deployment
from service.flows.erase_expired import BY, Expired, erase_expired
from service.log import Log
from service.worker_thread import WorkerThread

_EVERY_SECONDS = 24 * 3600.0
# After a start the service has better to do.
_FIRST_AFTER_SECONDS = 60.0
# A pass is many transactions; more wait for the next day.
_MOST_A_DAY = 1000


class RetentionWorker(WorkerThread):
    """Erases expired patients of one clinic; without a time set it does nothing."""

    def __init__(self, deployment: Deployment, log: Log) -> None:
        super().__init__("retention")
        self._deployment = deployment
        self._log = log
        self._clinic = deployment.clinic

    def pass_once(self) -> Expired:
        """Return what one pass came to, and log it; the file is scrubbed where something was erased."""
        access = Access(self._clinic, BY, "retention", "D", f"retention-{uuid4().hex}")
        done = erase_expired(self._deployment, access, limit=_MOST_A_DAY)
        if done.erased or done.forms:
            is_scrubbed = self._deployment.database.scrub()
            state = "scrubbed" if is_scrubbed else "erased"
            self._log.event("retention_erased", count=done.erased + done.forms, state=state)
        if done.held or done.open_forms:
            self._log.event("retention_held", count=len(done.held) + done.open_forms)
        return done

    def _is_wanted(self) -> bool:
        return self._deployment.settings.retention_years is not None

    def _run(self) -> None:
        wait = _FIRST_AFTER_SECONDS
        while not self._stopping.wait(wait):
            wait = _EVERY_SECONDS
            try:
                self.pass_once()
            except Exception as error:  # noqa: BLE001 - a database that is locked or full must not end the thread
                self._log.event("retention_failed", error=type(error).__name__)
