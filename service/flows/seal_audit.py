"""Seal the audit: every few seconds the rows that were added become the next link of the clinic's chain.

On PostgreSQL a row with a lower number may be committed after one with a higher; so what is sealed is not all
up to a number, but what is visible and not sealed yet, and which rows those are is kept. A write takes
minutes at most, so a row that comes with an older moment than that is none of ours: it is never sealed, and
``verify-audit`` finds it.

A backlog is sealed in pieces, the oldest first. The seal of a piece says no later moment than that from which
on rows may still come, so that the next one finds what is left.
"""

from datetime import timedelta

from service.clock import as_instant, from_instant
from service.flows.deployment import Deployment
from service.store.audit_seals import Seal, add_seal, last_seal, make_seal, unsealed_rows

# A transaction that waits is ended by the database after a minute (store/database.py).
LONGEST_WRITE = timedelta(minutes=5)
MOST_ROWS = 5000


def seal_audit(deployment: Deployment, most_rows: int = MOST_ROWS) -> Seal | None:
    """Return the seal that was added to the clinic's chain.

    None where nothing was to be sealed, or another process did it.
    """
    clinic = deployment.clinic
    with deployment.database.read() as tx:
        last = last_seal(tx, clinic)
        since = as_instant(from_instant(last.sealed_at) - LONGEST_WRITE) if last else ""
        rows = unsealed_rows(tx, clinic, since, most_rows)
    if not rows:
        return None
    now = as_instant(deployment.clock())
    if len(rows) == most_rows:  # more may be waiting, all of them as new as these or newer
        now = min(now, as_instant(from_instant(max(row.at for row in rows)) + LONGEST_WRITE))
    seal = make_seal(clinic, rows, last, now)
    with deployment.database.write() as tx:
        return seal if add_seal(tx, seal, [row.row_id for row in rows]) else None


def head_of(deployment: Deployment) -> Seal | None:
    """Return the head of the chain, to be noted where nobody who can write here can: None before it began."""
    with deployment.database.read() as tx:
        return last_seal(tx, deployment.clinic)
