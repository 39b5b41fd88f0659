"""A service beside the sandbox EHR in which forms are filled, both in this process. Nobody here exists."""

import io
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC
from pathlib import Path
from typing import Any

import httpx
import respx

from fhir_mappings import json_text
from fhir_mappings.form_map_file import check_form_maps
from service.ehr.client import EhrClient
from service.flows.deployment import Deployment
from service.flows.intake import Intake
from service.flows.learn_session import learn_sessions
from service.flows.poll_attendance import poll_attendance
from service.flows.poll_ehr import Polled, poll_ehr
from service.http import Http
from service.log import Log
from service.sandbox import SURFACES, create_sandbox
from service.store.deliveries import list_deliveries
from service.store.inbound import InboundRow, list_inbound
from service.store.responses import ResponseVersion, find_current
from tests.builders import a_response
from tests.service.build import StandingClock, a_deployment

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

BASE = "http://localhost:8095/fhir"
FHIR = {"Content-Type": "application/fhir+json"}
Json = dict[str, Any]


@dataclass
class Clinic:
    """The service's way in, and the EHR, moved by one clock."""

    deployment: Deployment
    clock: StandingClock
    ehr: TestClient
    http: Http
    log: io.StringIO = field(default_factory=io.StringIO)
    asked: list[httpx.Request] = field(default_factory=list)
    # What the EHR answers in place of itself, by the last part of the address.
    instead: dict[str, httpx.Response] = field(default_factory=dict)
    crash_point: Callable[[str], None] = lambda _: None
    away: bool = False

    @property
    def client(self) -> EhrClient:
        return EhrClient(self.http, BASE, self.clock)

    def poll(self) -> Polled:
        """One pass, as after a restart: nothing is remembered but what the database holds."""
        return poll_ehr(self.intake)

    def learn(self) -> int:
        """One look-up of the Encounters that are due."""
        return learn_sessions(self.intake)

    def attend(self) -> int:
        """One pass over the EHR's Appointments and Encounters."""
        return poll_attendance(self.intake)

    @property
    def intake(self) -> Intake:
        return Intake(
            self.deployment,
            self.client,
            "default",
            "ehr",
            Log(self.log),
            "pass-1",
            crash_point=self.crash_point,
        )

    def put(self, resource: Json) -> Json:
        """Put a resource into the EHR under its id."""
        answer = self.ehr.put(
            f"/fhir/{resource['resourceType']}/{resource['id']}",
            content=json_text.dumps(resource),
            headers=FHIR,
        )
        assert answer.status_code in (200, 201), answer.text
        return resource

    def know(self, *patients: str, **more: Any) -> None:
        """Let the EHR know patients by their logical ids."""
        for one in patients:
            self.put({"resourceType": "Patient", "id": one, **more})

    def fill(self, form_id: str = "e-1", **changes: Any) -> Json:
        """Let a form be filled in the EHR: Anna's SRS of session 7, where no change says otherwise."""
        return self.put(filled_there(form_id, **changes))

    def came(self) -> list[InboundRow]:
        with self.deployment.database.read() as tx:
            return list_inbound(tx, "default")

    def states(self) -> list[str]:
        return [row.state for row in self.came()]

    def reasons(self) -> list[str]:
        """The reason word of every fault of all that is parked."""
        parked = [row for row in self.came() if row.state == "parked"]
        return [fault["reason"] for row in parked for fault in json_text.loads(row.faults)]

    def taken(self, number: int = 0) -> ResponseVersion:
        """The response that one form came to, as it is now."""
        response_id = [row.response_id for row in self.came() if row.response_id][number]
        with self.deployment.database.read() as tx:
            found = find_current(tx, "default", str(response_id))
        assert found is not None
        return found

    def deliveries(self) -> list[tuple[str, int]]:
        with self.deployment.database.read() as tx:
            return [(one.subject_kind, one.subject_version) for one in list_deliveries(tx, "default")]

    def with_maps(self, **files: str) -> None:
        """Let the clinic have form maps from now on: instrument id, with _ for -, -> the file's text."""
        named = {f"ehr/{name.replace('_', '-')}.toml": text for name, text in files.items()}
        maps = check_form_maps(named, self.deployment.known).maps.get("ehr", {})
        self.deployment = replace(self.deployment, form_maps=maps)


def filled_there(form_id: str, **changes: Any) -> Json:
    """Return Anna's SRS of session 7 as an EHR keeps what its portal sent: without any identifier of ours."""
    own = {"id": form_id, "meta": None, "text": None, "identifier": None, "encounter": None}
    return a_response(**(own | changes))


@contextmanager
def a_clinic(folder: Path, *, surface: str = "everything", **settings: Any) -> Iterator[Clinic]:
    """Give a clinic whose EHR is the sandbox, with Anna known in it."""
    clock = StandingClock()
    known: Mapping[str, Any] = {"ehr_base_url": BASE, "ehr_poll_seconds": 60, **settings}
    deployment = a_deployment(folder, clock, **known)
    http = Http(frozenset({"localhost:8095"}), 5.0)
    sandbox = create_sandbox(str(folder / "ehr.db"), SURFACES[surface], clock=lambda: clock().astimezone(UTC))
    with (
        TestClient(sandbox, base_url="http://localhost:8095") as ehr,
        respx.mock(assert_all_called=False) as router,
    ):
        made = Clinic(deployment, clock, ehr, http)
        router.route(url__startswith=BASE).mock(side_effect=lambda request: _answered(made, request))
        made.know("anna")
        for one in ("ada", "bea"):
            made.put({"resourceType": "Practitioner", "id": one})
        yield made
    http.close()
    deployment.database.close()


def _answered(clinic: Clinic, request: httpx.Request) -> httpx.Response:
    if clinic.away:
        raise httpx.ConnectError("refused")
    clinic.asked.append(request)
    instead = clinic.instead.get(request.url.path.rpartition("/")[2])
    if instead is not None:
        return instead
    headers = {
        name: request.headers[name] for name in ("content-type", "if-none-exist") if name in request.headers
    }
    answer = clinic.ehr.request(request.method, str(request.url), content=request.content, headers=headers)
    return httpx.Response(answer.status_code, headers=dict(answer.headers), content=answer.content)
