"""Who looks into an EHR now, when the last look began, and whether somebody told of news."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Select, select, update

from service.store.database import Tx
from service.store.inbound import move_cursor
from service.store.inbound_tables import inbound_cursors
from service.store.upserts import add_unless_there


@dataclass(frozen=True, slots=True)
class Watched:
    """How an EHR is watched: instants, None where there is none. ``told_at``: news nobody looked for yet."""

    told_at: str | None = None
    looked_at: str | None = None
    lease_owner: str | None = None
    lease_until: str | None = None

    def is_due(self, looked_before: str) -> bool:
        """Tell whether to look: told of news, or the last look began before that instant."""
        return self.told_at is not None or self.looked_at is None or self.looked_at <= looked_before

    def is_free(self, owner: str, now: str, is_gone: Callable[[str], bool]) -> bool:
        """Tell whether this watcher may look: no other one that still runs is at it."""
        if self.lease_owner is None or self.lease_until is None or self.lease_owner == owner:
            return True
        return self.lease_until <= now or is_gone(self.lease_owner)


def tell_news(tx: Tx, clinic: str, ehr: str, now: str) -> None:
    """Keep that there may be news, for whichever watcher looks next."""
    _keep_row(tx, clinic, ehr)
    move_cursor(tx, clinic, ehr, told_at=now)


def read_watched(tx: Tx, clinic: str, ehr: str) -> Watched:
    """Return how this EHR is watched."""
    row = tx.execute(_query(clinic, ehr)).first()
    return Watched(*row) if row else Watched()


def lock_watched(tx: Tx, clinic: str, ehr: str) -> Watched:
    """Return the same, until the transaction ends for this watcher alone."""
    _keep_row(tx, clinic, ehr)
    return Watched(*tx.execute(_query(clinic, ehr).with_for_update()).one())


def begin_look(tx: Tx, clinic: str, ehr: str, owner: str, *, now: str, lease_until: str) -> None:
    """Keep that this watcher looks now; ``lock_watched`` comes before."""
    move_cursor(tx, clinic, ehr, looked_at=now, lease_owner=owner, lease_until=lease_until)


def go_on_looking(tx: Tx, clinic: str, ehr: str, owner: str, lease_until: str) -> None:
    """Extend the lease of a watcher that still has it."""
    tx.execute(
        update(inbound_cursors)
        .where(
            inbound_cursors.c.clinic == clinic,
            inbound_cursors.c.ehr == ehr,
            inbound_cursors.c.lease_owner == owner,
        )
        .values(lease_until=lease_until)
    )


def end_look(tx: Tx, clinic: str, ehr: str, owner: str, told_at: str | None) -> None:
    """End the lease; ``told_at`` are the news that this look was for: later ones stay."""
    this = (inbound_cursors.c.clinic == clinic, inbound_cursors.c.ehr == ehr)
    tx.execute(
        update(inbound_cursors).where(*this, inbound_cursors.c.told_at == told_at).values(told_at=None)
    )
    tx.execute(
        update(inbound_cursors)
        .where(*this, inbound_cursors.c.lease_owner == owner)
        .values(lease_owner=None, lease_until=None)
    )


def _query(clinic: str, ehr: str) -> Select[Any]:
    kept = [inbound_cursors.c[one.name] for one in fields(Watched)]
    return select(*kept).where(inbound_cursors.c.clinic == clinic, inbound_cursors.c.ehr == ehr)


def _keep_row(tx: Tx, clinic: str, ehr: str) -> None:
    add_unless_there(tx, inbound_cursors, {"clinic": clinic, "ehr": ehr})
