"""Start to first answer, and resident memory idle and under load."""

import subprocess
import sys
import time
from pathlib import Path

import httpx

from tests.bench.callers import measure
from tests.bench.figures import Figure
from tests.bench.ratings import as_request, srs_bodies
from tests.demo_clinic.processes import ROOT, free_port
from tests.system.waiting import wait_until


def run(folder: Path, count: int) -> list[Figure]:
    """Return seconds and megabytes of one process on a database that is migrated already."""
    port = free_port(0)
    base = f"http://127.0.0.1:{port}"
    environment = {
        "PATH": "",
        "ALLIANCE_DATABASE_URL": f"sqlite:///{folder / 'alliance.db'}",
        "ALLIANCE_PORT": str(port),
    }
    command = [sys.executable, "-m", "service"]
    # Our own command line, without a shell.
    subprocess.run([*command, "migrate"], cwd=ROOT, env=environment, check=True, capture_output=True)  # noqa: S603
    start = time.perf_counter()
    child = subprocess.Popen(  # noqa: S603
        [*command, "run"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_until(lambda: _is_live(base), seconds=60, what="the first answer", every=0.02)
        seconds, idle = time.perf_counter() - start, _resident_megabytes(child.pid)
        measure(base, [as_request(body) for body in srs_bodies(count)], 4)
        loaded = _resident_megabytes(child.pid)
    finally:
        child.terminate()
        child.wait()
    return [
        Figure("start to first answer, seconds", seconds, at_most=3),
        Figure("resident memory idle, MB", idle, at_most=200),
        Figure("resident memory under load, MB", loaded, at_most=400),
    ]


def _is_live(base: str) -> bool:
    try:
        return httpx.get(f"{base}/live", timeout=1).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def _resident_megabytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(kilobytes) / 1024
