"""The webhook's thread: it tells what is due, survives a failing database, and stops."""

import io
import time
from base64 import b64encode
from dataclasses import replace
from pathlib import Path

import httpx
import respx

from service.clock import system_clock
from service.flows.record_response import record_response
from service.http import Http, host_of
from service.log import Log
from service.webhook_worker import WebhookWorker
from tests.service.build import a_deployment, a_response, an_access

URL = "https://pager.north.example/hooks"
SECRET = "whsec_" + b64encode(b"k" * 24).decode()


def wait_until(is_so) -> None:
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.02)


def test_it_tells_what_is_due_as_soon_as_it_is_woken_and_stops(tmp_path: Path) -> None:
    made = a_deployment(tmp_path, webhook_url=URL, webhook_secret=(SECRET,))
    http = Http(frozenset({host_of(URL)}), 5.0)
    worker = WebhookWorker(replace(made, clock=system_clock), http, Log(io.StringIO()))
    with respx.mock(assert_all_called=False) as router:
        route = router.post(URL).mock(return_value=httpx.Response(204))
        worker.start()
        for session, total in enumerate(("36.2", "37.0", "36.4", "37.4", "28.0"), 3):
            record_response(made, a_response(session, total), an_access())
        worker.wake()
        wait_until(lambda: route.call_count == 1)
        worker.stop(5)
    http.close()
    made.database.close()


def test_without_an_address_it_does_nothing(tmp_path: Path) -> None:
    made = a_deployment(tmp_path)
    http = Http(frozenset(), 5.0)
    worker = WebhookWorker(made, http, Log(io.StringIO()))
    worker.start()
    worker.wake()
    worker.stop(5)
    assert not worker.is_running
    http.close()
    made.database.close()


def test_a_database_that_fails_does_not_end_it(tmp_path: Path) -> None:
    made = a_deployment(tmp_path, webhook_url=URL, webhook_secret=(SECRET,))
    http, log = Http(frozenset({host_of(URL)}), 5.0), io.StringIO()
    with made.database.engine.connect() as connection:
        connection.exec_driver_sql("DROP TABLE webhook_events")
        connection.commit()
    worker = WebhookWorker(made, http, Log(log))
    worker.start()
    wait_until(lambda: "webhook_failed" in log.getvalue())
    assert worker.is_running
    worker.stop(5)
    http.close()
    made.database.close()
