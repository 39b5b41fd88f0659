"""A patient's page at the FHIR door: in a clinic of a hundred responses, and in one of a hundred thousand."""

from pathlib import Path
from statistics import median

from fhir_mappings.filled import Identifier
from service.flows.deployment import Deployment, Write
from service.flows.load import filled_from
from service.flows.write_version import first_version, score_rows
from service.store.database import Tx
from service.store.patients import take_alias, take_dyad
from service.store.responses import insert_version
from tests.bench.callers import Request, measure
from tests.bench.figures import Figure
from tests.bench.processes import service
from tests.service.build import NOW, a_deployment, a_response, an_access

SESSIONS_EACH = 20
SMALL = 100
# Responses in the big clinic for each that the other benches send: 100,000 in all, 4,000 in a smoke.
BIG_PER_COUNT = 50
ROUNDS = 5
PATIENT = "bench-3"
PAGES = {
    "responses": f"/fhir/QuestionnaireResponse?patient={PATIENT}&_count=10",
    "responses by update": f"/fhir/QuestionnaireResponse?patient={PATIENT}&_count=10&_sort=_lastUpdated",
    "scores of a code": f"/fhir/Observation?patient={PATIENT}&code=srs-3.total&_count=10",
    "alerts": f"/fhir/DetectedIssue?patient={PATIENT}",
}


def run(folder: Path, count: int) -> list[Figure]:
    """Return for each page how much longer it takes in the big clinic; both answer in turns."""
    small, big = folder / "small", folder / "big"
    in_big = count * BIG_PER_COUNT
    for place, responses in ((small, SMALL), (big, in_big)):
        place.mkdir()
        _fill(place, responses)
    asked = max(10, count // 20)
    with service(small) as small_at, service(big) as big_at:
        return [
            Figure(
                f"a patient's {name}: clinic of {in_big} / of {SMALL}",
                _ratio(big_at, small_at, [Request("GET", path)] * asked),
                at_most=1.5,
            )
            for name, path in PAGES.items()
        ]


def _ratio(big_at: str, small_at: str, requests: list[Request]) -> float:
    """Return the ratio of the medians, each the best of several rounds; the first warms both."""
    rounds = [
        tuple(median(measure(base, requests, 1).each) for base in (big_at, small_at))
        for _ in range(ROUNDS + 1)
    ]
    return min(big for big, _ in rounds[1:]) / min(small for _, small in rounds[1:])


def _fill(folder: Path, count: int) -> None:
    """Store so many responses of weekly sessions, patient after patient, all alike."""
    deployment = a_deployment(folder)
    with deployment.database.write() as tx:
        for number in range(count // SESSIONS_EACH):
            _store_patient(tx, deployment, f"bench-{number}")
    deployment.database.close()


def _store_patient(tx: Tx, deployment: Deployment, patient: str) -> None:
    write = Write(tx, deployment, an_access(), NOW)
    reference = f"Patient/{patient}"
    alias = take_alias(tx, write.clinic, reference, write.now)
    dyad = take_dyad(tx, write.clinic, alias.patient_key, "Practitioner/ada", write.now)
    for session in range(1, SESSIONS_EACH + 1):
        identifier = Identifier("urn:bench", f"{patient}-{session}")
        new = a_response(session, identifier=identifier, patient=reference, source=reference)
        version = first_version(write, new, f"{patient}-{session}", alias, dyad)
        insert_version(tx, version, score_rows(filled_from(version, deployment.known)))
