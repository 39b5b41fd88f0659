"""Processes that a bench measures, each with a folder of its own."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.demo_clinic.processes import ROOT, Process, free_port, running
from tests.system.waiting import wait_until

_START_SECONDS = 60


@contextmanager
def service(folder: Path, **settings: str) -> Iterator[str]:
    """Give the base URL of a fresh service; settings as ``ehr_base_url="…"``."""
    port = free_port(0)
    environment = {
        "ALLIANCE_DATABASE_URL": f"sqlite:///{folder / 'alliance.db'}",
        "ALLIANCE_PORT": str(port),
        "ALLIANCE_REQUESTS_PER_MINUTE": "10000000",  # one caller here is as fast as it can be
        **{f"ALLIANCE_{name.upper()}": value for name, value in settings.items()},
    }
    base = f"http://127.0.0.1:{port}"
    with running(Process("service", ("run",), environment, folder / "service.log"), f"{base}/ready"):
        yield base


@contextmanager
def bare(folder: Path) -> Iterator[str]:
    """Give the base URL of the bare endpoints on a fresh database."""
    port = free_port(0)
    # Our own module, without a shell.
    child = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "tests.bench.bare", str(folder / "bare.db"), str(port)], cwd=ROOT
    )
    base = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: _answers(base), seconds=_START_SECONDS, what="the bare endpoints", every=0.1)
        yield base
    finally:
        child.terminate()
        child.wait()


def _answers(base: str) -> bool:
    try:
        return httpx.get(f"{base}/openapi.json", timeout=2).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
