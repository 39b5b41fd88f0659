"""Delivering: the worker's rate against a bare httpx loop that sends as many such transactions to the EHR.

The EHR is HAPI (H2 in memory, validation off). The bare loop sends the worker's own bytes with other ids.
"""

import sqlite3
import threading
import time
from contextlib import closing
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

import httpx

from fhir_mappings.json_text import dumps
from tests.bench.callers import measure
from tests.bench.figures import Figure
from tests.bench.processes import service
from tests.bench.ratings import as_request, srs_bodies
from tests.system.hapi import running_plain_hapi
from tests.system.waiting import wait_until

PARALLEL = 4
SHARE = 3  # of what is asked for goes in each turn: one part of so many
SESSIONS_EACH = 4  # none is older than what the first connection holds back
TURNS = 5
_LEFT = "SELECT count(*) FROM deliveries WHERE state <> 'confirmed'"
_CONFIRMED = "SELECT count(*), min(updated_at), max(updated_at) FROM deliveries"
_FHIR = {"Content-Type": "application/fhir+json"}


def run(folder: Path, count: int) -> list[Figure]:
    """Return the median ratio of several turns, each to the bare loops before and after it.

    HAPI grows faster for a while, and the machine may be busy with others now and then: what is compared
    runs close together. The first turn warms HAPI and gives the first bytes; it is not counted.
    """
    with running_plain_hapi() as hapi:
        _ours(folder, hapi.fhir, 0, count // SHARE)
        theirs, ours = [_bare_loop(hapi.fhir, _sent(folder / "0"))], []
        for turn in range(1, TURNS + 1):
            ours.append(_ours(folder, hapi.fhir, turn, count // SHARE))
            theirs.append(_bare_loop(hapi.fhir, _sent(folder / str(turn))))
    around = [(before + after) / 2 for before, after in pairwise(theirs)]
    ratios = [own / bare for own, bare in zip(ours, around, strict=True)]
    return [
        Figure("delivering: ours / bare httpx loop, 4 at a time", median(ratios), at_least=0.9),
        Figure("  ours, deliveries per second", median(ours)),
        Figure("  bare loop, per second", median(theirs)),
    ]


def _ours(folder: Path, fhir: str, turn: int, count: int) -> float:
    """Return deliveries per second of so many that were recorded before an EHR was named."""
    fresh = folder / str(turn)
    fresh.mkdir()
    bodies = list(srs_bodies(count, sessions_each=SESSIONS_EACH, seed=turn))
    _seed(fhir, [*sorted({str(body["patient"]) for body in bodies}), "Practitioner/bench"])
    with service(fresh) as base:
        measure(base, [as_request(body) for body in bodies], 4)
    return _delivered(fresh, fhir)


def _delivered(folder: Path, fhir: str) -> float:
    """Return deliveries per second from the first confirmed one to the last."""
    # HAPI answers 500 to one of the first transactions at a time; what follows must not wait a minute for it.
    with service(folder, ehr_base_url=fhir, ehr_parallel=str(PARALLEL), ehr_settle_seconds="1"):
        # Seldom: whoever looks takes processor time from what is measured.
        wait_until(lambda: not _query(folder, _LEFT)[0], seconds=600, what="the deliveries", every=0.5)
    count, first, last = _query(folder, _CONFIRMED)
    return (count - 1) / (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds()


def _query(folder: Path, query: str) -> tuple[Any, ...]:
    with closing(sqlite3.connect(folder / "alliance.db")) as database:
        return tuple(database.execute(query).fetchone())


def _seed(fhir: str, references: list[str]) -> None:
    for reference in references:
        kind, _, name = reference.partition("/")
        content = dumps({"resourceType": kind, "id": name})
        httpx.put(f"{fhir}/{reference}", content=content, headers=_FHIR, timeout=60).raise_for_status()


def _sent(folder: Path) -> list[bytes]:
    """Return the transactions that the worker sent, each about another response of the same patient."""
    with sqlite3.connect(folder / "alliance.db") as database:
        rows = database.execute(
            "SELECT subject_id, body FROM parts JOIN deliveries ON deliveries.id = delivery_id"
            " WHERE logical = 'transaction'"
        ).fetchall()
    return [body.replace(response_id.encode(), str(uuid4()).encode()) for response_id, body in rows]


def _bare_loop(url: str, bodies: list[bytes]) -> float:
    def send(share: list[bytes]) -> None:
        with httpx.Client(timeout=60) as client:
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
