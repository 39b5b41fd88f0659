"""The whole path: a low SRS is marked, the EHR shows a card, the therapist acts, the EHR's Task follows."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import pytest
from joserfc import jws
from joserfc.jwk import ECKey
from playwright.sync_api import Browser, expect

from tests.demo_clinic.wording import write_wording
from tests.system.browser import keep_picture, opened
from tests.system.chart import Chart, Json, only
from tests.system.children import SandboxEhr, Service
from tests.system.filling import is_thanked, mark, send, visit
from tests.system.identity import Idp
from tests.system.launching import a_launching_ehr, sign_in
from tests.system.test_callers import AUDIENCE, a_system, call
from tests.system.waiting import wait_until

pytestmark = [pytest.mark.idp, pytest.mark.browser]

STEADY = (37.2, 36.8, 37.5, 37.0, 36.9, 37.3)
LOW = (0.52, 0.61, 0.48, 0.55)
ANNA, ADA = "Patient/anna", "Practitioner/ada"
CARDS = "/cds-services/alliance-patient-view"
ISSUER = "https://ehr.example"
ALERTS = "https://alliance.example/fhir/identifier/alert"
KEY = ECKey.generate_key("P-384", parameters={"kid": "ehr"})
SECONDS = 60


@pytest.fixture(params=["sandbox", pytest.param("hapi", marks=pytest.mark.hapi)])
def ehr(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[Chart]:
    """An EHR that knows Anna and Ada."""
    if request.param == "hapi":
        yield from a_chart_of(request.getfixturevalue("hapi").fhir)
        return
    with SandboxEhr(tmp_path, surface="everything") as sandbox:
        yield from a_chart_of(sandbox.fhir)


def a_chart_of(fhir: str) -> Iterator[Chart]:
    for reference in (ANNA, ADA):
        kind, _, name = reference.partition("/")
        person = {"resourceType": kind, "id": name}
        httpx.put(f"{fhir}/{reference}", json=person, timeout=60).raise_for_status()
    with Chart(fhir) as chart:
        yield chart


@pytest.fixture
def launching(idp: Idp) -> Iterator[str]:
    """What the EHR calls itself where it launches pages."""
    with a_launching_ehr(idp) as base:
        yield base


@pytest.fixture
def service(
    idp: Idp, ehr: Chart, launching: str, tmp_path: Any, name_of: Callable[[str], str]
) -> Iterator[Service]:
    """A service as a clinic runs it, with six steady ratings of Anna's."""
    settings = {
        "public_base_url": "{here}",
        "wording_dir": str(write_wording(tmp_path, ["srs-3"])),
        "token_issuer": idp.issuer,
        "token_audience": AUDIENCE,
        "launch_iss": launching,
        "launch_client_id": "alliance-launched",
        "sign_in_hosts": idp.issuer.split("/")[2],
        "cds_issuer": ISSUER,
        "cds_keys": json.dumps({"keys": [KEY.as_dict(private=False) | {"use": "sig"}]}),
        "cds_launch_url": "{here}/launch",
    }
    with Service(tmp_path, ehr_base_url=ehr.base_url, ehr_name="ehr", **settings) as started:
        for number, total in enumerate(STEADY, start=1):
            body = a_rating(name_of("path"), number, total)
            answer = call(started, "POST", "/v1/responses", a_system(idp), json=body)
            assert answer.status_code == httpx.codes.CREATED, answer.text
        yield started


def a_rating(name: str, number: int, total: float) -> dict[str, Any]:
    return {
        "instrument": "srs-3",
        "patient": ANNA,
        "therapist": ADA,
        "session_number": number,
        "authored": (datetime.now(UTC) - timedelta(weeks=7 - number, hours=1)).isoformat(),
        "identifier": f"urn:path|{name}-{number}",
        "scores": {"total": total},
    }


def cards(service: Service) -> list[Json]:
    """Return what the EHR shows Ada as she opens Anna's chart, asked with a token of the EHR's."""
    now, address = int(time.time()), f"{service.base_url}{CARDS}"
    claims = {"iss": ISSUER, "aud": address, "iat": now, "exp": now + 300, "jti": str(uuid4())}
    head = {"alg": "ES384", "kid": "ehr", "typ": "JWT"}
    token = jws.serialize_compact(head, json.dumps(claims), KEY, algorithms=["ES384"])
    context = {"userId": ADA, "patientId": "anna"}
    body = {"hook": "patient-view", "hookInstance": str(uuid4()), "context": context}
    return list(call(service, "POST", CARDS, token, json=body).raise_for_status().json()["cards"])


def task_is(ehr: Chart, alert: str, status: str) -> Callable[[], bool]:
    """Return what tells whether the EHR holds the one Task of an alert, and in this status."""

    def told() -> bool:
        found = ehr.find("Task", identifier=f"{ALERTS}|{alert}")
        return bool(found) and only(found)["status"] == status

    return told


def test_a_low_mark_becomes_a_card_and_a_step_of_repair_moves_the_task_in_the_ehr(
    service: Service, idp: Idp, ehr: Chart, launching: str, chromium: Browser
) -> None:
    assert cards(service) == []
    asked = {"patient": ANNA, "therapist": ADA, "instruments": ["srs-3"], "session_number": 7}
    link = call(service, "POST", "/v1/form-links", a_system(idp), json=asked).raise_for_status().json()
    with opened(chromium, "tablet") as client:
        visit(client.page, link)
        for place, share in enumerate(LOW):
            mark(client.page, place, share)
        send(client.page)
        is_thanked(client.page)

    (card,) = cards(service)
    (shown,) = card["links"]
    alert = json.loads(shown["appContext"])["alert"]
    assert card["summary"] == "Possible strain in the alliance after session 7, marked."
    wait_until(task_is(ehr, alert, "requested"), seconds=SECONDS, what="the alert to arrive in the EHR")

    with opened(chromium, "desktop") as therapist:
        page = therapist.page
        sign_in(page, f"{shown['url']}?{urlencode({'iss': launching, 'launch': 'l-1'})}")
        expect(page.get_by_text("Marked dip after session 7")).to_be_visible()
        page.get_by_role("button", name="I have seen it and look into it").click()
        wait_until(task_is(ehr, alert, "accepted"), seconds=SECONDS, what="the Task to be accepted")
        page.get_by_role("button", name="Validated").click()
        expect(page.get_by_role("status")).to_have_text("Kept.")
        keep_picture(page, "clinician-dyad-in-repair")

    wait_until(task_is(ehr, alert, "in-progress"), seconds=SECONDS, what="the Task to be in progress")
    assert cards(service) == []
    assert client.faults == therapist.faults == []
