"""Two APIs behind a proxy and two workers on one PostgreSQL, and what can happen to them under load."""

import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg

from tests.demo_clinic import Rating
from tests.system.chart import Chart
from tests.system.children import ApiAlone, Child, SandboxEhr, WorkerAlone
from tests.system.exactly_once import find_differences, wait_until_delivered
from tests.system.nginx import Proxy
from tests.system.sending import Sent, start_sending

CALLERS = 4
_BETWEEN_ACTS_SECONDS = 0.3
_BETWEEN_RATINGS_SECONDS = 0.05
_ANSWER_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Replicas:
    """What runs; ``database`` is the URL that all of them share."""

    database: str
    ehr: SandboxEhr
    apis: tuple[ApiAlone, ...]
    workers: tuple[WorkerAlone, ...]
    proxy: Proxy

    @property
    def processes(self) -> tuple[Child, ...]:
        """Every process of ours."""
        return (*self.apis, *self.workers)

    def send_during(self, ratings: Sequence[Rating], acts: Sequence[Callable[[], object]]) -> list[Sent]:
        """Send all ratings through the proxy, steadily, and do all acts one after the other meanwhile."""
        gate, over = threading.Semaphore(0), threading.Event()
        with ThreadPoolExecutor(CALLERS + 1) as pool:
            lanes = start_sending(self.proxy.base_url, ratings, pool, gate)
            pool.submit(_let_go_steadily, gate, over)
            try:
                for act in acts:
                    time.sleep(_BETWEEN_ACTS_SECONDS)
                    act()
            finally:
                over.set()
                gate.release(len(ratings))
            return [one for lane in lanes for one in lane.result()]

    def differences(self, sent: Sequence[Sent]) -> list[str]:
        """Return what is missing or there twice, in the EHR or here, given all that was told to be there."""
        wait_until_delivered(self.proxy.base_url)
        with Chart(self.ehr.fhir) as chart:
            found = find_differences(chart, self.proxy.base_url, sent)
        stored = self._stored({one.rating.client for one in sent})
        if sorted(stored) != sorted(one.id for one in sent):
            found.append(f"{len(sent)} were told, {len(stored)} are stored")
        return found

    def ready(self) -> list[int]:
        """Return the status of ``/ready`` of each API."""
        return [httpx.get(f"{api.base_url}/ready", timeout=_ANSWER_SECONDS).status_code for api in self.apis]

    def break_connections(self) -> None:
        """Have the server end every connection to this database but this one."""
        with psycopg.connect(self.database, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    def _stored(self, patients: Collection[str]) -> list[str]:
        """Return the ids of all that is stored of some patients, read past the service."""
        # Row-level security would hide them.
        with psycopg.connect(self.database, options="-c alliance.all=on") as connection:
            found = connection.execute("SELECT id FROM responses WHERE patient = ANY(%s)", [list(patients)])
            return [one for (one,) in found]


def _let_go_steadily(gate: threading.Semaphore, over: threading.Event) -> None:
    while not over.wait(_BETWEEN_RATINGS_SECONDS):
        gate.release()


@contextmanager
def running_replicas(folder: Path, database: str, ehr: SandboxEhr) -> Iterator[Replicas]:
    """Give two of each; all are ready."""
    settings = {
        "ALLIANCE_DATABASE_URL": database,
        "ALLIANCE_EHR_BASE_URL": ehr.fhir,
        "ALLIANCE_EHR_SETTLE_SECONDS": "2",
    }
    with ExitStack() as running:
        apis = tuple(running.enter_context(ApiAlone(folder, settings)) for _ in range(2))
        workers = tuple(
            running.enter_context(WorkerAlone(folder, f"worker-{number}", settings)) for number in (1, 2)
        )
        servers = [api.base_url.removeprefix("http://") for api in apis]
        proxy = running.enter_context(Proxy(folder, servers, strangers="5000r/s"))
        yield Replicas(database, ehr, apis, workers, proxy)
