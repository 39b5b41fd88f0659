"""A clinic of up to a million responses in the database: eight recorded series of fifty sessions, and copies.

Recording a million takes an hour; here what is read, mapped and written is measured, and a copy is as good.
Answers come from a seed; each copy of a dyad has its own patient, one of forty therapists and of nine teams.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from sqlalchemy import Table, func, select, text

from fhir_mappings.filled import Identifier
from service.flows.deployment import Deployment
from service.flows.new_response import NewResponse
from service.flows.record_response import record_response
from service.store.database import Database, Tx
from service.store.tables import alerts, dyads, patient_aliases, responses, scores
from tests.bench.plain_deployment import a_plain_deployment
from tests.service.build import NOW, StandingClock, a_deployment, a_response, an_access

PATIENTS, SESSIONS = 8, 50
RECORDED = PATIENTS * SESSIONS
_LEVELS = (34, 39)
# In some sessions of some dyads the total falls by so many points: an alert.
_FALL = 9
_PIECE = 100


def fill_clinic(folder: Path, rows: int) -> Deployment:
    """Return a deployment on a new database with so many responses, rounded up to whole series."""
    clock = StandingClock()
    deployment = a_plain_deployment(folder, clock)
    _record(deployment, clock)
    recorded, copies = _last_rows(deployment), -(-rows // RECORDED) - 1
    for first in range(1, copies + 1, _PIECE):
        with deployment.database.write() as tx:
            _copy(tx, recorded, first, min(first + _PIECE - 1, copies))
    return deployment


def open_clinic(folder: Path, **settings: str) -> Deployment:
    """Return a deployment on a database that was filled."""
    database = Database(f"sqlite:///{folder / 'alliance.db'}")
    return a_deployment(folder, database=database, **settings)


def _record(deployment: Deployment, clock: StandingClock) -> None:
    """Record the series that all others are copies of, each response on its day."""
    random = Random(9)  # noqa: S311 - made-up answers, not secrets
    levels = [random.randint(*_LEVELS) for _ in range(PATIENTS)]
    for session in range(1, SESSIONS + 1):
        for number, level in enumerate(levels):
            clock.moment = NOW - timedelta(weeks=SESSIONS - session, days=number, minutes=10)
            falls = number % 3 == 0 and session % 12 in (6, 7)
            total = min(40.0, level + random.randint(-20, 20) / 10) - (_FALL if falls else 0)
            record_response(deployment, _response(number, session, f"{total:.1f}", clock.moment), an_access())
    clock.moment = NOW


def _response(number: int, session: int, total: str, moment: datetime) -> NewResponse:
    return a_response(
        session,
        total,
        patient=f"Patient/bench-{number}",
        source=f"Patient/bench-{number}",
        therapist=f"Practitioner/bench-{number}",
        authored=moment.isoformat(),
        identifier=Identifier("urn:bench", f"{number}-{session}"),
        language=("en", "de")[number % 2],
        site=f"site-{number % 4}",
        team="team",
    )


# Table -> the texts that a copy n has of its own, in the order in which rows name each other.
_OWN = "{} || '-' || n"
_THERAPIST = "therapist || '-' || (n % 5)"
_COPIED: Mapping[Table, Mapping[str, str]] = {
    patient_aliases: dict.fromkeys(("patient_key", "own_key", "value"), _OWN),
    dyads: {"patient_key": _OWN, "therapist": _THERAPIST, "team": "team || '-' || (n % 9)"},
    responses: {
        **dict.fromkeys(("id", "identifier_value", "patient", "source"), _OWN),
        "therapist": _THERAPIST,
    },
    scores: {"response_id": _OWN},
    alerts: {**dict.fromkeys(("id", "patient", "opened_by"), _OWN), "therapist": _THERAPIST},
}
# Columns that name rows: a copy's name those of the copy.
_ROWS = {"dyad_row": dyads, "alias_row": patient_aliases, "response_row": responses}


def _copy(tx: Tx, recorded: Mapping[Table, int], first: int, last: int) -> None:
    """Add the copies with these numbers of everything that was recorded."""
    for table in _COPIED:
        tx.execute(text(_copy_sql(table, recorded)), {"first": first, "last": last})


def _copy_sql(table: Table, recorded: Mapping[Table, int]) -> str:
    own = {name: sql.format(name) for name, sql in _COPIED[table].items()}
    moved = {"row_id": table, **_ROWS}
    own |= {name: f"{name} + n * {recorded[of]}" for name, of in moved.items() if name in table.c}
    names = [column.name for column in table.c]
    quoted = ", ".join(f'"{name}"' for name in names)
    values = ", ".join(own.get(name, f'"{name}"') for name in names)
    copies = "SELECT :first UNION ALL SELECT n + 1 FROM numbers WHERE n < :last"
    return (
        f"WITH RECURSIVE numbers(n) AS ({copies}) INSERT INTO {table.name} ({quoted})"  # noqa: S608 - our own
        f" SELECT {values} FROM numbers CROSS JOIN {table.name} WHERE row_id <= {recorded[table]}"
    )


def _last_rows(deployment: Deployment) -> dict[Table, int]:
    with deployment.database.read() as tx:
        return {table: tx.execute(select(func.max(table.c.row_id))).scalar_one() or 0 for table in _COPIED}
