"""A bench whose EHR is the sandbox in a product's shape, in this process, with that product's profile."""

import sqlite3
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import respx

from fhir_mappings import json_text
from service.ehr.profile_file import profile_names
from service.http import Http
from service.sandbox import SURFACES, create_sandbox, seed_database
from tests.service.build import StandingClock, a_deployment
from tests.service.ehr.fake_ehr import BASE, HOST, FakeEhr
from tests.service.flows.delivering import Bench

with warnings.catch_warnings():
    # Starlette advises against httpx, which the project keeps until its successor has settled.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

ENCOUNTER = "Encounter/session"
Json = dict[str, Any]
_PEOPLE = ("Patient/anna", "Patient/bert", "Practitioner/ada", ENCOUNTER)


@dataclass
class Shape:
    """One bench and its sandbox EHR; ``file`` is the sandbox's database."""

    bench: Bench
    sandbox: TestClient
    file: Path

    def turn_faults(self, **faults: object) -> None:
        query = {name.replace("_", "-"): str(value) for name, value in faults.items()}
        assert self.sandbox.put("/faults", params=query).status_code == 204

    def stored(self) -> list[Json]:
        """Everything that we wrote, in its current version."""
        sql = "SELECT v.body FROM resources r JOIN versions v USING (type, id, version) ORDER BY r.sequence"
        with closing(sqlite3.connect(self.file)) as connection:
            found = [json_text.loads(body) for (body,) in connection.execute(sql)]
        return [one for one in found if f"{one['resourceType']}/{one['id']}" not in _PEOPLE]

    def identifiers(self) -> Counter[str]:
        """How often each of our identifiers is in the EHR, by type and value."""
        found: Counter[str] = Counter()
        for one in self.stored():
            identifier = one.get("identifier", [])
            for own in identifier if isinstance(identifier, list) else [identifier]:
                found[f"{one['resourceType']}/{own['value']}"] += 1
        return found


@contextmanager
def a_shape(folder: Path, surface: str, *, has_definitions: bool = True) -> Iterator[Shape]:
    """Give a bench that delivers to the sandbox of that surface; the people it names are there.

    ``has_definitions``: our forms and codes are taken to be there, which saves their requests.
    """
    clock, file = StandingClock(), folder / "ehr.db"
    seed_database(str(file), _people())
    http = Http(frozenset({HOST}), 5.0)
    deployment = a_deployment(folder, clock, ehr_base_url=BASE)
    app = create_sandbox(str(file), SURFACES[surface], clock=clock)
    profile = surface if surface in profile_names() else "generic"
    with TestClient(app, f"http://{HOST}", raise_server_exceptions=False) as sandbox, respx.mock() as router:
        router.route(url__startswith=BASE).mock(side_effect=lambda request: _passed_on(request, sandbox))
        bench = Bench(
            deployment, clock, FakeEhr(clock), http, has_definitions=has_definitions, profile=profile
        )
        yield Shape(bench, sandbox, file)
    http.close()
    deployment.database.close()


def _passed_on(request: httpx.Request, sandbox: TestClient) -> httpx.Response:
    headers = {name: value for name, value in request.headers.items() if name != "host"}
    answer = sandbox.request(request.method, str(request.url), headers=headers, content=request.content)
    told = {name: value for name, value in answer.headers.items() if name != "content-encoding"}
    return httpx.Response(answer.status_code, headers=told, content=answer.content)


def _people() -> Json:
    resources = [
        {"resourceType": kind, "id": own_id}
        for kind, own_id in (reference.split("/") for reference in _PEOPLE if reference != ENCOUNTER)
    ]
    session = {"resourceType": "Encounter", "id": "session", "subject": {"reference": "Patient/anna"}}
    entries = [
        {"resource": one, "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"}}
        for one in (*resources, session)
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}
