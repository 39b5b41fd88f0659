"""The worker that tells subscribers: one thread, beside those that deliver to the EHR."""

from datetime import datetime, timedelta

from service.flows.notifier import Notifier
from service.flows.notify import forget_old_notices, notify_next
from service.teller import Teller

_FORGETS_EVERY = timedelta(hours=1)


class NoticeWorker(Teller):
    """Numbers what happened and tells it, where the clinic names hosts that may be told.

    Without any nobody is told: not even a Subscription that was made when there were some.
    """

    def __init__(self, notifier: Notifier, pace: float = 1.0) -> None:
        super().__init__("notices", notifier.deployment.figures.note_turn, pace)
        self._notifier = notifier
        self._forgot_at: datetime | None = None

    def has_somebody_to_tell(self) -> bool:
        """Return whether the settings name a host."""
        return bool(self._notifier.deployment.settings.subscription_hosts)

    def tell_one(self) -> bool:
        """Tell one subscriber something; return False where nothing is due."""
        try:
            self._forget_now_and_then()
            return notify_next(self._notifier)
        except Exception as error:  # noqa: BLE001 - a database that is locked or full must not end the thread
            self._notifier.log.event("notices_failed", error=type(error).__name__)
            return False

    def _forget_now_and_then(self) -> None:
        now = self._notifier.deployment.clock()
        if self._forgot_at is None or now - self._forgot_at >= _FORGETS_EVERY:
            self._forgot_at = now
            forget_old_notices(self._notifier)
