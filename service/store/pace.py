"""How fast an EHR is asked, by all processes together."""

from sqlalchemy import select

from service.store.database import Tx, lock_name
from service.store.pace_tables import ehr_pace
from service.store.upserts import put_rows


def booked_until(tx: Tx, clinic: str, ehr: str) -> str | None:
    """Return until when an EHR's requests are booked, and keep others from booking; None before the first."""
    lock_name(tx, f"pace|{clinic}|{ehr}")
    found: str | None = tx.execute(
        select(ehr_pace.c.booked_until).where(ehr_pace.c.clinic == clinic, ehr_pace.c.ehr == ehr)
    ).scalar()
    return found


def book_until(tx: Tx, clinic: str, ehr: str, until: str) -> None:
    """Keep until when they are booked now."""
    row = {"clinic": clinic, "ehr": ehr, "booked_until": until}
    put_rows(tx, ehr_pace, [row], key=("clinic", "ehr"), changes=("booked_until",))
