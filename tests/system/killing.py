"""SIGKILL at random moments: a caller goes on sending while the service is killed and started again."""

import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from random import Random

from tests.demo_clinic import Rating
from tests.system.children import Service
from tests.system.exactly_once import wait_until_delivered
from tests.system.sending import Sent, send_all, start_sending

# Some kills come while responses are being recorded, some while they are being delivered.
_SOONEST_SECONDS, _LATEST_SECONDS = 0.02, 2.0


@dataclass(frozen=True, slots=True)
class Survived:
    """All that was sent in spite of the kills, and how the ledger stood at each of them: parts by state."""

    sent: list[Sent]
    at_kills: list[Counter[str]]

    @property
    def kills_between_sent_and_recorded(self) -> int:
        """How many kills left a part that may have reached the EHR and whose answer was not recorded."""
        return sum(one["sent"] > 0 for one in self.at_kills)

    @property
    def requests_cut_off(self) -> int:
        """How many ratings had to be sent more than once."""
        return sum(one.tries > 1 for one in self.sent)


def send_and_kill(service: Service, ratings: Sequence[Rating], *, kills: int, seed: int) -> Survived:
    """Send all ratings while the service, which runs, is killed so many times; it runs again at the end.

    Each time it is up, a further share of the ratings may be sent, so that every kill finds work under way.
    The first rating arrives in peace, and our definitions with it: they go before all else, and the kills are
    to meet what comes after them.
    """
    first = send_all(service.base_url, ratings[:1])
    wait_until_delivered(service.base_url)
    # Random on purpose: the same seed must give the same moments, and nothing here is secret.
    rng = Random(seed)  # noqa: S311
    gate = threading.Semaphore(0)
    at_kills: list[Counter[str]] = []
    share = -(-len(ratings[1:]) // kills)
    with ThreadPoolExecutor(4) as pool:
        lanes = start_sending(service.base_url, ratings[1:], pool, gate)
        try:
            for _ in range(kills):
                gate.release(share)
                time.sleep(rng.uniform(_SOONEST_SECONDS, _LATEST_SECONDS))
                service.kill()
                at_kills.append(_parts_by_state(service))
                service.start()
        finally:
            gate.release(len(ratings))
        return Survived([*first, *(one for lane in lanes for one in lane.result())], at_kills)


def _parts_by_state(service: Service) -> Counter[str]:
    """Return the ledger of a dead service, read past it."""
    with closing(sqlite3.connect(service.database)) as connection:
        return Counter(dict(connection.execute("SELECT state, count(*) FROM parts GROUP BY state")))
