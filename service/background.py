"""What runs beside the API or without it: threads that deliver, watch, tell, erase, report, export, seal."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

from service.api.sights import find_sight
from service.ehr.client import EhrClient
from service.ehr.connection import open_http
from service.export_worker import ExportWorker
from service.flows.deployment import Deployment
from service.flows.notifier import Notifier
from service.http import Exchange, Http, host_of
from service.import_worker import ImportWorker
from service.log import Log
from service.notice_worker import NoticeWorker
from service.retention_worker import RetentionWorker
from service.sealer import SEAL_SECONDS, Sealer
from service.snapshot_worker import SnapshotWorker
from service.watcher import Watcher
from service.webhook_worker import WebhookWorker
from service.worker import Worker

# A container is killed ten seconds after it was told to stop; answering requests may have taken three.
DRAIN_SECONDS = 6.0
# The longest that a subscriber may ask for; each says how long it is waited for.
SUBSCRIBER_SECONDS = 60.0


class Background:
    """The threads of one process, and the ways out that they use. Nothing runs before ``running``."""

    def __init__(self, deployment: Deployment, log: Log) -> None:
        settings = deployment.settings
        self._figures, self._clock = deployment.figures, deployment.clock
        # Each peer has a way of its own: what is meant for the EHR cannot go to the webhook's receiver.
        self._to_ehr = open_http(settings, self._note_exchange)
        receiver = frozenset({host_of(settings.webhook_url)} if settings.webhook_url else ())
        self._to_receiver = Http(receiver, settings.ehr_timeout_seconds)
        self._to_subscribers = Http(frozenset(settings.subscription_hosts), SUBSCRIBER_SECONDS)
        self._worker = Worker(deployment, self._to_ehr, log)
        self._teller = WebhookWorker(deployment, self._to_receiver, log)
        self._notices = NoticeWorker(
            Notifier(deployment, self._to_subscribers, partial(find_sight, deployment), log)
        )
        self._retention = RetentionWorker(deployment, log)
        self._snapshots = SnapshotWorker(deployment, log)
        self._imports = ImportWorker(deployment, log)
        self._watcher = Watcher(deployment, self._worker.client, log, self.wake)
        self._exporter = ExportWorker(deployment, log)
        self._sealer = Sealer(deployment, log)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run the threads; at the end each finishes what it began."""
        self._worker.start()
        self._teller.start()
        self._notices.start()
        self._watcher.start()
        self._retention.start()
        self._snapshots.start()
        self._imports.start()
        self._exporter.start()
        self._sealer.start()
        try:
            yield
        finally:
            self._stop()

    def _stop(self) -> None:
        """Tell all at once to stop: one after the other would take the sum of what each may take."""
        parts = (
            *(self._retention, self._watcher, self._worker, self._teller, self._notices),
            *(self._snapshots, self._exporter, self._imports),
        )
        with ThreadPoolExecutor(len(parts)) as pool:
            list(pool.map(lambda part: part.stop(DRAIN_SECONDS), parts))
        # Last, so that what the others did at the end is sealed too.
        self._sealer.stop(SEAL_SECONDS)

    def _note_exchange(self, exchange: Exchange) -> None:
        self._figures.note_exchange(
            exchange.method, exchange.status, exchange.seconds, exchange.date, self._clock()
        )

    def close(self) -> None:
        """Close every connection."""
        self._to_ehr.close()
        self._to_receiver.close()
        self._to_subscribers.close()

    def wake(self) -> None:
        """Say that something was queued; returns at once."""
        self._worker.wake()
        self._teller.wake()
        self._exporter.wake()
        self._notices.wake()

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
