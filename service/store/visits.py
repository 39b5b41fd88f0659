"""How far an EHR's Appointments, Encounters and EpisodesOfCare were read."""

from collections.abc import Collection

from sqlalchemy import select

from service.store.database import Tx
from service.store.upserts import put_rows
from service.store.visit_tables import visit_cursors

_KEY = ("clinic", "ehr", "visit_type")


def visits_read_until(tx: Tx, clinic: str, ehr: str, visit_type: str) -> str:
    """Return how far they were read, an instant by the EHR's clock; '' where they never were."""
    found: str | None = tx.execute(
        select(visit_cursors.c.read_until).where(
            visit_cursors.c.clinic == clinic,
            visit_cursors.c.ehr == ehr,
            visit_cursors.c.visit_type == visit_type,
        )
    ).scalar()
    return found or ""


def move_visit_cursor(tx: Tx, clinic: str, ehr: str, visit_type: str, **values: str) -> None:
    """Keep how far they were read (``read_until``), or what stands in the way (``trouble``)."""
    row = {"clinic": clinic, "ehr": ehr, "visit_type": visit_type, **values}
    put_rows(tx, visit_cursors, [row], key=_KEY, changes=list(values))


def visit_troubles(tx: Tx, clinic: str, ehr: str, kinds: Collection[str]) -> list[str]:
    """Return what stands in the way of reading these kinds, in words; nothing where all is well."""
    found = tx.execute(
        select(visit_cursors.c.trouble)
        .where(
            visit_cursors.c.clinic == clinic,
            visit_cursors.c.ehr == ehr,
            visit_cursors.c.visit_type.in_(kinds),
            visit_cursors.c.trouble != "",
        )
        .order_by(visit_cursors.c.visit_type)
    )
    return list(found.scalars())
