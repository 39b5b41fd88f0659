"""Which versions a thing has had, and when each began to be believed."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Table, select

from service.store.database import Tx
from service.store.tables import alerts, responses, scores


@dataclass(frozen=True, slots=True)
class PastVersion:
    """One version: its number and the instant from which it was believed."""

    version: int
    at: str


def response_versions(tx: Tx, clinic: str, response_id: str) -> list[PastVersion]:
    """Return every version of a response, the oldest first; empty where there is no such response."""
    return _versions(tx, responses, clinic, response_id)


def alert_versions(tx: Tx, clinic: str, alert_id: str) -> list[PastVersion]:
    """Return every version of an alert, the oldest first; empty where there is no such alert."""
    return _versions(tx, alerts, clinic, alert_id)


def versions_with(tx: Tx, clinic: str, response_id: str, part: str) -> frozenset[int]:
    """Return the versions of a response that gave this Observation."""
    gave = scores.c.response_row == responses.c.row_id
    found = tx.execute(
        select(responses.c.version)
        .join(scores, gave)
        .where(*_named(responses, clinic, response_id), scores.c.part == part, scores.c.observed)
    )
    return frozenset(found.scalars())


def _versions(tx: Tx, table: Table, clinic: str, thing_id: str) -> list[PastVersion]:
    columns = (table.c.version, table.c.believed_from)
    named = _named(table, clinic, thing_id)
    return [PastVersion(*row) for row in tx.execute(select(*columns).where(*named).order_by(table.c.version))]


def _named(table: Table, clinic: str, thing_id: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return table.c.clinic == clinic, table.c.id == thing_id
