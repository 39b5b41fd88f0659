"""The clinic's ratings sent through the public API: several callers, each client's in therapy order."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx

from fhir_mappings.json_text import dumps, loads
from tests.demo_clinic.clinic import DemoClinic, Rating
from tests.demo_clinic.seed import submission

CALLERS = 4


@dataclass(slots=True)
class Tally:
    """What the answers said so far; ``refused`` holds the status of each that was no 201.

    Setting ``stopped`` ends the sending before the next rating.
    """

    ratings: int = 0
    scores: int = 0
    prompts: int = 0
    alerts: int = 0
    refused: list[int] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, answer: httpx.Response) -> None:
        """Add one answer of ``POST /v1/responses``."""
        body = loads(answer.content) if answer.status_code == httpx.codes.CREATED else None
        with self._lock:
            if body is None:
                self.refused.append(answer.status_code)
                return
            self.ratings += 1
            self.scores += sum(value is not None for value in body["scores"].values())
            self.prompts += len(body["check_in_prompts"])
            self.alerts += len(body["alerts"])


def start_sending(
    clinic: DemoClinic, service: str, tally: Tally, pool: ThreadPoolExecutor
) -> list["Future[None]"]:
    """Begin to send all ratings, a client's always by the same caller, so that their order is kept."""
    lanes: list[list[Rating]] = [[] for _ in range(CALLERS)]
    lane_of = {client.reference: number % CALLERS for number, client in enumerate(clinic.clients)}
    for rating in clinic.ratings:
        lanes[lane_of[rating.client]].append(rating)
    return [pool.submit(_send, lane, service, tally) for lane in lanes]


def _send(ratings: Sequence[Rating], service: str, tally: Tally) -> None:
    with httpx.Client(base_url=service, timeout=30, headers={"Content-Type": "application/json"}) as client:
        for rating in ratings:
            if tally.stopped.is_set():
                return
            tally.count(client.post("/v1/responses", content=dumps(submission(rating))))
