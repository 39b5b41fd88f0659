"""A service, its worker's lane and a fake EHR, moved by one clock. Nobody here exists."""

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import respx

from fhir_mappings.form_names import form_canonical
from service.clock import as_instant
from service.ehr.client import EhrClient
from service.ehr.profile_file import load_profile
from service.flows.connect_ehr import connect_ehr
from service.flows.correct_response import correct_response, withdraw_response
from service.flows.deliver import deliver_next
from service.flows.deployment import Deployment
from service.flows.intake import Intake
from service.flows.lane import Delivered, Lane, Standing
from service.flows.learn_patient import learn_patient
from service.flows.new_response import Recorded
from service.flows.record_response import record_response
from service.http import Http
from service.log import Log
from service.store.deliveries import DeliveryDetail, DeliveryRow, get_delivery, list_deliveries
from tests.service.build import StandingClock, a_deployment, a_response, an_access
from tests.service.ehr.fake_ehr import BASE, HOST, FakeEhr

SETTLE_SECONDS = 60.0
SHORT_TURN_SECONDS = 5.0


class Crash(BaseException):
    """The service was killed at a crash point."""


@dataclass
class CrashPlan:
    """At which calls of a crash point the service dies: counted from 0."""

    at: set[int] = field(default_factory=set)
    only: str = ""
    calls: int = 0

    def __call__(self, name: str) -> None:
        if self.only and name != self.only:
            return
        self.calls += 1
        if self.calls - 1 in self.at:
            raise Crash(name)


@dataclass
class Bench:
    """One clinic, its service, and its EHR, which has our definitions unless a test wants to see them go."""

    deployment: Deployment
    clock: StandingClock
    ehr: FakeEhr
    http: Http
    log: io.StringIO = field(default_factory=io.StringIO)
    crash_point: Callable[[str], None] = lambda _: None
    starts: int = 0
    has_definitions: bool = True
    profile: str = "generic"
    lane: Lane = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Start the worker anew, as after a kill: nothing in memory survives."""
        self.starts += 1
        self.lane = Lane(
            database=self.deployment.database,
            client=EhrClient(self.http, BASE, self.clock, load_profile(self.profile)),
            clinic="default",
            ehr="ehr",
            names=self.deployment.names,
            instruments=self.deployment.known,
            clock=self.clock,
            log=Log(self.log),
            owner=f"worker-{self.starts}",
            software_version="1.2.3",
            settle_seconds=SETTLE_SECONDS,
            lease_seconds=15.0,
            crash_point=self.crash_point,
            extra_codings=self.deployment.extra_codings,
            alert_flag=self.deployment.settings.alert_flag,
            ask_patient=self._ask_patient,
            definitions_there=self._definitions_there(),
        )

    def _ask_patient(self, patient_id: str) -> Standing:
        client = self.lane.client
        intake = Intake(self.deployment, client, "default", "ehr", Log(self.log), "delivery-1")
        return learn_patient(intake, patient_id)

    def _definitions_there(self) -> set[tuple[str | None, bool]]:
        if not self.has_definitions:
            return set()
        names = self.deployment.names
        forms = [form_canonical(one, names) for one in self.deployment.known.values()]
        return {(one, whole) for one in (None, *forms) for whole in (True, False)}

    def connect(self) -> int:
        return connect_ehr(self.lane, 28)

    def record(self, session: int = 7, total: str = "36.3", **changes: Any) -> Recorded:
        return record_response(self.deployment, a_response(session, total, **changes), an_access())

    def correct(self, response_id: str, version: int = 1, **changes: Any) -> Recorded:
        new = a_response(**changes)
        return correct_response(self.deployment, response_id, version, new, an_access("U"))

    def withdraw(self, response_id: str, version: int = 1) -> None:
        withdraw_response(self.deployment, response_id, version, "wrong chart", an_access("U"))

    def deliver(self) -> Delivered | None:
        """One round of the worker."""
        return deliver_next(self.lane)

    def deliver_all(self, seconds: float = 0.0) -> None:
        """Go round until nothing is due, for so long."""
        end = self.clock.moment.timestamp() + seconds
        while True:
            while self.deliver():
                pass
            if self.clock.moment.timestamp() >= end:
                return
            self.clock.pass_by(seconds=SHORT_TURN_SECONDS)

    def deliveries(self, **narrowed: Any) -> list[DeliveryRow]:
        with self.deployment.database.read() as tx:
            return list_deliveries(tx, "default", **narrowed)

    def states(self) -> list[str]:
        return [delivery.state for delivery in self.deliveries()]

    def only(self) -> DeliveryRow:
        """The first delivery."""
        return self.deliveries()[0]

    def detail(self, delivery_id: str) -> DeliveryDetail:
        with self.deployment.database.read() as tx:
            detail = get_delivery(tx, "default", delivery_id)
        assert detail is not None
        return detail

    def outcomes(self) -> list[str]:
        """How each attempt at the first delivery went."""
        detail = self.detail(self.only().id)
        return [
            f"{one.kind} {one.outcome}" for part in detail.parts for one in detail.attempts.get(part.row, ())
        ]

    def now(self) -> str:
        return as_instant(self.clock())


@contextmanager
def a_bench(
    folder: Path,
    http: Http | None = None,
    *,
    has_definitions: bool = True,
    profile: str = "generic",
    settings: Mapping[str, Any] | None = None,
    **changes: Any,
) -> Iterator[Bench]:
    """Give a bench whose EHR is configured; ``changes`` are the fake EHR's."""
    clock = StandingClock()
    deployment = a_deployment(folder, clock, ehr_base_url=BASE, **(settings or {}))
    ehr = FakeEhr(clock, **changes)
    connections = http or Http(frozenset({HOST}), 5.0)
    with respx.mock(assert_all_called=False) as router:
        ehr.mount(router)
        yield Bench(deployment, clock, ehr, connections, has_definitions=has_definitions, profile=profile)
    if http is None:
        connections.close()
    deployment.database.close()


def in_parallel(bench: Bench, owner: str) -> Lane:
    """Return a second worker's lane to the same EHR."""
    return replace(bench.lane, owner=owner)
