"""The processes of the demo: each a command of the product, started on a free port and stopped by its pid."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 30
STOP_SECONDS = 10


class NotStarted(Exception):
    """A process ended, or did not answer in time; its log says why."""


@dataclass(frozen=True, slots=True)
class Process:
    """A command of the product with its own environment; what it prints goes to ``log``."""

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path


def free_port(wanted: int) -> int:
    """Return the wanted port of the loopback address, or any free one where it is taken."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise NotStarted("there is no free port")


@contextmanager
def running(process: Process, ready_url: str) -> Iterator[None]:
    """Run the process while the block lasts; ``ready_url`` has answered 200 before the block begins."""
    with process.log.open("w") as log:
        # Our own command line, without a shell. A session of its own: Ctrl-C reaches the demo alone, which
        # then stops its children in order.
        child = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "service", *process.arguments],
            cwd=ROOT,
            env=_environment(process.environment),
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_until_ready(process, child, ready_url)
        yield
    finally:
        child.terminate()
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _environment(own: Mapping[str, str]) -> dict[str, str]:
    """Return our environment without any setting of a real deployment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ALLIANCE_")}
    return kept | dict(own)


def _wait_until_ready(process: Process, child: "subprocess.Popen[bytes]", url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if child.poll() is not None:
            raise NotStarted(f"{process.name} ended at once; see {process.log}")
        try:
            if httpx.get(url, timeout=2).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass  # not listening yet
        time.sleep(0.1)
    raise NotStarted(f"{process.name} was not ready within {START_SECONDS} s; see {process.log}")
