"""A patient's page at the FHIR door: in a clinic of a hundred responses, and in one of a million."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
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
from tests.bench.plain_deployment import a_plain_deployment
from tests.bench.processes import service
from tests.service.build import NOW, a_response, an_access

SESSIONS_EACH = 20
SMALL = 100
# Responses in the big clinic for each that the other benches send: a million in all, 40,000 in a smoke.
BIG_PER_COUNT = 500
ROUNDS = 5
FIRST, PATIENT = "bench-0", "bench-3"
_OF_COPY = f"replace({{}}, '{FIRST}', 'bench-' || n)"
_PERSON = {column: _OF_COPY.format(column) for column in ("patient", "source")}
# Table -> what differs in the copy ``n`` of the first patient's rows, in SQL.
COPIED = {
    "patient_aliases": {
        "patient_key": "'key-' || n",
        "own_key": "'key-' || n",
        "value": _OF_COPY.format("value"),
    },
    "dyads": {"patient_key": "'key-' || n"},
    "responses": {
        "id": _OF_COPY.format("id"),
        "dyad_row": "dyad_row + n",
        "alias_row": "alias_row + n",
        "identifier_value": _OF_COPY.format("identifier_value"),
        "patient_identifier_value": _OF_COPY.format("patient_identifier_value"),
        **_PERSON,
    },
    "scores": {
        "response_row": f"response_row + n * {SESSIONS_EACH}",
        "response_id": _OF_COPY.format("response_id"),
    },
}
PAGES = {
    "responses": f"/fhir/QuestionnaireResponse?patient={PATIENT}&_count=10",
    "responses by update": f"/fhir/QuestionnaireResponse?patient={PATIENT}&_count=10&_sort=_lastUpdated",
    "scores of a code": f"/fhir/Observation?patient={PATIENT}&code=srs-3.total&_count=10",
    "last scores": f"/fhir/Observation/$lastn?patient={PATIENT}&category=survey",
    "traces": f"/fhir/Provenance?patient={PATIENT}&_count=10",
    "responses by identifier": f"/fhir/QuestionnaireResponse?patient.identifier=urn:mrn|{PATIENT}&_count=10",
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
    """Store so many responses of weekly sessions, patient after patient, all alike.

    The first patient's are stored as the service stores them; the others are copies, made by the database.
    """
    deployment = a_plain_deployment(folder)
    with deployment.database.write() as tx:
        _store_patient(tx, deployment, FIRST)
    deployment.database.close()
    with closing(sqlite3.connect(folder / "alliance.db", isolation_level=None)) as database:
        for setting in ("synchronous=OFF", "cache_size=-500000", "journal_mode=OFF"):
            database.execute(f"PRAGMA {setting}")
        database.execute("BEGIN")
        for table, changes in COPIED.items():
            _copy(database, table, changes, count // SESSIONS_EACH - 1)
        database.execute("COMMIT")


def _copy(database: sqlite3.Connection, table: str, changes: Mapping[str, str], times: int) -> None:
    """Copy every row of a table so often; ``changes`` says in SQL what a column of copy ``n`` holds."""
    columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
    database.execute(f"CREATE TEMP TABLE first_{table} AS SELECT * FROM {table}")  # noqa: S608 - our own table
    (rows,) = database.execute(f"SELECT max(row_id) FROM {table}").fetchone()  # noqa: S608 - our own table
    written = {"row_id": f"row_id + n * {rows}"} | changes
    values = ", ".join(written.get(column, f'"{column}"') for column in columns)
    numbers = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)"
    copied = f"INSERT INTO {table} {numbers} SELECT {values} FROM numbers CROSS JOIN first_{table}"  # noqa: S608 - our own table
    database.execute(copied, (times,))


def _store_patient(tx: Tx, deployment: Deployment, patient: str) -> None:
    write = Write(tx, deployment, an_access(), NOW)
    reference = f"Patient/{patient}"
    alias = take_alias(tx, write.clinic, reference, write.now)
    dyad = take_dyad(tx, write.clinic, alias.patient_key, "Practitioner/ada", write.now)
    for session in range(1, SESSIONS_EACH + 1):
        identifier = Identifier("urn:bench", f"{patient}-{session}")
        new = a_response(
            session,
            identifier=identifier,
            patient=reference,
            source=reference,
            patient_identifier=Identifier("urn:mrn", patient),
        )
        version = first_version(write, new, f"{patient}-{session}", alias, dyad)
        insert_version(tx, version, score_rows(filled_from(version, deployment.known)))
