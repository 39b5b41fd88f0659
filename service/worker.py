"""The worker: threads that deliver what is due, and one that keeps their leases.

They look about twice a second, and at once when woken. While the EHR is in trouble nothing is tried again and
again: the whole lane pauses, longer each time, until one delivery gets an answer.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from uuid import uuid4

from service import VERSION
from service.ehr.auth.missing_scopes import missing_rights
from service.ehr.breaker import Breaker
from service.ehr.client import EhrClient
from service.ehr.connection import credentials_for
from service.ehr.rate_limit import RateLimit
from service.ehr.turns import Turns
from service.errors import StoreError
from service.flows.book_request import book_request
from service.flows.connect_ehr import connect_ehr, searches_until
from service.flows.deliver import deliver_next
from service.flows.deployment import Deployment
from service.flows.intake import Intake
from service.flows.lane import Lane, Standing, no_crash
from service.flows.learn_patient import learn_patient
from service.flows.tell_trouble import tell_trouble
from service.http import Http
from service.log import Log
from service.owners import new_owner
from service.store.outbox import is_anything_due, renew_leases

LEASE_SECONDS = 15.0
# So many threads more than requests at a time: they claim, map and write down while others wait for the EHR.
_AHEAD = 4
POLL_SECONDS = 0.5


class Worker:
    """Delivers to the EHR of the settings; without one it does nothing and deliveries wait.

    ``pace``: how many times more seldom it looks about unless it is woken.
    """

    def __init__(
        self,
        deployment: Deployment,
        http: Http,
        log: Log,
        *,
        pace: float = 1.0,
        crash_point: Callable[[str], None] = no_crash,
    ) -> None:
        self._deployment = deployment
        settings, clock, profile = deployment.settings, deployment.clock, deployment.ehr_profile
        self._settings = settings
        self._database = deployment.database
        self._clock = clock
        self._log = log
        self._poll_seconds = POLL_SECONDS * pace
        self._owner = new_owner()
        self._stopping = threading.Event()
        self._woken = threading.Condition()
        self._breaker = Breaker(clock)
        self._rate = RateLimit(
            settings.ehr_requests_per_minute or profile.requests_per_minute or None,
            book=partial(book_request, deployment),
        )
        self._threads: list[threading.Thread] = []
        self._at_work: dict[str, datetime] = {}  # the owner of each round under way, and since when
        self._lane: Lane | None = None
        if settings.ehr_base_url:
            set_seconds = settings.ehr_settle_seconds
            settle_seconds = profile.settle_seconds if set_seconds is None else set_seconds
            self._lane = Lane(
                database=deployment.database,
                client=EhrClient(
                    http,
                    settings.ehr_base_url,
                    clock,
                    profile,
                    credentials=credentials_for(settings, http, clock),
                    rate=self._rate,
                    turns=Turns(settings.ehr_parallel),
                ),
                clinic=deployment.clinic,
                ehr=settings.ehr_name,
                names=deployment.names,
                instruments=deployment.known,
                clock=clock,
                log=log,
                owner=self._owner,
                software_version=VERSION,
                settle_seconds=settle_seconds,
                lease_seconds=LEASE_SECONDS,
                crash_point=crash_point,
                count_attempt=deployment.figures.count_attempt,
                extra_codings=deployment.extra_codings,
                alert_flag=settings.alert_flag,
                ask_patient=self._ask_patient,
                form_maps=deployment.form_maps,
            )

    @property
    def client(self) -> EhrClient | None:
        """The way to the EHR, for whoever reads from it; None without one."""
        return self._lane.client if self._lane else None

    def start(self) -> None:
        """Release what waited, and start the threads."""
        if self._lane is None:
            return
        lane = self._lane = replace(self._lane, searches_until=searches_until(self._lane))
        released = connect_ehr(lane, self._settings.historical_after_days)
        self._log.event("worker_started", ehr=lane.ehr, deliveries=released)
        self._spawn("leases", partial(self._keep_leases, lane))
        for number in range(self._settings.ehr_parallel + _AHEAD):
            self._spawn(f"deliver-{number}", partial(self._deliver, lane, f"{self._owner}-{number}"))

    def leave(self) -> None:
        """Say that it is to end; returns at once."""
        self._stopping.set()
        self._rate.stop()
        with self._woken:
            self._woken.notify_all()

    def stop(self, drain_seconds: float) -> None:
        """Let what is on its way finish for so long, then leave; the next start settles what is left."""
        self.leave()
        deadline = time.monotonic() + drain_seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        if self._lane is not None:
            self._log.event("worker_stopped", ehr=self._lane.ehr)

    def ehr_troubles(self) -> tuple[str, ...]:
        """Return what is wrong with the EHR now, in words; nothing where all is well, or not known."""
        if self._lane is None:
            return ()
        client = self._lane.client
        missing = missing_rights(
            self._settings.ehr_scopes, client.granted_scopes(), client.profile, client.known_to_declare
        )
        rights = f"the EHR did not grant us {', '.join(missing)}" if missing else ""
        return tuple(one for one in (client.trouble(), rights) if one)

    def wake(self) -> None:
        """Say that something was queued; returns at once."""
        with self._woken:
            self._woken.notify()

    def _ask_patient(self, patient_id: str) -> Standing:
        lane = self._lane
        if lane is None:
            return Standing.STANDS
        intake = Intake(
            self._deployment, lane.client, lane.clinic, lane.ehr, self._log, f"delivery-{uuid4().hex}"
        )
        return learn_patient(intake, patient_id)

    def _spawn(self, name: str, run: Callable[[], None]) -> None:
        # A thread that still waits for the EHR after the drain must not keep the process alive.
        thread = threading.Thread(target=run, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _deliver(self, lane: Lane, name: str) -> None:
        """Deliver until stopped; asks before it claims whenever the last look found nothing."""
        rounds, is_busy = 0, False
        while not self._stopping.is_set():
            try:
                rounds += 1
                self._deployment.figures.note_turn("deliver")
                own = replace(lane, owner=f"{name}-{rounds}")
                is_busy = self._may_go(lane, is_busy=is_busy) and self._round(own)
            except Exception as error:  # noqa: BLE001 - a database that is locked or full must not end the thread
                self._note_failure(error)
                self._breaker.pass_on()
                is_busy = False
            if not is_busy:
                self._wait()

    def _may_go(self, lane: Lane, *, is_busy: bool) -> bool:
        """Tell whether to claim: the EHR may be tried, and something is due, or was a moment ago."""
        if not self._breaker.may_go():
            return False
        if is_busy or self._is_anything_due(lane):
            return True
        self._breaker.pass_on()
        return False

    def _round(self, lane: Lane) -> bool:
        """Deliver one; return whether there was one."""
        # Every round is an owner of its own: a lease that a round left behind is not renewed by the next.
        self._at_work[lane.owner] = self._clock()
        try:
            done = deliver_next(lane)
        finally:
            del self._at_work[lane.owner]
        if done is None:
            self._breaker.pass_on()
            return False
        self._breaker.note(well=done.well, pause_seconds=done.pause_seconds)
        self.wake()
        return True

    def _is_anything_due(self, lane: Lane) -> bool:
        with self._database.read() as tx:
            return is_anything_due(tx, lane.clinic, lane.ehr, lane.now())

    def _keep_leases(self, lane: Lane) -> None:
        """Renew the leases of rounds that take long, a slow EHR's for instance; tell how the EHR does."""
        every = LEASE_SECONDS / 3
        while not self._stopping.wait(every):
            before = self._clock() - timedelta(seconds=every)
            owners = [owner for owner, since in list(self._at_work.items()) if since <= before]
            try:
                if owners:
                    with self._database.write() as tx:
                        renew_leases(tx, lane.clinic, owners, lane.later(LEASE_SECONDS))
                tell_trouble(lane, is_open=self._breaker.is_open, has_answered=self._breaker.has_answered)
            except Exception as error:  # noqa: BLE001 - the next turn may succeed; a lost lease is settled
                self._note_failure(error)

    def _note_failure(self, error: Exception) -> None:
        if isinstance(error, StoreError):
            self._deployment.figures.count_store_error(error)
        self._log.event("worker_failed", error=type(error).__name__)

    def _wait(self) -> None:
        with self._woken:
            if not self._stopping.is_set():
                self._woken.wait(self._poll_seconds)
