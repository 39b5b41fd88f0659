"""Callers that are slow on purpose, over real sockets: each is given up, and nobody else waits for them."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
import uvicorn

from service.app import create_app
from service.connections import LONGEST_HEAD_BYTES, connections_that_wait
from service.log import Log

PATIENCE = 0.3
ENOUGH = 5.0
HEAD = b"GET /live HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST /v1/responses HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"

Connect = Callable[[], socket.socket]


@contextmanager
def served(app: object, folder: Path) -> Iterator[Connect]:
    """Serve an app as ``python -m service`` does, on a socket in the folder."""
    config = uvicorn.Config(
        app,
        http=connections_that_wait(PATIENCE, PATIENCE),
        ws="none",
        h11_max_incomplete_event_size=LONGEST_HEAD_BYTES,
        log_config=None,
        log_level="critical",
        access_log=False,
    )
    server, path = uvicorn.Server(config), str(folder / "s")
    opened: list[socket.socket] = []

    def connect() -> socket.socket:
        opened.append(socket.socket(socket.AF_UNIX))
        opened[-1].settimeout(ENOUGH)
        opened[-1].connect(path)
        return opened[-1]

    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen(512)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield connect
        finally:
            for one in opened:
                one.close()
            server.should_exit = True
            thread.join()


@pytest.fixture
def connect(deployment, log_stream, tmp_path) -> Iterator[Connect]:
    settings = deployment.settings.model_copy(update={"request_seconds": PATIENCE})
    app = create_app(replace(deployment, settings=settings), Log(log_stream))
    with served(app, tmp_path) as way:
        yield way


def answer_of(connection: socket.socket) -> bytes:
    """Return all that comes until the other side closes."""
    got = b""
    with suppress(ConnectionResetError):
        while some := connection.recv(65_536):
            got += some
    return got


def drip(connection: socket.socket, piece: bytes) -> float:
    """Send a piece again and again, until the other side has enough of it; return after how long."""
    begun = time.monotonic()
    with suppress(OSError):
        while time.monotonic() < begun + ENOUGH:
            connection.sendall(piece)
            time.sleep(0.02)
    return time.monotonic() - begun


def test_who_asks_in_time_is_answered_again_and_again(connect: Connect) -> None:
    connection = connect()
    for _ in range(3):
        connection.sendall(HEAD + b"\r\n")
        answer = b""
        while not answer.endswith(b'{"status":"live"}'):  # head and body may come one by one
            answer += connection.recv(65_536) or b"closed"
            assert answer.startswith(b"HTTP/1.1 200")
            assert not answer.endswith(b"closed")
        time.sleep(PATIENCE / 2)


def test_a_head_that_never_ends_is_given_up(connect: Connect) -> None:
    connection = connect()
    connection.sendall(HEAD)
    assert drip(connection, b"X-A: b\r\n") < ENOUGH / 2
    assert connection.recv(65_536).startswith(b"HTTP/1.1 408")


def test_a_second_head_that_never_ends_is_given_up_too(connect: Connect) -> None:
    connection = connect()
    connection.sendall(HEAD + b"\r\n" + HEAD)
    assert drip(connection, b"X-A: b\r\n") < ENOUGH / 2


def test_a_connection_that_says_nothing_is_closed(connect: Connect) -> None:
    assert answer_of(connect()) == b""


def test_a_body_that_drips_is_answered_408(connect: Connect) -> None:
    connection = connect()
    connection.sendall(POST + b"Content-Length: 100000\r\n\r\n")
    assert drip(connection, b" ") < ENOUGH / 2
    assert b"too-slow" in connection.recv(65_536)


def test_a_body_that_nobody_reads_does_not_hold_the_connection(connect: Connect) -> None:
    connection = connect()
    connection.sendall(HEAD + b"Content-Length: 100000\r\n\r\n")
    assert drip(connection, b" ") < ENOUGH / 2


def test_an_answer_that_is_not_taken_is_thrown_away(tmp_path: Path) -> None:
    ended = threading.Event()

    async def endless(scope: dict[str, object], _: object, send: Callable[..., object]) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[misc]
            for _ in range(100):
                await send({"type": "http.response.body", "body": b"x" * 100_000, "more_body": True})  # type: ignore[misc]
            ended.set()

    with served(endless, tmp_path) as connect:
        connect().sendall(HEAD + b"\r\n")
        assert ended.wait(ENOUGH)


def test_a_head_over_the_limit_is_refused(connect: Connect) -> None:
    connection = connect()
    with suppress(OSError):
        connection.sendall(HEAD + b"X-A: " + b"a" * 300_000)
    assert answer_of(connection).startswith(b"HTTP/1.1 431")


def test_slow_callers_keep_nobody_waiting(connect: Connect) -> None:
    slow = [connect() for _ in range(200)]
    for one in slow:
        one.sendall(HEAD)
    begun = time.monotonic()
    connection = connect()
    connection.sendall(HEAD + b"\r\n")
    assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
    assert time.monotonic() - begun < ENOUGH / 2


@pytest.mark.parametrize(
    "lengths",
    [
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
        b"Content-Length: 4\r\nContent-Length: 5\r\n",
        b"Content-Length: 4, 5\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: +4\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding : chunked\r\n",
        b"Transfer-Encoding:\x0bchunked\r\n",
        b" Transfer-Encoding: chunked\r\n",
    ],
)
def test_a_request_that_hides_another_is_refused(connect: Connect, lengths: bytes) -> None:
    connection = connect()
    connection.sendall(POST + lengths + b"\r\n0\r\n\r\nGET /ready HTTP/1.1\r\nHost: localhost\r\n\r\n")
    got = answer_of(connection)
    assert got.split(b" ")[1] in {b"400", b"415", b"501"}
    assert b'"status":"ready"' not in got
