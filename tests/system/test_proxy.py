"""What goes to the EHR goes by the proxy that is named, and it is told where that does not work."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from service.ehr.told import in_words
from service.errors import EhrUnreachable
from service.http import Http

HOST = "ehr.test"


@pytest.fixture
def proxy() -> Iterator[tuple[str, list[str]]]:
    """A proxy that answers in the EHR's place, and opens no tunnels; and what it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def http(proxy) -> Iterator[Http]:
    opened = Http(frozenset({HOST}), 10, proxy=proxy[0])
    yield opened
    opened.close()


def test_a_request_goes_by_the_proxy(http, proxy):
    assert http.exchange("GET", f"http://{HOST}/fhir/metadata").status == 200
    assert proxy[1] == [f"http://{HOST}/fhir/metadata"]


def test_a_proxy_that_opens_no_way_is_told(http):
    with pytest.raises(EhrUnreachable) as failed:
        http.exchange("GET", f"https://{HOST}/fhir/metadata")
    assert in_words(failed.value) == "the EHR cannot be reached through the proxy (ALLIANCE_EHR_PROXY)"
