"""What the database tells at a look about how the service is used."""

from sqlalchemy import func, select, text

from service.store.database import Tx
from service.store.tables import alerts, responses

_POSTGRESQL = "postgresql"


def count_recorded(tx: Tx) -> int:
    """Return how many versions of responses were ever recorded, by the newest row: it only grows."""
    return tx.execute(select(func.max(responses.c.row_id))).scalar() or 0


def count_live_alerts(tx: Tx, clinic: str) -> dict[str, int]:
    """Return how many alerts are live, by severity; a severity without any is left out."""
    query = (
        select(alerts.c.severity, func.count())
        # In the words of their index: only then is it used.
        .where(text("believed_until IS NULL AND live"), alerts.c.clinic == clinic)
        .group_by(alerts.c.severity)
    )
    return {severity: count for severity, count in tx.execute(query)}  # noqa: C416 - dict() would need a cast


def database_seconds(tx: Tx) -> float | None:
    """Return the database's own clock in seconds since 1970; None where it has none of its own (SQLite)."""
    if tx.dialect.name != _POSTGRESQL:
        return None
    return float(tx.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())
