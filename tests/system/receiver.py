"""A subscriber of FHIR notices: a small HTTP server that keeps what it is sent, in the order it came."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from fhir_mappings import json_text
from tests.system.chart import Json


class Receiver(ThreadingHTTPServer):
    """Answers every POST with ``status`` after ``seconds``; ``bodies`` are those that were answered 200."""

    def __init__(self, *, seconds: float = 0.0) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seconds = seconds
        self.status = 200
        self.bodies: list[Json] = []
        self.headers: list[str] = []

    @property
    def host(self) -> str:
        """Host and port, as the clinic's allow-list has it."""
        return f"127.0.0.1:{self.server_address[1]}"

    @property
    def endpoint(self) -> str:
        """Where notices go."""
        return f"http://{self.host}/notices"

    def numbers(self) -> list[int]:
        """Return the numbers of all events, in the order in which they came."""
        return [number for body in list(self.bodies) for number in numbers_in(body)]


class _Handler(BaseHTTPRequestHandler):
    server: Receiver
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json_text.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.status == 200:
            self.server.bodies.append(body)
            self.server.headers.append(self.headers.get("Authorization", ""))
        time.sleep(self.server.seconds)
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def numbers_in(bundle: Json) -> list[int]:
    """Return the numbers of the events of one notice."""
    parameters = bundle["entry"][0]["resource"]["parameter"]
    events = [one["part"] for one in parameters if one["name"] == "notification-event"]
    return [int(part["valueString"]) for parts in events for part in parts if part["name"] == "event-number"]


def type_of(bundle: Json) -> str:
    """Return what kind of notice it is."""
    parameters = bundle["entry"][0]["resource"]["parameter"]
    return str(next(one["valueCode"] for one in parameters if one["name"] == "type"))


@contextmanager
def running_receiver(*, seconds: float = 0.0) -> Iterator[Receiver]:
    """Give a receiver that listens for as long as the block lasts."""
    receiver = Receiver(seconds=seconds)
    thread = threading.Thread(target=receiver.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.shutdown()
        receiver.server_close()
        thread.join()
