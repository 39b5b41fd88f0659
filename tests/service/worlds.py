"""Two worlds: in both a clinic north, alike to the byte; in one of them a clinic south as well.

Whatever north asks must be answered alike in both worlds. South has north's ids and others, and canaries.
"""

import io
import os
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from fhir_mappings import json_text
from service.api.v1.treatment_end_models import EXAMPLE_END
from service.app import Served
from service.clock import as_instant
from service.flows.deployment import Deployment
from service.log import Log
from service.settings import Settings
from service.store.chart import keep_fact
from service.store.database import Database
from service.store.inbound import PARKED, InboundCame, add_inbound
from tests.conftest import NOW, FixedClock, TestClient
from tests.databases import copy_of
from tests.service.api.fhir.calls import FHIR
from tests.service.api.fhir.subscribing import HOST, a_subscription
from tests.service.api.v1.build import STEADY, a_body, record_course
from tests.service.two_clinics import NORTH, SOUTH, clients_of, key_of, of_clinic

CANARY = "canary"
WEBHOOK = {
    "webhook_url": "https://pager.example/x",
    "webhook_secret": "whsec_" + "a" * 32,
    "subscription_hosts": HOST,
}
BY = {"by": "Practitioner/ada"}
OLD = "2025-03-02T10:50:00+01:00"


@dataclass(frozen=True)
class World:
    """One database, and how north's caller reaches it; ``log`` is what it logs."""

    database: Database
    north: TestClient
    south: TestClient
    clock: FixedClock
    log: io.StringIO


@contextmanager
def chance(seed: int) -> Iterator[None]:
    """Let every random id be that of a seed: the same requests then get the same ids."""
    source, real = random.Random(seed), os.urandom  # noqa: S311 - to be foreseen is its point
    # The library's own source for secrets is a name of its own for the same function.
    os.urandom = random._urandom = source.randbytes  # noqa: SLF001
    try:
        yield
    finally:
        os.urandom = random._urandom = real  # noqa: SLF001


def world_on(database: Database, deployment: Deployment, keys: Mapping[str, str]) -> World:
    """Return the service of both clinics on a database, for callers with these API keys."""
    clock, log = FixedClock(NOW), io.StringIO()
    settings = Settings(database_url=database.url, export_dir="nowhere", **WEBHOOK)
    own = replace(deployment, database=database, clock=clock)
    served = [Served(of_clinic(own, clinic, settings)) for clinic in (NORTH, SOUTH)]
    clients = clients_of(served, Log(log), keys)
    return World(database, clients[NORTH], clients[SOUTH], clock, log)


@contextmanager
def both_worlds(database: Database, deployment: Deployment, folder: Path) -> Iterator[tuple[World, World]]:
    """Give a world without south, and one with it."""
    here = replace(deployment, database=database)
    keys = {clinic: key_of(of_clinic(here, clinic)) for clinic in (NORTH, SOUTH)}
    first = world_on(database, deployment, keys)
    with chance(1):
        fill(first, first.north, NORTH, "ada")
    second = world_on(copy_of(database, folder), deployment, keys)
    with chance(1):
        fill(second, second.south, SOUTH, CANARY)  # the ids of north, and other contents
    with chance(2):
        fill(second, second.south, SOUTH, CANARY, patient="bea", dip=25.0)  # ids of its own
    for world in (first, second):
        world.clock.now = NOW
        world.log.truncate(0)
    yield first, second
    second.database.close()


def fill(
    world: World, client: TestClient, clinic: str, therapist: str, *, patient: str = "anna", dip: float = 27.0
) -> None:
    """Record a course with an alert that somebody took, and one thing of every other kind."""
    person = {"patient": f"Patient/{patient}", "therapist": f"Practitioner/{therapist}"}
    record_course(client, world.clock, [*STEADY, dip], site=f"{therapist}-site", **person)
    other = {"patient": f"Patient/{patient}-2", "therapist": f"Practitioner/{therapist}"}
    record_course(client, world.clock, [30.0], encounter=f"Encounter/{therapist}", **other)
    alert = client.get("/v1/rupture-alerts").json()["items"][0]
    act = f"/v1/rupture-alerts/{alert['id']}/acknowledge"
    assert client.post(act, json=BY, headers={"If-Match": f'W/"{alert["version"]}"'}).status_code == 200
    visit = {
        "patient": f"Patient/{patient}",
        "therapist": f"Practitioner/{therapist}",
        "status": "missed",
        "session_date": "2026-02-20",
        "identifier": f"urn:clinic:north|{patient}-visit",
    }
    assert client.post("/v1/attendance", json=visit).status_code == 201
    ended = EXAMPLE_END | {"therapist": f"Practitioner/{therapist}"} | BY
    assert client.put(f"/v1/patients/{patient}-2/treatment-end", json=ended).status_code == 200
    form = {**person, "instruments": ["session-check-in-client"]}
    assert client.post("/v1/form-links", json=form).status_code == 201
    merging = client.post(f"/v1/patients/{patient}-2/merge-into/{patient}-3", json=BY)
    assert merging.status_code in (200, 404)
    old = a_body(**person, authored=OLD, session_number=99, identifier=f"urn:old|{patient}")
    file, ndjson = b"{}\n" + json_text.dumps(old), {"Content-Type": "application/x-ndjson"}
    imported = client.post("/v1/imports", content=file, headers=ndjson).json()
    assert (imported["recorded"], imported["refused"]) == (1, 1)
    closed = {"push": False, "share": True, "since": None}
    assert client.put(f"/v1/patients/{patient}-2/disclosure", json=closed).status_code == 200
    begun = client.get("/fhir/$export?_type=Task", headers={"Prefer": "respond-async"})
    assert begun.status_code == 202
    form = {"resourceType": "QuestionnaireResponse", "subject": {"reference": f"Patient/{patient}"}}
    asked = a_subscription(filters=(f"patient={patient}",)) | {"reason": f"{therapist}-reason"}
    assert client.post("/fhir/Subscription", json=asked, headers=FHIR).status_code == 201
    came = InboundCame(f"form-{patient}", "1", PARKED, json_text.dumps(form), reason=f"{therapist}-reason")
    with world.database.write() as tx:
        keep_fact(tx, clinic, "notice-token", f"{clinic}-token")
        add_inbound(tx, clinic, "ehr", came, as_instant(NOW))
