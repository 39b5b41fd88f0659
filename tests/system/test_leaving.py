"""A process that is told to stop (SIGTERM) is gone within ten seconds, and leaves nothing half done."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import httpx
import pytest

from fhir_mappings import json_text
from service.sandbox import seed_database
from tests.demo_clinic import seed_bundle, submission
from tests.system.chart import Chart
from tests.system.children import ApiAlone, Child, SandboxEhr, Service, WorkerAlone
from tests.system.exactly_once import find_differences, wait_until_delivered
from tests.system.people import clinic_called
from tests.system.sending import send_all
from tests.system.waiting import wait_until

ALLOWED_SECONDS = 10
PEOPLE = clinic_called("leaving", clients=4, seed=71)
# Of one form, whose definitions the first one brings.
FIRST, NEXT = [one for one in PEOPLE.ratings if one.instrument == "srs-3"][-2:]


@pytest.fixture
def ehr(tmp_path: Path) -> Iterator[SandboxEhr]:
    made = SandboxEhr(tmp_path, surface="everything")
    seed_database(str(made.database), seed_bundle(PEOPLE))
    with made:
        yield made


@pytest.fixture
def settings(ehr: SandboxEhr, tmp_path: Path) -> dict[str, str]:
    return {
        "ALLIANCE_DATABASE_URL": f"sqlite:///{tmp_path}/alliance.db",
        "ALLIANCE_EHR_BASE_URL": ehr.fhir,
        "ALLIANCE_EHR_SETTLE_SECONDS": "2",
    }


def leave(child: Child) -> int | None:
    """Tell a process to stop and return how it ended; fails where that takes too long."""
    child.terminate()
    return child.ended(ALLOWED_SECONDS)


def parts(folder: Path, state: str) -> int:
    with closing(sqlite3.connect(folder / "alliance.db")) as connection:
        found = connection.execute("SELECT count(*) FROM parts WHERE state = ?", (state,))
        return int(found.fetchone()[0])


@pytest.mark.parametrize(("latency_ms", "left"), [(2500, 0), (12_000, 1)], ids=["answers", "hangs"])
def test_a_worker_finishes_what_the_ehr_answers_and_doubles_nothing(
    tmp_path, ehr, settings, latency_ms, left
):
    with ApiAlone(tmp_path, settings) as api, WorkerAlone(tmp_path, "one", settings) as worker:
        first = send_all(api.base_url, [FIRST])
        wait_until_delivered(api.base_url)
        ehr.turn_faults(latency_ms=latency_ms)
        sent = send_all(api.base_url, [NEXT])
        wait_until(lambda: parts(tmp_path, "sent"), seconds=20, what="a part under way", every=0.02)

        assert leave(worker) == 0
        assert parts(tmp_path, "sent") == left
        ehr.turn_faults()
        with WorkerAlone(tmp_path, "next", settings), Chart(ehr.fhir) as chart:
            wait_until_delivered(api.base_url)
            assert find_differences(chart, api.base_url, [*first, *sent]) == []


def test_a_service_that_has_nothing_to_do_leaves_at_once(tmp_path, ehr):
    with Service(tmp_path, ehr_base_url=ehr.fhir, ehr_name="ehr") as service, httpx.Client() as idle:
        idle.get(f"{service.base_url}/live")
        begun = time.monotonic()

        assert leave(service) == 0
        assert time.monotonic() - begun < ALLOWED_SECONDS / 3


def test_a_request_that_waits_for_the_database_holds_up_no_stop(tmp_path, ehr):
    told: list[int] = []
    with Service(tmp_path, ehr_base_url=ehr.fhir, ehr_name="ehr") as service:
        with closing(sqlite3.connect(service.database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            caller = threading.Thread(target=try_to_send, args=(service.base_url, told))
            caller.start()
            time.sleep(0.5)

            assert leave(service) == 0
        caller.join()
    assert [status for status in told if status < httpx.codes.INTERNAL_SERVER_ERROR] == []


def try_to_send(base_url: str, told: list[int]) -> None:
    """Send one rating once and keep the status that came back, if one did."""
    headers = {"Content-Type": "application/json"}
    with suppress(httpx.TransportError):
        sent = httpx.post(
            f"{base_url}/v1/responses", content=json_text.dumps(submission(NEXT)), headers=headers, timeout=60
        )
        told.append(sent.status_code)
