"""The worker that tells the webhook's receiver: one thread, beside those that deliver to the EHR."""

import threading

from service.flows.deployment import Deployment
from service.flows.tell_webhook import Webhook, tell_next
from service.http import Http
from service.log import Log

POLL_SECONDS = 1.0


class WebhookWorker:
    """Tells what is due to the address of the settings; without one it does nothing."""

    def __init__(self, deployment: Deployment, http: Http, log: Log) -> None:
        settings = deployment.settings
        self._log = log
        self._note_turn = deployment.figures.note_turn
        self._stopping = threading.Event()
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name="webhook", daemon=True)
        self._webhook: Webhook | None = None
        if settings.webhook_url:
            self._webhook = Webhook(
                database=deployment.database,
                http=http,
                url=settings.webhook_url,
                secrets=settings.webhook_secret,
                clinic=deployment.clinic,
                clock=deployment.clock,
                log=log,
            )

    @property
    def is_running(self) -> bool:
        """Whether its thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Start the thread, where there is somebody to tell."""
        if self._webhook is not None:
            self._thread.start()

    def stop(self, drain_seconds: float) -> None:
        """Let what is on its way finish for so long, then leave; the next start tells what is left."""
        self._stopping.set()
        self._woken.set()
        if self.is_running:
            self._thread.join(drain_seconds)

    def wake(self) -> None:
        """Say that something was queued; returns at once."""
        self._woken.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            self._note_turn("webhook")
            if not self._tell_one():
                self._woken.wait(POLL_SECONDS)

    def _tell_one(self) -> bool:
        try:
            return self._webhook is not None and tell_next(self._webhook)
        except Exception as error:  # noqa: BLE001 - a database that is locked or full must not end the thread
            self._log.event("webhook_failed", error=type(error).__name__)
            return False
