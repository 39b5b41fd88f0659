"""Erase the patients of whom nothing is newer than the clinic keeps: whole patients, never rows of a series.

Of whom something still asks for a person, or is still on its way to the EHR, is not erased but told. Forms
of the EHR's that never became a response go by their own age, since nobody here need know their patient.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from service.clock import as_instant
from service.errors import NotFound, Unsettled
from service.flows.deployment import Access, Deployment, Write
from service.flows.erase_patient import Erasing, erase_within
from service.flows.own_ids import id_by_form
from service.flows.refresh_snapshot import drop_snapshots
from service.flows.write_version import audit_row
from service.store.audit import add_audit
from service.store.erasure import find_holdings, open_work
from service.store.erasures import is_quiet, keys_known, never_take_again, quiet_patients
from service.store.inbound import count_forms, remove_closed_forms
from service.store.lost_races import repeat_lost_races
from service.store.merges import lock_joined

BY = "retention"
_MOST = 1_000_000
_AT_ONCE = 500
OK = 200


@dataclass(frozen=True, slots=True)
class Held:
    """A patient who is kept beyond the time, by the own key, and what still asks for something."""

    key: str
    open_work: dict[str, int]


@dataclass(frozen=True, slots=True)
class Expired:
    """What a pass came to: how many were erased (or would be), and who is kept because of open work.

    ``forms`` that became no response went (or would); ``open_forms`` of that age wait for a person.
    """

    erased: int = 0
    held: tuple[Held, ...] = ()
    forms: int = 0
    open_forms: int = 0


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
    forms = _erase_forms(deployment, before, access, dry_run=dry_run)
    with deployment.database.read() as tx:
        open_forms = count_forms(tx, access.clinic, before, is_open=True)
    return Expired(sum(one is True for one in done), held, forms, open_forms)


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


def _erase_forms(deployment: Deployment, before: str, access: Access, *, dry_run: bool) -> int:
    """Return how many forms went that became no response, or would."""
    if dry_run:
        with deployment.database.read() as tx:
            return count_forms(tx, access.clinic, before, is_open=False)
    count = 0
    while some := _erase_some(deployment, before, access):
        count += some
    return count


def _erase_some(deployment: Deployment, before: str, access: Access) -> int:
    with deployment.database.write() as tx:
        gone = remove_closed_forms(tx, access.clinic, before, _AT_ONCE)
        never_take_again(tx, access.clinic, {id_by_form(access.clinic, *one) for one in gone})
        if gone:
            row = audit_row(access, as_instant(deployment.clock()), OK, "")
            add_audit(tx, replace(row, count=len(gone)))
    return len(gone)
