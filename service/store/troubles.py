"""Since when an EHR is in trouble, as the worker that meets it says, for every process to read."""

from sqlalchemy import select

from service.store.database import Tx
from service.store.trouble_tables import ehr_troubles
from service.store.upserts import put_rows


def trouble_since(tx: Tx, clinic: str, ehr: str) -> str | None:
    """Return since when deliveries to the EHR are paused; None where it answers, or was never asked."""
    found: str | None = tx.execute(
        select(ehr_troubles.c.since).where(ehr_troubles.c.clinic == clinic, ehr_troubles.c.ehr == ehr)
    ).scalar()
    return found


def set_trouble(tx: Tx, clinic: str, ehr: str, since: str | None) -> None:
    """Keep since when the EHR is in trouble; None: it answers again."""
    row = {"clinic": clinic, "ehr": ehr, "since": since}
    put_rows(tx, ehr_troubles, [row], key=("clinic", "ehr"), changes=("since",))
