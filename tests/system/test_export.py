"""A bulk export of the running service: SIGKILL loses and doubles nothing in it; HAPI finds no fault."""

import json
import time
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest

from tests.demo_clinic import Rating
from tests.system.chart import Chart
from tests.system.children import Service
from tests.system.people import clinic_called, latest
from tests.system.sending import send_all
from tests.system.waiting import wait_until

ASYNC = {"Prefer": "respond-async"}
KILLS = 3


@pytest.fixture
def service(tmp_path) -> Iterator[Service]:
    """A service whose EHR never answers: all that matters here stays in the service."""
    nowhere = "http://127.0.0.1:9/fhir"
    exports = str(tmp_path / "exports")
    with Service(tmp_path, ehr_base_url=nowhere, ehr_name="none", export_dir=exports) as started:
        yield started


def ratings(name: str, clients: int, count: int) -> list[Rating]:
    return latest(clinic_called(name, clients=clients, seed=41), count)


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


def test_an_export_killed_again_and_again_has_each_resource_once(service, name_of):
    sent = send_all(service.base_url, ratings(name_of("export"), clients=10, count=80))
    place = begun(service)
    for number in range(KILLS):
        time.sleep(0.02 * (number + 1))
        service.kill()
        service.start()
    found = exported(place)

    counts = Counter(f"{kind}/{one['id']}" for kind, lines in found.items() for one in lines)
    assert len(found["QuestionnaireResponse"]) == len(sent)
    assert set(counts.values()) == {1}


@pytest.mark.hapi
def test_no_error_in_what_is_exported(service, hapi_chart: Chart, name_of):
    send_all(service.base_url, ratings(name_of("judged"), clients=3, count=30))
    kinds = ("QuestionnaireResponse", "Observation", "DetectedIssue", "Task", "Flag", "Provenance")
    found = exported(begun(service, f"?_type={','.join(kinds)}"))

    some = [one for kind in found for one in found[kind][:3]]
    assert {one["resourceType"] for one in some} >= {"QuestionnaireResponse", "Observation", "Provenance"}
    assert [error for one in some for error in hapi_chart.validation_errors(one)] == []
