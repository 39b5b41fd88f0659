"""A trend and a list of watch points must cost the same in a big clinic: their queries use indexes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from service.store.database import Database, Tx
from service.store.patient_ratings import ratings_of_patient, ratings_of_recent_dyads
from tests.databases import sqlite_only

SINCE = "2026-02-01T00:00:00.000000Z"


@contextmanager
def statements(tx: Tx) -> Iterator[list[tuple[str, Any]]]:
    seen: list[tuple[str, Any]] = []

    def keep(_1: object, _2: object, statement: str, parameters: Any, _3: object, _4: object) -> None:
        seen.append((statement, parameters))

    event.listen(tx, "before_cursor_execute", keep)
    yield seen
    event.remove(tx, "before_cursor_execute", keep)


@sqlite_only
@pytest.mark.parametrize(
    "read",
    [
        lambda tx: ratings_of_patient(tx, "default", [1]),
        lambda tx: ratings_of_patient(tx, "default", [1, 2], as_of=SINCE),
        lambda tx: ratings_of_recent_dyads(tx, "default", SINCE),
    ],
)
def test_ratings_are_found_by_index(database: Database, read: Callable[[Tx], object]) -> None:
    with database.read() as tx:
        with statements(tx) as seen:
            read(tx)
        plans = [
            row.detail
            for statement, parameters in seen
            for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]
    scans = [step for step in plans if step.startswith("SCAN")]
    assert len(seen) == 2
    assert scans == []
