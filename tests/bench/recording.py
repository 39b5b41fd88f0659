"""Recording one SRS: ours, a bare endpoint that does the same inserts, and HAPI's transaction."""

from decimal import Decimal
from pathlib import Path

from fhir_mappings.answers import check_answers
from fhir_mappings.bundle import Entry, to_transaction
from fhir_mappings.codes import Names
from fhir_mappings.json_text import dumps
from fhir_mappings.observation import to_observations
from fhir_mappings.response import to_response
from tests.bench.callers import Measured, Request, measure
from tests.bench.figures import Figure
from tests.bench.processes import bare, service
from tests.bench.ratings import as_request, srs_bodies
from tests.builders import a_filled, srs
from tests.system.hapi import running_plain_hapi

CALLERS = 4
ROUNDS = 3


def run(folder: Path, count: int) -> list[Figure]:
    """Return the ratios; ours and the bare endpoint take turns, so that a noisy minute hits both."""
    ours, theirs = _in_turns(folder, count)
    hapi = _hapi(count // 10)
    return [
        Figure("recording: ours / bare endpoint, 4 callers", _best(ours) / _best(theirs), at_least=0.6),
        Figure("recording: ours / HAPI transaction, 4 callers", _best(ours) / hapi.per_second, at_least=15),
        Figure("  ours, responses per second", _best(ours)),
        Figure("  bare endpoint, per second", _best(theirs)),
        Figure("  HAPI transactions per second", hapi.per_second),
    ]


def _best(runs: list[Measured]) -> float:
    return max(run.per_second for run in runs)


def _in_turns(folder: Path, count: int) -> tuple[list[Measured], list[Measured]]:
    ours, theirs = [], []
    with service(folder) as ours_at, bare(folder) as bare_at:
        for turn in range(ROUNDS):
            bodies = list(srs_bodies(count, seed=turn + 1))
            ours.append(measure(ours_at, [as_request(body) for body in bodies], CALLERS))
            theirs.append(measure(bare_at, [as_request(body, "/bare") for body in bodies], CALLERS))
    return ours, theirs


def _hapi(count: int) -> Measured:
    with running_plain_hapi() as hapi:
        people = [
            Request("PUT", f"/fhir/Patient/bench-{number}", _patient(number), _FHIR)
            for number in range(CALLERS)
        ]
        measure(hapi.fhir, people, 1)
        # Warmed by one caller first: of several first transactions at a time HAPI fails at one (HAPI-2223).
        few = min(8, count)
        measure(hapi.fhir, [_transaction(number) for number in range(few)], 1)
        measure(hapi.fhir, [_transaction(number) for number in range(few, count)], CALLERS)
        return measure(hapi.fhir, [_transaction(number) for number in range(count, 2 * count)], CALLERS)


_FHIR = (("Content-Type", "application/fhir+json"),)


def _patient(number: int) -> bytes:
    return dumps({"resourceType": "Patient", "id": f"bench-{number}", "active": True})


def _transaction(number: int) -> Request:
    """Return the transaction of one SRS as the service sends it: response, four marks, total, panel."""
    answers = {f"item-{place}": Decimal(number % 10 + place) / 2 for place in range(1, 5)}
    patient = f"Patient/bench-{number % CALLERS}"
    checked = check_answers(srs(), answers).values
    facts = {"patient": patient, "source": patient, "therapist": None, "encounter": None}
    filled = a_filled(answers=checked, id=f"bench-{number}", **facts)
    response, names = to_response(filled, Names()), Names()
    response.pop("extension", None)
    entries = [_entry(one) for one in (response, *to_observations(filled, names))]
    return Request("POST", "/fhir", dumps(to_transaction(entries)), _FHIR)


def _entry(resource: dict[str, object]) -> Entry:
    reference = f"{resource['resourceType']}/{resource['id']}"
    return Entry(resource, full_url=None, method="PUT", url=reference, if_none_exist=None, if_match=None)
