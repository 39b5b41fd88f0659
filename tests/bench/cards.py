"""Cards on the demo clinic: how long an EHR waits when somebody opens a chart, or begins a session."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from fhir_mappings import json_text
from tests.bench.callers import Request, measure
from tests.bench.figures import Figure
from tests.bench.processes import service
from tests.demo_clinic.clinic import Client, make_clinic
from tests.demo_clinic.seed import submission

CLIENTS, SEED = 40, 20260302
CALLERS = 4
AT_MOST_MILLISECONDS = 100
HOOKS = ("patient-view", "encounter-start")


def run(folder: Path, count: int) -> list[Figure]:
    """Return the median of each hook, asked for every client of the clinic in turn."""
    clinic = make_clinic(CLIENTS if count > CLIENTS * CALLERS else 4, SEED, datetime.now(UTC).date())
    with service(folder) as base:
        ratings = [json_text.dumps(submission(one)) for one in clinic.ratings]
        measure(base, [Request("POST", "/v1/responses", body) for body in ratings], 1)
        return [_figure(base, hook, clinic.clients * (count // len(clinic.clients))) for hook in HOOKS]


def _figure(base: str, hook: str, clients: tuple[Client, ...]) -> Figure:
    asked = [_call(hook, client, number) for number, client in enumerate(clients)]
    measured = measure(base, asked, CALLERS)
    name = f"{hook}: median of {CALLERS} callers at a time, milliseconds"
    return Figure(name, measured.at(0.5), at_most=AT_MOST_MILLISECONDS)


def _call(hook: str, client: Client, number: int) -> Request:
    context = {"userId": client.therapist, "patientId": client.reference.rpartition("/")[2]}
    context |= {"encounterId": "bench"} if hook == "encounter-start" else {}
    body = {"hook": hook, "hookInstance": str(UUID(int=number)), "context": context}
    return Request("POST", f"/cds-services/alliance-{hook}", json_text.dumps(body))
