"""What runs beside the API or without it: threads that write, watch, tell, erase and report."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from service.ehr.client import EhrClient
from service.ehr.connection import open_http
from service.flows.deployment import Deployment
from service.http import Http, host_of
from service.log import Log
from service.retention_worker import RetentionWorker
from service.snapshot_worker import SnapshotWorker
from service.watcher import Watcher
from service.webhook_worker import WebhookWorker
from service.worker import Worker

DRAIN_SECONDS = 10.0


class Background:
    """The threads of one process, and the ways out that they use. Nothing runs before ``running``."""

    def __init__(self, deployment: Deployment, log: Log, count_attempt: Callable[[str, str], None]) -> None:
        settings = deployment.settings
        # Each peer has a way of its own: what is meant for the EHR cannot go to the webhook's receiver.
        self._to_ehr = open_http(settings)
        receiver = frozenset({host_of(settings.webhook_url)} if settings.webhook_url else ())
        self._to_receiver = Http(receiver, settings.ehr_timeout_seconds)
        self._worker = Worker(deployment, self._to_ehr, log, count_attempt=count_attempt)
        self._teller = WebhookWorker(deployment, self._to_receiver, log)
        self._retention = RetentionWorker(deployment, log)
        self._snapshots = SnapshotWorker(deployment, log)
        self._watcher = Watcher(deployment, self._worker.client, log, self.wake)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run the threads; at the end each finishes what it began."""
        self._worker.start()
        self._teller.start()
        self._watcher.start()
        self._retention.start()
        self._snapshots.start()
        try:
            yield
        finally:
            self._snapshots.stop(DRAIN_SECONDS)
            self._retention.stop(DRAIN_SECONDS)
            self._watcher.stop(DRAIN_SECONDS)
            self._worker.stop(DRAIN_SECONDS)
            self._teller.stop(DRAIN_SECONDS)

    def close(self) -> None:
        """Close every connection."""
        self._to_ehr.close()
        self._to_receiver.close()

    def wake(self) -> None:
        """Say that something was queued; returns at once."""
        self._worker.wake()
        self._teller.wake()

    def notice(self) -> None:
        """Make the watcher look into the EHR; returns at once."""
        self._watcher.look()

    @property
    def client(self) -> EhrClient | None:
        """The way to the EHR, for what must be asked there at once; None without one."""
        return self._worker.client

    def ehr_troubles(self) -> tuple[str, ...]:
        """Return what is wrong with the EHR, in words, as far as this process knows."""
        return self._worker.ehr_troubles()
