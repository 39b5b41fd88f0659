"""What one recording costs at the 5th and at the 500th session of a dyad, in one process and one database."""

import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from statistics import median
from time import perf_counter

from fhir_mappings.filled import Identifier
from service.flows.deployment import Deployment
from service.flows.record_response import record_response
from tests.bench.figures import Figure
from tests.bench.plain_deployment import a_plain_deployment
from tests.service.build import FIRST_SESSION, a_response, an_access

EARLY, LATE = 5, 500
PAIRS = 60


def run(folder: Path, count: int) -> list[Figure]:
    """Return both medians and their ratio; the two take turns, so that a busy machine slows both."""
    late = LATE if count > PAIRS * EARLY else LATE // 10
    deployment = a_plain_deployment(folder)
    numbers = random.Random(3)  # noqa: S311 - made-up answers, not secrets
    long = (_record(deployment, "long", session, numbers) for session in range(1, late + PAIRS))
    for _ in range(late - 1):
        next(long)
    early, at_end = [], []
    for pair in range(PAIRS):
        early.append(_last(_record(deployment, f"{pair}", n, numbers) for n in range(1, EARLY + 1)))
        at_end.append(next(long))
    deployment.database.close()
    return [
        Figure(f"recording session {EARLY} of a dyad: median, milliseconds", median(early) * 1000),
        Figure(f"recording session {late} of a dyad: median, milliseconds", median(at_end) * 1000),
        Figure("recording: late / early session", median(at_end) / median(early), at_most=1.1),
    ]


def _last(seconds: Iterator[float]) -> float:
    *_, last = seconds
    return last


def _record(deployment: Deployment, client: str, session: int, numbers: random.Random) -> float:
    """Record one session and return the seconds that it took."""
    day = FIRST_SESSION + timedelta(days=session - LATE - PAIRS)
    patient = f"Patient/bench-{client}"
    new = a_response(
        session,
        f"{numbers.randint(340, 400) / 10}",
        patient=patient,
        source=patient,
        identifier=Identifier("urn:bench", f"{client}-{session}"),
        authored=day.isoformat(),
        session_date=None,
    )
    started = perf_counter()
    record_response(deployment, new, an_access())
    return perf_counter() - started
