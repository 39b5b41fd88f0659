"""Delivering: the worker's rate against a bare httpx loop that sends the same bytes to the same EHR."""

import sqlite3
import threading
import time
from pathlib import Path

import httpx

from fhir_mappings.json_text import dumps
from tests.bench.callers import measure
from tests.bench.figures import Figure
from tests.bench.processes import sandbox, service
from tests.bench.ratings import as_request, srs_bodies
from tests.system.waiting import wait_until

PARALLEL = 4
_FHIR = {"Content-Type": "application/fhir+json"}


def run(folder: Path, count: int) -> list[Figure]:
    """Return the ratio. Everything is recorded before an EHR is named, so that delivering alone is timed."""
    with service(folder) as base:
        measure(base, [as_request(body) for body in srs_bodies(count)], 4)
    patients = {str(body["patient"]) for body in srs_bodies(count)}
    people = [*sorted(patients), "Practitioner/bench"]
    with sandbox(folder) as ehr:
        _seed(ehr, people)
        ours = _ours(folder, ehr)
    definitions, bodies = _sent(folder)
    with sandbox(_fresh(folder)) as ehr:
        _seed(ehr, people)
        for path, body in definitions:
            httpx.put(f"{ehr}/fhir/{path}", content=body, headers=_FHIR).raise_for_status()
        theirs = _bare_loop(f"{ehr}/fhir", bodies)
    return [
        Figure("delivering: ours / bare httpx loop, 4 at a time", ours / theirs, at_least=0.9),
        Figure("  ours, deliveries per second", ours),
        Figure("  bare loop, per second", theirs),
    ]


def _fresh(folder: Path) -> Path:
    made = folder / "again"
    made.mkdir()
    return made


def _ours(folder: Path, ehr: str) -> float:
    """Return deliveries per second from the first confirmed one to the last."""
    with service(folder, ehr_base_url=f"{ehr}/fhir", ehr_parallel=str(PARALLEL)):
        wait_until(lambda: _count(folder, "confirmed") > 0, seconds=120, what="a first delivery", every=0.01)
        start, done = time.perf_counter(), _count(folder, "confirmed")
        wait_until(lambda: _count(folder, "pending") == 0, seconds=600, what="the deliveries", every=0.05)
        return (_count(folder, "confirmed") - done) / (time.perf_counter() - start)


def _count(folder: Path, state: str) -> int:
    with sqlite3.connect(folder / "alliance.db") as database:
        found = database.execute("SELECT count(*) FROM deliveries WHERE state = ?", (state,)).fetchone()
    return int(found[0])


def _seed(ehr: str, references: list[str]) -> None:
    for reference in references:
        kind, _, name = reference.partition("/")
        content = dumps({"resourceType": kind, "id": name})
        httpx.put(f"{ehr}/fhir/{reference}", content=content, headers=_FHIR).raise_for_status()


def _sent(folder: Path) -> tuple[list[tuple[str, bytes]], list[bytes]]:
    """Return what the worker sent: the definitions with their paths, and the transactions."""
    with sqlite3.connect(folder / "alliance.db") as database:
        rows = database.execute("SELECT logical, path, body FROM parts ORDER BY row_id").fetchall()
    definitions = [(path, body) for logical, path, body in rows if logical != "transaction"]
    return definitions, [body for logical, _, body in rows if logical == "transaction"]


def _bare_loop(url: str, bodies: list[bytes]) -> float:
    def send(share: list[bytes]) -> None:
        with httpx.Client() as client:
            for body in share:
                client.post(url, content=body, headers=_FHIR).raise_for_status()

    shares = [bodies[place::PARALLEL] for place in range(PARALLEL)]
    threads = [threading.Thread(target=send, args=(share,)) for share in shares]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(bodies) / (time.perf_counter() - start)
