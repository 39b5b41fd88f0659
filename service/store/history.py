"""Which versions a thing has had, and when each began to be believed."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Table, select

from service.store.conditions import clause
from service.store.database import Tx
from service.store.sight import WHOLE_SIGHT, Sight
from service.store.tables import alerts, responses, scores
from service.store.views import VIEWS, Kind


@dataclass(frozen=True, slots=True)
class PastVersion:
    """One version: its number and the instant from which it was believed."""

    version: int
    at: str


def response_versions(tx: Tx, clinic: str, response_id: str, sight: Sight = WHOLE_SIGHT) -> list[PastVersion]:
    """Return every version of a response in sight, the oldest first; empty where there is none."""
    return _versions(tx, responses, clinic, response_id, _in_sight(tx, clinic, "response", sight))


def alert_versions(tx: Tx, clinic: str, alert_id: str, sight: Sight = WHOLE_SIGHT) -> list[PastVersion]:
    """Return every version of an alert in sight, the oldest first; empty where there is none."""
    return _versions(tx, alerts, clinic, alert_id, _in_sight(tx, clinic, "alert", sight))


def versions_with(
    tx: Tx, clinic: str, response_id: str, part: str, sight: Sight = WHOLE_SIGHT
) -> frozenset[int]:
    """Return the versions of a response in sight that gave this Observation."""
    gave = scores.c.response_row == responses.c.row_id
    found = tx.execute(
        select(responses.c.version)
        .join(scores, gave)
        .where(*_named(responses, clinic, response_id), scores.c.part == part, scores.c.observed)
        .where(*_in_sight(tx, clinic, "observation", sight))
    )
    return frozenset(found.scalars())


def _versions(
    tx: Tx, table: Table, clinic: str, thing_id: str, seen: list[ColumnElement[bool]]
) -> list[PastVersion]:
    found = select(table.c.version, table.c.believed_from).where(*_named(table, clinic, thing_id), *seen)
    return [PastVersion(*row) for row in tx.execute(found.order_by(table.c.version))]


def _in_sight(tx: Tx, clinic: str, kind: Kind, sight: Sight) -> list[ColumnElement[bool]]:
    return [clause(tx, clinic, VIEWS[kind].columns, one) for one in sight.conditions_on(kind)]


def _named(table: Table, clinic: str, thing_id: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return table.c.clinic == clinic, table.c.id == thing_id
