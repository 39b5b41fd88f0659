"""A dyad's trend of 200 sessions: ours, a bare endpoint with the same rows, and ours in a bigger clinic."""

import random
from pathlib import Path

from tests.bench.callers import Measured, Request, measure
from tests.bench.figures import Figure
from tests.bench.processes import bare, service
from tests.bench.ratings import as_request, srs_bodies, srs_body

SESSIONS = 200
CALLERS = 4


def run(folder: Path, count: int) -> list[Figure]:
    """Return p99 of ours, its ratio to the bare endpoint, and how it grows with the clinic."""
    asked = max(50, count // 4)
    with service(folder) as ours_at, bare(folder) as bare_at:
        for base, path in ((ours_at, "/v1/responses"), (bare_at, "/bare")):
            _fill(base, path)
        _read(ours_at, "/v1/patients/bench-long/alliance-trend", asked)  # warm
        small = _read(ours_at, "/v1/patients/bench-long/alliance-trend", asked)
        theirs = _read(bare_at, "/bare/bench-long", asked)
        measure(ours_at, [as_request(body) for body in srs_bodies(count * 2, seed=7)], CALLERS)
        big = _read(ours_at, "/v1/patients/bench-long/alliance-trend", asked)
    return [
        Figure("trend of 200 sessions: p99, milliseconds", small.at(0.99), at_most=20),
        Figure(
            "trend of 200 sessions: ours / bare endpoint, median", small.at(0.5) / theirs.at(0.5), at_most=5
        ),
        Figure(
            f"trend: median in a clinic {count * 2 // SESSIONS + 1} times as big / small",
            big.at(0.5) / small.at(0.5),
        ),
    ]


def _fill(base: str, path: str) -> None:
    numbers = random.Random(3)  # noqa: S311 - made-up answers, not secrets
    bodies = [srs_body("long", session, SESSIONS, numbers) for session in range(1, SESSIONS + 1)]
    measure(base, [as_request(body, path) for body in bodies], 1)


def _read(base: str, path: str, count: int) -> Measured:
    return measure(base, [Request("GET", path)] * count, 1)
