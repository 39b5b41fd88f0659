"""The watcher: a thread that reads from the EHR, now and then, and at once when told of news.

Forms that were filled there, attendance, ends of treatment, and the Encounters that responses leave their
session to. Of several watchers of one EHR one looks at a time; news told to any process are seen by all of
them within seconds.
"""

import threading
from collections.abc import Callable
from uuid import uuid4

from service.ehr.breaker import Breaker
from service.ehr.client import EhrClient
from service.errors import EhrError
from service.flows.deployment import Access, Deployment
from service.flows.intake import Intake
from service.flows.lane import no_crash
from service.flows.learn_roles import learn_roles
from service.flows.learn_session import is_session_wanted, learn_sessions
from service.flows.poll_attendance import poll_attendance
from service.flows.poll_ehr import Polled, note_trouble, poll_ehr, try_again
from service.flows.poll_treatment_ends import poll_treatment_ends
from service.flows.subscribe_ehr import subscribe_ehr
from service.flows.watch import Watch
from service.log import Log
from service.owners import new_owner

# Without polling what a person wants tried again is still looked for.
_QUIET_SECONDS = 60.0
# How soon something is seen that another process was told, or that a response leaves to the EHR.
_TURN_SECONDS = 1.0
# Notices that come together are one look.
_GATHER_SECONDS = 0.2


class Watcher:
    """Watches the EHR of the settings; without one it does nothing. Thread-safe.

    ``wake`` is called when something was taken in, since scores and alerts are then to be delivered.
    ``pace``: how many times more seldom it looks about unless it is told of news.
    """

    def __init__(
        self,
        deployment: Deployment,
        client: EhrClient | None,
        log: Log,
        wake: Callable[[], None],
        *,
        pace: float = 1.0,
        crash_point: Callable[[str], None] = no_crash,
    ) -> None:
        self._deployment = deployment
        self._client = client
        self._log = log
        self._wake = wake
        self._clinic = deployment.clinic
        self._crash_point = crash_point
        self._turn_seconds = _TURN_SECONDS * pace
        self._stopping = threading.Event()
        self._news = threading.Event()
        settings = deployment.settings
        self._subscribed = not settings.ehr_subscribe
        every = settings.ehr_poll_seconds or _QUIET_SECONDS
        self._watch_of_all = Watch(deployment, self._clinic, settings.ehr_name, new_owner(), every)
        self._breaker = Breaker(deployment.clock)
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread, which looks at once."""
        if self._client is not None:
            self._thread = threading.Thread(
                target=self._watch, args=(self._client,), name="watch", daemon=True
            )
            self._thread.start()

    def leave(self) -> None:
        """Say that it is to end; returns at once."""
        self._stopping.set()
        self._news.set()

    def stop(self, drain_seconds: float) -> None:
        """Let the form under way be taken in; what comes after it is found by the next start."""
        self.leave()
        if self._thread is not None:
            self._thread.join(drain_seconds)

    def look(self) -> None:
        """Say that there may be news, to the watchers of all processes. Raises ``StoreError``."""
        if self._client is not None:
            self._watch_of_all.tell()
            self._news.set()

    def _watch(self, client: EhrClient) -> None:
        is_first = True
        while not self._stopping.is_set():
            self._news.clear()
            is_first = not self._turn(client, is_first=is_first) and is_first
            if self._news.wait(self._turn_seconds):
                self._stopping.wait(_GATHER_SECONDS)

    def _turn(self, client: EhrClient, *, is_first: bool) -> bool:
        """Do what is due, on the first turn a look too; tell whether that went without a fault of ours."""
        self._deployment.figures.note_turn("watch")
        try:
            if is_first:
                self._watch_of_all.tell()
            if self._watch_of_all.begin():
                try:
                    self._look(self._intake(client))
                finally:
                    self._watch_of_all.end()
            self._learn(self._intake(client))
        except Exception as error:  # noqa: BLE001 - a database that is locked or full must not end the thread
            self._log.event("inbound_failed", ehr=self._ehr, error=type(error).__name__)
            return False
        return True

    @property
    def _ehr(self) -> str:
        return self._deployment.settings.ehr_name

    def _intake(self, client: EhrClient) -> Intake:
        return Intake(
            deployment=self._deployment,
            client=client,
            clinic=self._clinic,
            ehr=self._ehr,
            log=self._log,
            pass_id=f"inbound-{uuid4().hex}",
            still=self._watch_of_all.still,
            crash_point=self._crash_point,
        )

    def _look(self, intake: Intake) -> None:
        try:
            self._subscribe(intake.client)
            polled = poll_ehr(intake) if self._deployment.settings.ehr_poll_seconds else try_again(intake)
            self._tell(polled)
        except EhrError as error:
            self._log.event("inbound_failed", ehr=intake.ehr, code=error.code)
            note_trouble(intake, error)
        if self._deployment.settings.ehr_attendance:
            poll_attendance(intake)
        if self._deployment.settings.ehr_treatment_ends:
            poll_treatment_ends(intake)
        self._learn_roles(intake)

    def _learn_roles(self, intake: Intake) -> None:
        try:
            learnt = learn_roles(intake)
        except EhrError as error:
            self._log.event("look_up_failed", ehr=intake.ehr, code=error.code)
            return
        if learnt:
            self._log.event("roles_learnt", ehr=intake.ehr, count=learnt)

    def _learn(self, intake: Intake) -> None:
        """Look up Encounters; while the EHR does not answer, less and less often."""
        if not self._breaker.may_go():
            return
        if not is_session_wanted(intake):
            self._breaker.pass_on()
            return
        try:
            learnt = learn_sessions(intake)
        except EhrError as error:
            self._breaker.note(well=False, pause_seconds=0.0)
            self._log.event("look_up_failed", ehr=intake.ehr, code=error.code)
            return
        self._breaker.note(well=True)
        if learnt:
            self._log.event("sessions_learnt", ehr=intake.ehr, count=learnt)
            self._wake()

    def _subscribe(self, client: EhrClient) -> None:
        """Subscribe once a process; where the EHR refuses, polling goes on without."""
        if self._subscribed:
            return
        try:
            settings = self._deployment.settings
            access = Access(self._clinic, f"EHR {settings.ehr_name}", "subscribe-ehr", "C", str(uuid4()))
            done = subscribe_ehr(self._deployment, client, access)
        except EhrError as error:
            self._log.event("subscription_failed", ehr=self._deployment.settings.ehr_name, code=error.code)
            return
        self._subscribed = True
        self._log.event("subscription", ehr=self._deployment.settings.ehr_name, state=done)

    def _tell(self, polled: Polled) -> None:
        if polled.taken:
            self._log.event("inbound_taken", ehr=self._deployment.settings.ehr_name, count=polled.taken)
            self._wake()
