"""What tells whether the store can be worked with."""

from sqlalchemy import select

from service.store.database import Tx
from service.store.tables import audit_rows


def newest_audit_at(tx: Tx) -> str | None:
    """Return the instant of the newest audit row of any clinic, or None where nobody ever asked anything."""
    return tx.execute(
        select(audit_rows.c.at).order_by(audit_rows.c.row_id.desc()).limit(1)
    ).scalar_one_or_none()
