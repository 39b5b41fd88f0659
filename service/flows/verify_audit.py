"""Check a clinic's audit against its seals: the first that is broken, and how."""

from dataclasses import dataclass
from datetime import timedelta

from service.clock import Clock, as_instant, from_instant
from service.flows.purge_audit import LEAST_KEPT
from service.flows.seal_audit import LONGEST_WRITE, MOST_ROWS
from service.store.audit_seals import (
    FIRST_FORM,
    FORM,
    Purge,
    Seal,
    all_seals,
    clinics_audited,
    count_beyond,
    count_left,
    count_unsealed,
    hash_rows,
    last_purge,
    newest_covered,
    newest_moment,
    rows_of_seal,
)
from service.store.database import Database, Tx

# Of the machines that purged and that verifies.
_CLOCKS_APART = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Verified:
    """What checking a clinic's chain found; ``fault`` is '' where it is whole. ``head`` None: no seal yet.

    ``unproven`` rows say who was behind a caller, or why it was refused, under a seal that does not cover
    that: of a release before, which ran beside this one. ``left`` rows have no seal at all: a release before
    sealed the first of a backlog and passed by the rest.
    """

    clinic: str
    seals: int
    rows: int
    head: Seal | None
    purge: Purge | None
    fault: str = ""
    unproven: int = 0
    left: int = 0


def verify_audit(
    database: Database, clinic: str | None, head: str | None = None, *, clock: Clock
) -> list[Verified]:
    """Return what was found for a clinic, if the audit has rows of it; for None, for all of which it has.

    ``head`` is the hash of a seal that was noted elsewhere: it must still be in the chain, which is how a
    tail that was cut off is found.
    """
    of_clinic = database.across_clinics() if clinic is None else database.of(clinic)
    with of_clinic.read() as tx:
        known = clinics_audited(tx)
        now = as_instant(clock() + _CLOCKS_APART)
        return [_verify(tx, one, head, now) for one in known if clinic in {None, one}]


def _verify(tx: Tx, clinic: str, head: str | None, now: str) -> Verified:
    purge = last_purge(tx, clinic)
    earlier: Seal | None = None
    last: Seal | None = None
    rows, unproven, left, is_noted = 0, 0, 0, head is None
    for seal in all_seals(tx, clinic):
        fault = _fault_of_seal(tx, seal, last, purge if purge and seal.number <= purge.through_seal else None)
        if not fault and purge and seal.number == purge.through_seal:
            fault = _fault_of_purge(seal, purge, now)
        if fault:
            return Verified(clinic, last.number if last else 0, rows, last, purge, fault)
        rows += seal.count
        unproven += count_beyond(tx, seal) if seal.form < FORM else 0
        left += _count_left(tx, earlier, last, seal) if last else 0
        is_noted = is_noted or seal.hash == head
        earlier, last = last, seal
    fault = _fault_of_end(tx, clinic, last, left)
    if not (fault or is_noted):
        fault = "the noted head is not in the chain: its end was cut off, or it was written anew"
    return Verified(clinic, last.number if last else 0, rows, last, purge, fault, unproven, left)


def _fault_of_seal(tx: Tx, seal: Seal, last: Seal | None, purge: Purge | None) -> str:
    """Return what is wrong with a seal that follows ``last``, '' where nothing is.

    ``purge`` is the one that removed its rows, None where they must be there.
    """
    fault = _fault_of_link(seal, last)
    if not fault and purge is None:
        fault = _fault_of_rows(tx, seal, last)
    return f"seal {seal.number}: {fault}" if fault else ""


def _fault_of_purge(seal: Seal, purge: Purge, now: str) -> str:
    """Return what is wrong with a purge, told by the last seal whose rows it removed.

    Whoever may add rows could add one that says that something was purged, and then remove it.
    """
    if seal.hash != purge.hash:
        return f"seal {seal.number}: it is not the one up to which rows were removed"
    oldest_kept = as_instant(from_instant(purge.purged_at) - LEAST_KEPT)
    if purge.purged_at > now or seal.sealed_at > oldest_kept:
        return f"seal {seal.number}: its rows were removed before a year was over"
    return ""


def _fault_of_link(seal: Seal, last: Seal | None) -> str:
    if seal.number != (last.number + 1 if last else 1):
        return "the one before it is missing"
    if seal.previous != (last.hash if last else ""):
        return "it does not follow the one before it"
    if not FIRST_FORM <= seal.form <= FORM:
        return "it is of a form that this release does not know"
    return "" if seal.hash == seal.true_hash else "it was changed"


def _fault_of_rows(tx: Tx, seal: Seal, last: Seal | None) -> str:
    rows = rows_of_seal(tx, seal)
    if len(rows) != seal.count:
        return f"it covers {seal.count} rows, and {len(rows)} are there"
    if hash_rows(rows) != seal.rows_hash:
        return "a row that it covers was changed"
    earliest = as_instant(from_instant(last.sealed_at) - LONGEST_WRITE) if last else ""
    return (
        "a row that it covers was put in later than it says" if any(row.at < earliest for row in rows) else ""
    )


def _count_left(tx: Tx, earlier: Seal | None, full: Seal, after: Seal) -> int:
    """Return how many rows a release before passed by as it made the seal ``full``.

    Of a backlog it sealed the first rows, so many at most, and said now as the moment: the next seal began
    five minutes before that. Such rows have numbers of then, so that what was put in later is none of them.
    A seal of ours that took as many says no later moment than its newest row allows, and leaves none.
    """
    until = as_instant(from_instant(full.sealed_at) - LONGEST_WRITE)
    if full.count != MOST_ROWS or newest_moment(tx, full) >= until:
        return 0
    since = as_instant(from_instant(earlier.sealed_at) - LONGEST_WRITE) if earlier else ""
    return count_left(tx, full, after, since, until)


def _fault_of_end(tx: Tx, clinic: str, last: Seal | None, left: int) -> str:
    """Return what is wrong beside the seals, '' where nothing is; ``left`` rows were passed by."""
    number = last.number if last else 0
    if newest_covered(tx, clinic) > number:
        return f"seal {number + 1}: it is missing, and rows that it covers are there"
    if last is None:
        return ""
    before = as_instant(from_instant(last.sealed_at) - LONGEST_WRITE)
    unsealed = count_unsealed(tx, clinic, before) - left
    return f"behind seal {number}: {unsealed} rows were put in that no seal covers" if unsealed else ""
