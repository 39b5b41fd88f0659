"""The worker that tells the webhook's receiver: one thread, beside those that deliver to the EHR."""

from service.flows.deployment import Deployment
from service.flows.tell_webhook import Webhook, tell_next
from service.http import Http
from service.log import Log
from service.teller import Teller


class WebhookWorker(Teller):
    """Tells what is due to the address of the settings; without one it does nothing."""

    def __init__(self, deployment: Deployment, http: Http, log: Log, pace: float = 1.0) -> None:
        super().__init__("webhook", deployment.figures.note_turn, pace)
        settings = deployment.settings
        self._log = log
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

    def has_somebody_to_tell(self) -> bool:
        """Return whether the settings name an address."""
        return self._webhook is not None

    def tell_one(self) -> bool:
        """Tell one event; return False where none is due."""
        try:
            return self._webhook is not None and tell_next(self._webhook)
        except Exception as error:  # noqa: BLE001 - a database that is locked or full must not end the thread
            self._log.event("webhook_failed", error=type(error).__name__)
            return False
