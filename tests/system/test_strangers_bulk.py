"""Clients for bulk exports that we did not write fetch all that our FHIR door serves, and what came since."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.bench.history_file import write_history
from tests.demo_clinic.processes import ROOT
from tests.system.children import Service
from tests.system.strangers_clients import BULK_CLIENTS, AskedBulk

pytestmark = pytest.mark.strangers

ROWS, DYADS = 200, 20


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with a history; its EHR never answers."""
    folder = tmp_path_factory.mktemp("strangers-bulk")
    nowhere, exports = "http://127.0.0.1:9/fhir", str(folder / "exports")
    with Service(folder, ehr_base_url=nowhere, ehr_name="none", export_dir=exports) as started:
        write_history(folder / "history.csv", ROWS, DYADS)
        database = {"ALLIANCE_DATABASE_URL": f"sqlite:///{started.database}"}
        command = [sys.executable, "-m", "service", "import", str(folder / "history.csv")]
        subprocess.run(command, cwd=ROOT, env=os.environ | database, stdout=subprocess.DEVNULL, check=True)  # noqa: S603 - our own
        yield started


def served(service: Service, query: str) -> dict[str, Any]:
    """Return by id what the door gives for a search, page by page."""
    found: dict[str, Any] = {}
    address: str | None = f"{service.fhir}/{query}&_count=200"
    while address is not None:
        page = httpx.get(address, timeout=30).json()
        found |= {one["resource"]["id"]: one["resource"] for one in page.get("entry", [])}
        address = next((one["url"] for one in page["link"] if one["relation"] == "next"), None)
    return found


@pytest.mark.parametrize("client", sorted(BULK_CLIENTS))
def test_a_strangers_client_fetches_what_the_door_serves(
    client: str, service: Service, tmp_path: Path
) -> None:
    fetch = BULK_CLIENTS[client]
    everything = fetch(service.fhir, AskedBulk("Observation"), tmp_path / "all")
    caseload = fetch(service.fhir, AskedBulk("Observation", level="bench-3"), tmp_path / "group")

    at_the_door = served(service, "Observation?status=final")
    assert len(everything) == len(at_the_door) > ROWS
    assert {one["id"]: one for one in everything} == at_the_door
    assert {one["id"]: one for one in caseload} == served(service, "Observation?patient=bench-3")
