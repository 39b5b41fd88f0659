"""A long queue must not be felt: the API's answers with 100,000 due deliveries for an EHR that is down.

Both services have a worker that looks for work twice a second and probes the EHR; only the queue differs.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.bench.callers import Measured, Request, measure
from tests.bench.figures import Figure
from tests.bench.processes import service
from tests.bench.ratings import as_request, srs_bodies
from tests.demo_clinic.processes import free_port

DUE = 100_000
PATIENTS = 2_000
CALLERS = 4
ROUNDS = 3


def run(folder: Path, count: int) -> list[Figure]:
    """Return the ratio of the medians of both, in turns, for writes and for reads."""
    down = f"http://127.0.0.1:{free_port(0)}/fhir"
    queues = {"empty": folder / "empty", "long": folder / "long"}
    for place in queues.values():
        place.mkdir()
        with service(place):
            pass  # the tables
    _fill(queues["long"] / "alliance.db")
    with (
        service(queues["empty"], ehr_base_url=down) as empty,
        service(queues["long"], ehr_base_url=down) as long,
    ):
        writes, reads = [], []
        for turn in range(ROUNDS):
            bodies = [as_request(body) for body in srs_bodies(count, seed=turn + 1)]
            writes.append([measure(base, bodies, CALLERS) for base in (empty, long)])
            reads.append([_read(base, count) for base in (empty, long)])
    return [
        Figure(f"queued: a write with {DUE:,} due / with none, median", _ratio(writes), at_most=1.2),
        Figure(f"queued: a read with {DUE:,} due / with none, median", _ratio(reads), at_most=1.2),
    ]


def _read(base: str, count: int) -> Measured:
    return measure(
        base, [Request("GET", "/v1/deliveries?_count=10"), Request("GET", "/ready")] * (count // 2), CALLERS
    )


def _ratio(turns: list[list[Measured]]) -> float:
    """Return the long queue's best median through the empty one's: a noisy minute counts for neither."""
    empty, long = (min(turn[place].at(0.5) for turn in turns) for place in (0, 1))
    return long / empty


def _fill(file: Path) -> None:
    with closing(sqlite3.connect(file)) as database, database:
        database.executemany(
            "INSERT INTO deliveries (clinic, id, ehr, subject_kind, subject_id, subject_version, patient_key,"
            " state, due_at, created_at, updated_at)"
            " VALUES ('default', ?, 'ehr', 'response', ?, 1, ?, 'pending', ?, ?, ?)",
            (
                (f"d-{number}", f"r-{number}", f"p-{number % PATIENTS}", *[_moment(number)] * 3)
                for number in range(DUE)
            ),
        )


def _moment(number: int) -> str:
    return f"2026-01-01T00:00:00.{number:06}Z"
