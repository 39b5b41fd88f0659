"""Sessions and attendance by HAPI: an Encounter named by a response is looked up, visits are read."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from fhir_mappings import json_text
from tests.demo_clinic import Rating
from tests.system.chart import Chart
from tests.system.children import ApiAlone, Service, WorkerAlone
from tests.system.exactly_once import wait_until_delivered
from tests.system.fhir_form import to_form
from tests.system.hapi import Hapi
from tests.system.listing import items
from tests.system.people import clinic_called, latest, seed_ehr
from tests.system.waiting import wait_until

pytestmark = pytest.mark.hapi

FHIR = {"Content-Type": "application/fhir+json"}
THERAPIST = "https://alliance.example/fhir/StructureDefinition/therapist"


def put(hapi: Hapi, resource: dict[str, Any]) -> None:
    url = f"{hapi.fhir}/{resource['resourceType']}/{resource['id']}"
    answer = httpx.put(url, content=json_text.dumps(resource), headers=FHIR, timeout=60)
    assert answer.status_code in (200, 201), answer.text


def an_encounter(rating: Rating, encounter_id: str) -> dict[str, Any]:
    return {
        "resourceType": "Encounter",
        "id": encounter_id,
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": {"reference": rating.client},
        "participant": [{"individual": {"reference": rating.therapist}}],
        "period": {"start": f"{rating.session_date.isoformat()}T09:00:00+01:00"},
    }


def an_appointment(rating: Rating, appointment_id: str) -> dict[str, Any]:
    start = datetime.now(UTC) - timedelta(days=3)
    people = (rating.client, rating.therapist)
    return {
        "resourceType": "Appointment",
        "id": appointment_id,
        "status": "noshow",
        "start": start.isoformat(timespec="seconds"),
        "end": (start + timedelta(minutes=50)).isoformat(timespec="seconds"),
        "participant": [{"actor": {"reference": one}, "status": "accepted"} for one in people],
    }


def open_form(rating: Rating, encounter: str) -> dict[str, Any]:
    """Return the form without what its Encounter says."""
    form = to_form(rating) | {"encounter": {"reference": encounter}}
    form["extension"] = [one for one in form["extension"] if "session-number" in one["url"]]
    return form


def test_sessions_and_attendance_come_from_the_ehr(
    hapi: Hapi, hapi_chart: Chart, tmp_path: Path, name_of: Callable[[str], str]
) -> None:
    name = name_of("places")
    clinic = clinic_called(name, clients=1, seed=53)
    seed_ehr(hapi.fhir, clinic)
    (rating,) = latest(clinic, 1)
    put(hapi, an_encounter(rating, f"{name}-s"))
    settings = {"ehr_poll_seconds": "5", "ehr_attendance": "true"}
    with Service(tmp_path, ehr_base_url=hapi.fhir, ehr_name="hapi", **settings) as service:
        sent = httpx.post(
            f"{service.fhir}/QuestionnaireResponse",
            content=json_text.dumps(open_form(rating, f"Encounter/{name}-s")),
            headers=FHIR,
            timeout=30,
        ).json()
        wait_until(lambda: _version(service, sent["id"]) == "2", seconds=30, what="the session to be learnt")
        stored = _read(service, sent["id"])
        put(hapi, an_appointment(rating, f"{name}-a"))
        wait_until(
            lambda: "missed" in _attendance(service, rating), seconds=40, what="the missed appointment"
        )
        attendance = _attendance(service, rating)
        ready = httpx.get(f"{service.base_url}/ready", timeout=30).json()
        wait_until_delivered(service.base_url)
    in_ehr = hapi_chart.find("QuestionnaireResponse", patient=rating.client)

    assert _therapists(stored) == [rating.therapist]
    assert sorted(attendance) == ["attended", "missed"]
    assert (ready["attendance"], ready["parked_look_ups"]) == ("on", 0)
    assert [_therapists(one) for one in in_ehr] == [[rating.therapist]]


def test_a_notice_to_an_api_process_is_seen_by_the_worker(
    hapi: Hapi, tmp_path: Path, name_of: Callable[[str], str]
) -> None:
    clinic = clinic_called(name_of("two-processes"), clients=1, seed=59)
    seed_ehr(hapi.fhir, clinic)
    (rating,) = latest(clinic, 1)
    shared = {
        "ALLIANCE_DATABASE_URL": f"sqlite:///{tmp_path / 'alliance.db'}",
        "ALLIANCE_EHR_NAME": "hapi",
        "ALLIANCE_EHR_BASE_URL": hapi.fhir,
        "ALLIANCE_EHR_POLL_SECONDS": "3600",
    }
    with ApiAlone(tmp_path, shared) as api, WorkerAlone(tmp_path, "worker", shared):
        wait_until(lambda: _has_looked(tmp_path), seconds=60, what="the first look to end", every=0.5)
        form = {
            key: value
            for key, value in to_form(rating).items()
            if key not in ("identifier", "subject", "source")
        }
        subject = {"identifier": {"system": "urn:nowhere", "value": name_of("nobody")}}
        # A subject by identifier alone is kept and told as news, in the process that delivers nothing.
        httpx.post(
            f"{api.base_url}/fhir/QuestionnaireResponse",
            content=json_text.dumps(form | {"subject": subject}),
            headers=FHIR,
            timeout=30,
        ).raise_for_status()
        wait_until(
            lambda: [one["state"] for one in _asked(api)] == ["parked"], seconds=15, what="the worker to look"
        )


def _has_looked(folder: Path) -> bool:
    with closing(sqlite3.connect(folder / "alliance.db")) as database:
        looked = database.execute("SELECT polled_at, lease_owner FROM inbound_cursors").fetchall()
    return [(bool(at), owner) for at, owner in looked] == [(True, None)]


def _asked(api: ApiAlone) -> list[dict[str, Any]]:
    return [one for one in items(api.base_url, "/v1/inbound") if one["ehr_reference"] is None]


def _read(service: Service, response_id: str) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(
        f"{service.fhir}/QuestionnaireResponse/{response_id}", timeout=30
    ).json()
    return found


def _version(service: Service, response_id: str) -> str:
    return str(_read(service, response_id)["meta"]["versionId"])


def _attendance(service: Service, rating: Rating) -> list[str]:
    patient = rating.client.partition("/")[2]
    listed = httpx.get(f"{service.base_url}/v1/attendance", params={"patient": patient}, timeout=30).json()
    return [one["status"] for one in listed["items"]]


def _therapists(response: dict[str, Any]) -> list[str]:
    return [one["valueReference"]["reference"] for one in response["extension"] if one["url"] == THERAPIST]
