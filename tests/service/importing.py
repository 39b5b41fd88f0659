"""Histories as files, and what became of them. Nobody here exists."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import func, select

from service.api.v1.import_map import OWN_TEMPLATE, ImportMap
from service.api.v1.import_rows import FileKind, read_file
from service.flows.deployment import Deployment
from service.flows.import_history import Choices, import_history
from service.flows.show_import import read_refusals
from service.store.alerts import AlertQuery, AlertRow, list_alerts
from service.store.imports import Import, Refusal
from tests.service.build import FIRST_SESSION, an_access, marks

HEADER = "identifier,instrument,patient,therapist,session_number,authored,item-1,item-2,item-3,item-4"


def a_row(session: int, total: str = "36.3", patient: str = "anna", **changes: str) -> str:
    """Return a row of an SRS after a weekly session, as ``build.a_response`` has it."""
    day = FIRST_SESSION.replace(year=FIRST_SESSION.year - 1)
    cells = {
        "identifier": f"urn:clinic:north|{patient}-{session}",
        "instrument": "srs-3",
        "patient": f"Patient/{patient}",
        "therapist": "Practitioner/ada",
        "session_number": str(session),
        "authored": day.replace(month=1 + session // 28, day=1 + session % 28).isoformat(),
    }
    return ",".join([*(cells | changes).values(), *map(str, marks(total).values.values())])


def a_file(rows: Iterable[str], header: str = HEADER) -> bytes:
    return "\n".join([header, *rows, ""]).encode()


def bring(
    deployment: Deployment,
    file: bytes,
    *,
    kind: FileKind = "csv",
    mapped: ImportMap = OWN_TEMPLATE,
    **choices: Any,
) -> Import:
    """Import a file that comes in small pieces."""
    pieces = (file[at : at + 100] for at in range(0, len(file), 100))
    source = read_file(pieces, kind, deployment, mapped)
    return import_history(deployment, source, Choices(**choices), an_access())


def refused(deployment: Deployment, done: Import) -> list[Refusal]:
    return list(read_refusals(deployment, done.id, an_access()))


def counts(done: Import) -> tuple[int, int, int]:
    return done.recorded, done.unchanged, done.refused


def alerts_in(deployment: Deployment) -> Sequence[AlertRow]:
    with deployment.database.read() as tx:
        return list_alerts(tx, "default", AlertQuery(include_historical=True, limit=1000))


def rows_in(deployment: Deployment, table: Any) -> int:
    with deployment.database.read() as tx:
        found: int = tx.execute(select(func.count()).select_from(table)).scalar_one()
    return found
