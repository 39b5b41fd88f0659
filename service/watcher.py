"""The watcher: a thread that fetches forms filled in the EHR, now and then, and at once when told of news."""

import threading
from collections.abc import Callable
from uuid import uuid4

from service.ehr.client import EhrClient
from service.errors import EhrError
from service.flows.deployment import Deployment
from service.flows.intake import Intake
from service.flows.lane import no_crash
from service.flows.poll_ehr import Polled, note_trouble, poll_ehr, try_again
from service.flows.subscribe_ehr import subscribe_ehr
from service.log import Log

DEFAULT_CLINIC = "default"
# Without polling what a person wants tried again is still looked for.
_QUIET_SECONDS = 60.0
# Notices that come together are one look.
_GATHER_SECONDS = 0.2


class Watcher:
    """Watches the EHR of the settings; without one it does nothing. Thread-safe.

    ``wake`` is called when something was taken in, since scores and alerts are then to be delivered.
    """

    def __init__(
        self,
        deployment: Deployment,
        client: EhrClient | None,
        log: Log,
        wake: Callable[[], None],
        *,
        clinic: str = DEFAULT_CLINIC,
        crash_point: Callable[[str], None] = no_crash,
    ) -> None:
        self._deployment = deployment
        self._client = client
        self._log = log
        self._wake = wake
        self._clinic = clinic
        self._crash_point = crash_point
        self._stopping = threading.Event()
        self._news = threading.Event()
        self._subscribed = not deployment.settings.ehr_subscribe
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread, which looks at once."""
        if self._client is not None:
            self._thread = threading.Thread(
                target=self._watch, args=(self._client,), name="watch", daemon=True
            )
            self._thread.start()

    def stop(self, drain_seconds: float) -> None:
        """Let the form under way be taken in; what comes after it is found by the next start."""
        self._stopping.set()
        self._news.set()
        if self._thread is not None:
            self._thread.join(drain_seconds)

    def look(self) -> None:
        """Say that there may be news; returns at once."""
        self._news.set()

    def _watch(self, client: EhrClient) -> None:
        settings = self._deployment.settings
        while not self._stopping.is_set():
            self._news.clear()
            self._look(client)
            self._news.wait(settings.ehr_poll_seconds or _QUIET_SECONDS)
            self._stopping.wait(_GATHER_SECONDS)

    def _look(self, client: EhrClient) -> None:
        intake = Intake(
            deployment=self._deployment,
            client=client,
            clinic=self._clinic,
            ehr=self._deployment.settings.ehr_name,
            log=self._log,
            pass_id=f"inbound-{uuid4().hex}",
            crash_point=self._crash_point,
        )
        try:
            self._subscribe(client)
            polled = poll_ehr(intake) if self._deployment.settings.ehr_poll_seconds else try_again(intake)
            self._tell(polled)
        except EhrError as error:
            self._log.event("inbound_failed", ehr=intake.ehr, code=error.code)
            self._try_to_note(intake, error)
        except Exception as error:  # noqa: BLE001 - a database that is locked or full must not end the thread
            self._log.event("inbound_failed", ehr=intake.ehr, error=type(error).__name__)

    def _subscribe(self, client: EhrClient) -> None:
        """Subscribe once a process; where the EHR refuses, polling goes on without."""
        if self._subscribed:
            return
        try:
            done = subscribe_ehr(self._deployment, client, self._clinic)
        except EhrError as error:
            self._log.event("subscription_failed", ehr=self._deployment.settings.ehr_name, code=error.code)
            return
        self._subscribed = True
        self._log.event("subscription", ehr=self._deployment.settings.ehr_name, state=done)

    def _tell(self, polled: Polled) -> None:
        if polled.taken:
            self._log.event("inbound_taken", ehr=self._deployment.settings.ehr_name, count=polled.taken)
            self._wake()

    def _try_to_note(self, intake: Intake, error: EhrError) -> None:
        try:
            note_trouble(intake, error)
        except Exception as failed:  # noqa: BLE001 - as above
            self._log.event("inbound_failed", ehr=intake.ehr, error=type(failed).__name__)
