"""What runs beside the API or without it: threads that deliver, watch, tell, erase, report, export, seal."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from typing import Protocol

from service.api.sights import find_sight
from service.ehr.client import EhrClient
from service.ehr.connection import open_http
from service.export_worker import ExportWorker
from service.flows.deployment import Deployment
from service.flows.notifier import Notifier
from service.http import Exchange, Http, host_of
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
# So many clinics look for news as often as one does; more look more seldom, since each look is a question to
# the database, and a process of a hundred would do little else. What this process queues wakes them at once.
_AS_ONE = 10
# The longest that a subscriber may ask for; each says how long it is waited for.
SUBSCRIBER_SECONDS = 60.0


class Part(Protocol):
    """A thread or some that run until they are told to end."""

    def leave(self) -> None:
        """Say that it is to end; returns at once."""

    def stop(self, drain_seconds: float) -> None:
        """Return when it has ended what it began, after so long at most."""


class Background:
    """The threads of one clinic in a process, and the ways out that they use. Nothing runs before ``start``.

    ``pace``: how many times more seldom they look for what other processes queued.
    """

    def __init__(self, deployment: Deployment, log: Log, pace: float = 1.0) -> None:
        settings = deployment.settings
        self._figures, self._clock = deployment.figures, deployment.clock
        # Each peer has a way of its own: what is meant for the EHR cannot go to the webhook's receiver.
        self._to_ehr = open_http(settings, self._note_exchange)
        receiver = frozenset({host_of(settings.webhook_url)} if settings.webhook_url else ())
        self._to_receiver = Http(receiver, settings.ehr_timeout_seconds)
        self._to_subscribers = Http(frozenset(settings.subscription_hosts), SUBSCRIBER_SECONDS)
        self._worker = Worker(deployment, self._to_ehr, log, pace=pace)
        self._teller = WebhookWorker(deployment, self._to_receiver, log, pace)
        self._notices = NoticeWorker(
            Notifier(deployment, self._to_subscribers, partial(find_sight, deployment), log), pace
        )
        self._retention = RetentionWorker(deployment, log)
        self._snapshots = SnapshotWorker(deployment, log)
        self._watcher = Watcher(deployment, self._worker.client, log, self.wake, pace=pace)
        self._exporter = ExportWorker(deployment, log, pace)
        self._sealer = Sealer(deployment, log)
        self._parts = (
            *(self._retention, self._watcher, self._worker, self._teller, self._notices),
            *(self._snapshots, self._exporter),
        )

    def start(self) -> None:
        """Start the threads."""
        for part in (*self._parts, self._sealer):
            part.start()

    @property
    def parts(self) -> Sequence[Part]:
        """Return all but the sealer."""
        return self._parts

    @property
    def sealer(self) -> Sealer:
        """What seals the audit: it ends last, so that what the others did at the end is sealed too."""
        return self._sealer

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


@contextmanager
def open_backgrounds(deployments: Sequence[Deployment], log: Log) -> Iterator[list[Background]]:
    """Give what runs beside each clinic; their connections are closed at the end."""
    pace = pace_of(len(deployments))
    with ExitStack() as opened:
        yield [opened.enter_context(closing(Background(one, log, pace))) for one in deployments]


def pace_of(clinics: int) -> float:
    """Return how many times more seldom so many clinics look about than one does."""
    return max(1.0, clinics / _AS_ONE)


@contextmanager
def running(backgrounds: Sequence[Background], nobodys: Sealer) -> Iterator[None]:
    """Run the threads of all clinics; at the end each finishes what it began.

    ``nobodys`` seals the accesses to what is open to everybody, which are kept under no clinic.
    """
    sealers = [*(one.sealer for one in backgrounds), nobodys]
    try:
        for one in backgrounds:
            one.start()
        nobodys.start()
        yield
    finally:
        end_together([part for one in backgrounds for part in one.parts], DRAIN_SECONDS)
        # Last, so that what the others did at the end is sealed too.
        end_together(sealers, SEAL_SECONDS)


def end_together(parts: Sequence[Part], seconds: float) -> None:
    """Return when all parts have ended, after so many seconds at most.

    All are told before one is waited for: one after the other would take the sum of what each may take.
    """
    for part in parts:
        part.leave()
    until = time.monotonic() + seconds
    for part in parts:
        part.stop(max(0.0, until - time.monotonic()))
