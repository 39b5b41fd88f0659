"""The real HAPI FHIR server with the official validator, started and stopped by ``tests/system/ehr/ehr``."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from tests.demo_clinic.processes import free_port

_SCRIPT = Path(__file__).parent / "ehr" / "ehr"
# One that runs already, such as .ci/run starts beside the unit tests; it is not stopped here.
RUNNING = "TEST_EHR_URL"
PORT = 8090


@dataclass(frozen=True, slots=True)
class Hapi:
    """A running HAPI server; ``fhir`` is its base, such as ``http://127.0.0.1:8090/fhir``."""

    fhir: str

    def turn_faults(self, **faults: object) -> None:
        """Set what goes wrong: ``turn_faults(fail_every=7, fail_after="true")``; nothing turns all off."""
        parts = urlsplit(self.fhir)
        query = {name.replace("_", "-"): str(value) for name, value in faults.items()}
        httpx.put(f"{parts.scheme}://{parts.netloc}/faults", params=query, timeout=30).raise_for_status()


@contextmanager
def running_hapi() -> Iterator[Hapi]:
    """Give a HAPI server that validates all it is sent, for as long as the block lasts."""
    already = os.environ.get(RUNNING)
    if already:
        yield Hapi(already.rstrip("/"))
        return
    environment = os.environ | {"EHR_PORT": str(free_port(PORT))}
    try:
        printed = _ehr("start", "--validate=true", environment=environment)
        yield Hapi(printed.strip().splitlines()[-1])
    finally:
        _ehr("stop", environment=environment)


@contextmanager
def running_plain_hapi() -> Iterator[Hapi]:
    """Give a HAPI server of one's own, without validation, for as long as the block lasts."""
    with running_ehr() as started:
        yield started


@contextmanager
def running_ehr(*options: str) -> Iterator[Hapi]:
    """Give a HAPI server of one's own, started with these options, for as long as the block lasts."""
    environment = os.environ | {"EHR_PORT": str(free_port(0))}
    try:
        printed = _ehr("start", *options, environment=environment)
        yield Hapi(printed.strip().splitlines()[-1])
    finally:
        _ehr("stop", environment=environment)


def _ehr(*arguments: str, environment: dict[str, str]) -> str:
    # The project's own script. What it says about its work goes to our standard error.
    done = subprocess.run(  # noqa: S603
        [str(_SCRIPT), *arguments], env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout
