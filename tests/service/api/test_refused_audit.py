"""What reaches no door is in the audit too, and whoever knocks again and again is counted."""

import io
from datetime import timedelta

from starlette.testclient import TestClient

from service.app import create_app
from service.flows.deployment import Deployment
from service.log import Log
from service.store.database import Database
from tests.conftest import BASE_URL, FixedClock

FOREIGN = {"Host": "alliance.elsewhere.example"}


def rows(database: Database) -> list[tuple[str, int, int]]:
    with database.read() as tx:
        found = tx.exec_driver_sql("SELECT caller, status, count FROM audit_rows ORDER BY row_id")
        return [tuple(row) for row in found]  # type: ignore[misc] # three columns each


def test_those_whom_nobody_knows_are_counted_by_the_minute(
    client: TestClient, database: Database, clock: FixedClock
) -> None:
    for _ in range(5):
        client.get("/v1/instruments", headers=FOREIGN)
    clock.now += timedelta(minutes=1)
    client.get("/v1/instruments", headers=FOREIGN)

    assert rows(database) == [("unknown", 403, 1), ("unknown", 403, 4), ("unknown", 403, 1)]


def test_what_was_counted_is_written_at_the_end(deployment: Deployment) -> None:
    with TestClient(create_app(deployment, Log(io.StringIO())), base_url=BASE_URL) as client:
        for _ in range(3):
            client.get("/v1/instruments", headers=FOREIGN)

    assert rows(deployment.database) == [("unknown", 403, 1), ("unknown", 403, 2)]


def test_a_body_that_is_too_large_is_its_callers(client: TestClient, database: Database) -> None:
    client.post("/v1/responses", content=b" " * 2_000_000)

    assert rows(database) == [("loopback", 413, 1)]


def test_addresses_of_one_subnet_knock_as_one(deployment: Deployment) -> None:
    app = create_app(deployment, Log(io.StringIO()))
    for number in range(4):
        knocks = TestClient(app, base_url=BASE_URL, client=(f"2001:db8:1:2::{number}", 4000))
        knocks.get("/v1/instruments", headers=FOREIGN)

    assert rows(deployment.database) == [("unknown", 403, 1)]
