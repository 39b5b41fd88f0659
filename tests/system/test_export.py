"""A bulk export of the running service: SIGKILL loses and doubles nothing in it; HAPI finds no fault."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.bench.history_file import write_history
from tests.demo_clinic.processes import ROOT
from tests.system.chart import Chart
from tests.system.children import Service
from tests.system.people import clinic_called, latest
from tests.system.sending import send_all
from tests.system.waiting import wait_until

ASYNC = {"Prefer": "respond-async"}
KILLS = 2
ROWS, DYADS = 5000, 100  # five pieces


@pytest.fixture
def service(tmp_path) -> Iterator[Service]:
    """A service whose EHR never answers: all that matters here stays in the service."""
    nowhere = "http://127.0.0.1:9/fhir"
    exports = str(tmp_path / "exports")
    with Service(tmp_path, ehr_base_url=nowhere, ehr_name="none", export_dir=exports) as started:
        yield started


def fill(service: Service, folder: Path) -> None:
    """Import a history into the service's database: enough for several pieces of an export."""
    file = folder / "history.csv"
    write_history(file, ROWS, DYADS)
    database = {"ALLIANCE_DATABASE_URL": f"sqlite:///{service.database}"}
    command = [sys.executable, "-m", "service", "import", str(file)]
    subprocess.run(command, cwd=ROOT, env=os.environ | database, stdout=subprocess.DEVNULL, check=True)  # noqa: S603 - our own


def kill_further_on(service: Service, place: str, done: int) -> int:
    """Kill the service once more patients are in the export than ``done``; return how many, and start it."""
    further = done

    def is_further() -> bool:
        nonlocal further
        answer = httpx.get(place, timeout=30)
        assert answer.status_code == httpx.codes.ACCEPTED, "it was complete before it could be killed"
        further = int(answer.headers["x-progress"].split()[0])
        return further > done

    wait_until(is_further, seconds=60, what="the export to go on", every=0.01)
    service.kill()
    service.start()
    return further


def exported(place: str) -> dict[str, list[dict]]:
    """Return the resources of an export by type, once it is complete."""

    def is_there() -> bool:
        return httpx.get(place, timeout=30).status_code == httpx.codes.OK

    wait_until(is_there, seconds=120, what="the export")
    found: dict[str, list[dict]] = {}
    for one in httpx.get(place, timeout=30).json()["output"]:
        lines = httpx.get(one["url"], timeout=60).text.splitlines()
        assert len(lines) == one["count"]
        found.setdefault(one["type"], []).extend(json.loads(line) for line in lines)
    return found


def begun(service: Service, query: str = "") -> str:
    answer = httpx.get(f"{service.base_url}/fhir/$export{query}", headers=ASYNC, timeout=30)
    assert answer.status_code == httpx.codes.ACCEPTED, answer.text
    return answer.headers["content-location"]


def test_an_export_killed_again_and_again_has_each_resource_once(service, tmp_path):
    fill(service, tmp_path)
    place = begun(service, "?_type=QuestionnaireResponse,DetectedIssue")
    done = 0
    for _ in range(KILLS):
        done = kill_further_on(service, place, done)
    found = exported(place)

    counts = Counter(f"{kind}/{one['id']}" for kind, lines in found.items() for one in lines)
    assert 0 < done < DYADS
    assert len(found["QuestionnaireResponse"]) == ROWS
    assert found["DetectedIssue"]
    assert set(counts.values()) == {1}


@pytest.mark.hapi
def test_no_error_in_what_is_exported(service, hapi_chart: Chart, name_of):
    send_all(service.base_url, latest(clinic_called(name_of("judged"), clients=3, seed=41), 30))
    kinds = ("QuestionnaireResponse", "Observation", "DetectedIssue", "Task", "Flag", "Provenance")
    found = exported(begun(service, f"?_type={','.join(kinds)}"))

    some = [one for kind in found for one in found[kind][:3]]
    assert {one["resourceType"] for one in some} >= {"QuestionnaireResponse", "Observation", "Provenance"}
    assert [error for one in some for error in hapi_chart.validation_errors(one)] == []
