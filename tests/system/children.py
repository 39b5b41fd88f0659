"""The service and the sandbox EHR as processes that a test starts, kills and starts again, by their pid."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Self

import httpx

from tests.demo_clinic.processes import ROOT, free_port
from tests.system.waiting import wait_until

START_SECONDS = 60
STOP_SECONDS = 20


class Child:
    """``python -m service <arguments>`` on a port of its own; what it prints is added to ``log``.

    As a context it runs while the block lasts. ``program`` is the module that is run.
    """

    program: tuple[str, ...] = ("service",)

    def __init__(self, arguments: tuple[str, ...], settings: dict[str, str], log: Path, ready: str) -> None:
        self.log = log
        self._arguments = arguments
        self._settings = settings
        self._ready = ready
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process and return once its ready address answers 200."""
        self.spawn()
        wait_until(self._is_ready, seconds=START_SECONDS, what=f"{self._arguments[0]} to start", every=0.05)

    def spawn(self) -> None:
        """Start the process and return at once."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ALLIANCE_")}
        with self.log.open("ab") as log:
            # Our own command line, without a shell.
            self._process = subprocess.Popen(  # noqa: S603
                self.command(),
                cwd=ROOT,
                env=environment | self._settings,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def command(self) -> list[str]:
        """Return the command line."""
        return [sys.executable, "-m", *self.program, *self._arguments]

    @property
    def pid(self) -> int:
        """The number of the running process."""
        assert self._process is not None
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the process that was started last goes on."""
        return self._process is not None and self._process.poll() is None

    def ended(self, seconds: float) -> int | None:
        """Return how the process ended, once it did: its exit code, or the number of a signal below zero."""
        return self._process.wait(seconds) if self._process else None

    def kill(self) -> None:
        """End the process at once (SIGKILL): it can finish nothing."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def terminate(self) -> None:
        """Ask the process to end (SIGTERM) and return at once."""
        if self._process is not None:
            self._process.terminate()

    def stop(self) -> None:
        """Ask the process to end (SIGTERM) and wait for it; kill it where it does not."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        finally:
            self.kill()

    def __enter__(self) -> Self:
        """Start."""
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    def _is_ready(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            raise AssertionError(
                f"{self._arguments[0]} ended by itself; its log:\n{self.log.read_text()[-4000:]}"
            )
        try:
            return httpx.get(self._ready, timeout=5).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False


class Service(Child):
    """The service with a database of its own in ``folder``, delivering to ``ehr_base_url``.

    ``more`` are further settings, in which ``{here}`` is its address: ``ehr_auth="smart"``.
    """

    def __init__(
        self, folder: Path, *, ehr_base_url: str, ehr_name: str, port: int | None = None, **more: str
    ) -> None:
        port = port or free_port(0)
        self.base_url = f"http://127.0.0.1:{port}"
        self.database = folder / "alliance.db"
        settings = {
            "ALLIANCE_DATABASE_URL": f"sqlite:///{self.database}",
            "ALLIANCE_PORT": str(port),
            "ALLIANCE_EHR_NAME": ehr_name,
            "ALLIANCE_EHR_BASE_URL": ehr_base_url,
            "ALLIANCE_EHR_SETTLE_SECONDS": "3",
            "ALLIANCE_REQUESTS_PER_MINUTE": "10000000",  # one caller here sends for all
            **{
                f"ALLIANCE_{name.upper()}": value.replace("{here}", self.base_url)
                for name, value in more.items()
            },
        }
        super().__init__(("run",), settings, folder / "service.log", f"{self.base_url}/ready")

    @property
    def fhir(self) -> str:
        """The base of the service's own FHIR door."""
        return f"{self.base_url}/fhir"


class ApiAlone(Child):
    """The API on a database that others share; it delivers nothing."""

    def __init__(self, folder: Path, settings: dict[str, str]) -> None:
        port = free_port(0)
        self.base_url = f"http://127.0.0.1:{port}"
        own = {**settings, "ALLIANCE_PORT": str(port)}
        super().__init__(("api",), own, folder / "api.log", f"{self.base_url}/ready")


class WorkerAlone(Child):
    """A worker on a database that others share; it answers on its metrics' port only."""

    def __init__(self, folder: Path, name: str, settings: dict[str, str]) -> None:
        port = free_port(0)
        self.metrics = f"http://127.0.0.1:{port}/metrics"
        own = {**settings, "ALLIANCE_METRICS_PORT": str(port)}
        super().__init__(("worker",), own, folder / f"{name}.log", self.metrics)


class SandboxEhr(Child):
    """The sandbox EHR with one write surface and FHIR release, on a database file in ``folder``."""

    def __init__(self, folder: Path, *, surface: str, fhir_version: str = "4.0.1") -> None:
        port = free_port(0)
        self.base_url = f"http://127.0.0.1:{port}"
        self.database = folder / "ehr.db"
        arguments = (
            "sandbox-ehr",
            "--port",
            str(port),
            "--database",
            str(self.database),
            "--surface",
            surface,
            "--fhir-version",
            fhir_version,
        )
        super().__init__(arguments, {}, folder / "sandbox-ehr.log", f"{self.fhir}/metadata")

    @property
    def fhir(self) -> str:
        """The base of its FHIR door."""
        return f"{self.base_url}/fhir"

    def turn_faults(self, **faults: object) -> None:
        """Set what goes wrong, by the names of ``service/sandbox/faults.py``; nothing turns all off."""
        query = {name.replace("_", "-"): str(value) for name, value in faults.items()}
        httpx.put(f"{self.base_url}/faults", params=query, timeout=30).raise_for_status()
