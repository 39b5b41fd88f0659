"""The proxy as it is shipped: how much it lets through, of whom, and how large."""

import re
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from tests.system.nginx import Proxy

pytestmark = pytest.mark.replicas
# More than strangers may send at once, and less than an address may.
FLOOD = 700


class Api(BaseHTTPRequestHandler):
    """Takes whatever comes."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with Proxy(tmp_path, [f"127.0.0.1:{server.server_port}"] * 2) as started:
        yield started
    server.shutdown()
    thread.join()
    server.server_close()


def flood(proxy: Proxy, header: bytes = b"") -> bytes:
    """Return all that is answered to many requests at once."""
    one = b"GET /fhir/metadata HTTP/1.1\r\nHost: proxy\r\n" + header
    asked = (one + b"\r\n") * (FLOOD - 1) + one + b"Connection: close\r\n\r\n"
    answered = b""
    with socket.create_connection(("127.0.0.1", int(proxy.base_url.rpartition(":")[2]))) as connection:
        threading.Thread(target=connection.sendall, args=(asked,), daemon=True).start()
        while piece := connection.recv(65536):
            answered += piece
    return answered


def statuses(answered: bytes) -> list[bytes]:
    return re.findall(rb"HTTP/1.1 (\d+)", answered)


def test_a_flood_without_credentials_is_told_to_come_again(proxy: Proxy) -> None:
    answered = flood(proxy)

    assert len(statuses(answered)) == FLOOD
    assert set(statuses(answered)) == {b"200", b"429"}
    assert answered.count(b"Retry-After: 1\r\n") == statuses(answered).count(b"429")


def test_callers_with_a_credential_may_send_more(proxy: Proxy) -> None:
    assert set(statuses(flood(proxy, b"Authorization: Bearer x\r\n"))) == {b"200"}


@pytest.mark.parametrize(("path", "status"), [("/v1/imports", 200), ("/v1/responses", 413)])
def test_a_history_may_be_larger_than_any_other_body(proxy: Proxy, path: str, status: int) -> None:
    answer = httpx.post(f"{proxy.base_url}{path}", content=b" " * (2 << 20))

    assert answer.status_code == status
