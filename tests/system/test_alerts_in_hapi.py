"""An alert in HAPI, with its validator in the way: opened, acknowledged, worked on, dismissed, resolved."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from fhir_mappings import json_text
from tests.system.chart import Chart, Json, only
from tests.system.children import Service
from tests.system.exactly_once import wait_until_delivered
from tests.system.hapi import Hapi
from tests.system.people import clinic_called, seed_ehr

pytestmark = pytest.mark.hapi

BASE = "https://alliance.example/fhir"
FHIR = {"Content-Type": "application/fhir+json"}
STEADY_THEN_A_FALL = ("37.2", "36.8", "37.5", "37.0", "36.9", "37.3", "24.0")
KINDS = ("DetectedIssue", "Task", "Flag")


@pytest.fixture(scope="module")
def pairs(hapi: Hapi, name_of) -> list[tuple[str, str]]:
    """Patients and therapists whom the EHR knows."""
    clinic = clinic_called(name_of("acted"), clients=3, seed=5)
    seed_ehr(hapi.fhir, clinic)
    return sorted({(one.client, one.therapist) for one in clinic.ratings})


def an_alert(service: Service, patient: str, therapist: str) -> str:
    """Record a therapy that ends in a fall; return the alert's id once the EHR has it."""
    today = datetime.now(UTC).replace(microsecond=0)
    for number, total in enumerate(STEADY_THEN_A_FALL, 1):
        body = {
            "instrument": "srs-3",
            "patient": patient,
            "therapist": therapist,
            "session_number": number,
            "authored": (today - timedelta(weeks=7 - number, hours=1)).isoformat(),
            "identifier": f"urn:acted|{patient}-{number}",
            "scores": {"total": float(total)},
        }
        answer = httpx.post(f"{service.base_url}/v1/responses", json=body, timeout=30).raise_for_status()
    wait_until_delivered(service.base_url)
    (alert,) = answer.json()["alerts"]
    return str(alert["id"])


def act(service: Service, alert: str, name: str, by: str, version: int, **body: str) -> None:
    address = f"{service.base_url}/v1/rupture-alerts/{alert}/{name}"
    headers = {"If-Match": f'W/"{version}"'}
    httpx.post(address, json={"by": by} | body, headers=headers, timeout=30).raise_for_status()
    wait_until_delivered(service.base_url)


def in_hapi(chart: Chart, patient: str, alert: str) -> dict[str, Json]:
    """Return what HAPI holds of the alert: each kind once, found by our identifier."""
    identifier = f"{BASE}/identifier/alert|{alert}"
    found = {kind: only(chart.find(kind, identifier=identifier)) for kind in ("DetectedIssue", "Task")}
    # R4's Flag has an identifier that HAPI searches by as well.
    return found | {"Flag": only(chart.find("Flag", identifier=identifier))}


def statuses(held: dict[str, Json]) -> tuple[str, ...]:
    return tuple(held[kind]["status"] for kind in KINDS)


def errors(chart: Chart, held: dict[str, Json]) -> list[str]:
    return [error for one in held.values() for error in chart.validation_errors(one)]


def test_an_alert_is_opened_acknowledged_and_dismissed(service_to_hapi, hapi_chart, pairs):
    patient, therapist = pairs[0]
    alert = an_alert(service_to_hapi, patient, therapist)
    opened = in_hapi(hapi_chart, patient, alert)
    assert statuses(opened) == ("preliminary", "requested", "active")
    assert opened["Task"]["focus"]["reference"] == f"DetectedIssue/{opened['DetectedIssue']['id']}"
    assert errors(hapi_chart, opened) == []

    act(service_to_hapi, alert, "acknowledge", therapist, 1)
    acknowledged = in_hapi(hapi_chart, patient, alert)
    assert statuses(acknowledged) == ("preliminary", "accepted", "active")
    assert acknowledged["Task"]["owner"]["reference"] == therapist

    act(service_to_hapi, alert, "dismiss", therapist, 2, reason="known-cause", note="A bad night.")
    dismissed = in_hapi(hapi_chart, patient, alert)
    assert statuses(dismissed) == ("cancelled", "rejected", "inactive")
    assert dismissed["Task"]["statusReason"]["coding"][0]["code"] == "known-cause"
    assert errors(hapi_chart, dismissed) == []
    assert {kind: one["id"] for kind, one in dismissed.items()} == {
        kind: one["id"] for kind, one in opened.items()
    }


def reported(service: Service, patient: str, therapist: str, **body: Any) -> list[Json]:
    """Record a form about the last session; return the alerts that it opened or raised."""
    now = datetime.now(UTC).replace(microsecond=0).isoformat()
    facts = {"patient": patient, "therapist": therapist, "session_number": 1, "authored": now}
    identifier = {"identifier": f"urn:acted|{patient}-{body['instrument']}"}
    answer = httpx.post(f"{service.base_url}/v1/responses", json=facts | identifier | body, timeout=30)
    assert answer.status_code == httpx.codes.CREATED, answer.text
    wait_until_delivered(service.base_url)
    return list(answer.json()["alerts"])


def test_a_reported_strain_rests_on_its_response_and_a_checklist_on_nothing_in_the_ehr(
    service_to_hapi, hapi_chart, pairs
):
    patient, therapist = pairs[2]
    marks = {"happened": True, "intensity": 3, "resolution": 1}
    (alert,) = reported(
        service_to_hapi, patient, therapist, instrument="rupture-report-client", answers=marks
    )
    opened = in_hapi(hapi_chart, patient, alert["id"])
    (evidence,) = opened["DetectedIssue"]["evidence"]
    kinds = [detail["reference"].partition("/")[0] for detail in evidence["detail"]]
    assert kinds == ["Observation", "QuestionnaireResponse"]
    assert errors(hapi_chart, opened) == []

    signs = {"withdrawal-denial": 4}
    form = {"instrument": "rupture-markers-observer", "respondent": "Practitioner/olu", "answers": signs}
    (raised,) = reported(service_to_hapi, patient, therapist, **form)
    assert (raised["type"], raised["type_source"]) == ("withdrawal", "observer-3RS")
    held = in_hapi(hapi_chart, patient, alert["id"])
    assert "detail" not in held["DetectedIssue"]["evidence"][-1]
    assert "withdrawal" not in json_text.dumps(held).decode()
    assert errors(hapi_chart, held) == []


def put_task(service: Service, alert: str, **changes: Any) -> None:
    read = json_text.loads(httpx.get(f"{service.fhir}/Task/{alert}", timeout=30).raise_for_status().content)
    content = json_text.dumps(read | changes)
    answer = httpx.put(f"{service.fhir}/Task/{alert}", content=content, headers=FHIR, timeout=30)
    assert answer.status_code == httpx.codes.OK, answer.text
    wait_until_delivered(service.base_url)


def test_a_repair_by_task_updates_is_told_with_its_steps_and_without_words(
    service_to_hapi, hapi_chart, pairs
):
    patient, therapist = pairs[1]
    alert = an_alert(service_to_hapi, patient, therapist)
    repaired = {"coding": [{"system": f"{BASE}/CodeSystem/alert-statuses", "code": "repaired"}]}
    note = {"authorReference": {"reference": therapist}, "text": "giraffe"}
    put_task(service_to_hapi, alert, status="accepted")
    put_task(service_to_hapi, alert, status="in-progress", note=[note])
    put_task(
        service_to_hapi,
        alert,
        status="completed",
        output=[{"type": {"text": "What became of it"}, "valueCodeableConcept": repaired}],
    )
    held = in_hapi(hapi_chart, patient, alert)

    assert statuses(held) == ("final", "completed", "inactive")
    assert len(held["DetectedIssue"]["mitigation"]) == 2
    assert {one["author"]["reference"] for one in held["DetectedIssue"]["mitigation"]} == {therapist}
    assert b"giraffe" not in json_text.dumps(held)
    assert errors(hapi_chart, held) == []
