"""Erase the patients of whom nothing is newer than the clinic keeps: whole patients, never rows of a series.

Of whom something still asks for a person, or is still on its way to the EHR, is not erased but told.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from service.errors import NotFound, Unsettled
from service.flows.deployment import Access, Deployment, Write
from service.flows.erase_patient import Erasing, erase_within
from service.flows.refresh_snapshot import drop_snapshots
from service.store.erasure import find_holdings, open_work
from service.store.erasures import is_quiet, keys_known, quiet_patients
from service.store.lost_races import repeat_lost_races
from service.store.merges import lock_joined

BY = "retention"
_MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class Held:
    """A patient who is kept beyond the time, by the own key, and what still asks for something."""

    key: str
    open_work: dict[str, int]


@dataclass(frozen=True, slots=True)
class Expired:
    """What a pass came to: how many were erased (or would be), and who is kept because of open work."""

    erased: int = 0
    held: tuple[Held, ...] = ()


def erase_expired(
    deployment: Deployment, access: Access, *, dry_run: bool = False, limit: int = _MOST
) -> Expired:
    """Return what a pass over the clinic came to; nothing where no time is set.

    The longest quiet come first, at most ``limit``; each patient is a transaction.
    """
    years = deployment.settings.retention_years
    if years is None:
        return Expired()
    before = first_day_kept(deployment.clock(), years)
    with deployment.database.read() as tx:
        keys = quiet_patients(tx, access.clinic, before, limit)
    erasing = Erasing(BY, f"nothing newer than {years} years", dry_run=dry_run)
    done = [_erase_one(deployment, key, before, erasing, access) for key in keys]
    held = tuple(one for one in done if isinstance(one, Held))
    return Expired(sum(one is True for one in done), held)


def first_day_kept(now: datetime, years: int) -> str:
    """Return the day (``YYYY-MM-DD``) before which nothing is kept; 29 February counts as 1 March."""
    today = now.date()
    try:
        return today.replace(year=today.year - years).isoformat()
    except ValueError:
        return (date(today.year - years, 2, 28) + timedelta(days=1)).isoformat()


@repeat_lost_races
def _erase_one(
    deployment: Deployment, key: str, before: str, erasing: Erasing, access: Access
) -> Held | bool:
    """Return whether the patient was erased; ``Held`` where something of them is still open."""
    database = deployment.database
    with database.rehearse() if erasing.dry_run else database.write() as tx:
        write = Write(tx, deployment, access, deployment.clock())
        joined = lock_joined(tx, access.clinic, [key])
        if not keys_known(tx, access.clinic, [key]) or not is_quiet(tx, access.clinic, key, before):
            return False  # erased, or seen again, meanwhile
        work = open_work(tx, find_holdings(tx, access.clinic, sorted(joined)))
        if work:
            return Held(key, work)
        try:
            erase_within(write, joined, erasing)
        except (NotFound, Unsettled):
            return Held(key, {"deliveries": 1})
    if not erasing.dry_run:
        drop_snapshots(deployment)
    return True
