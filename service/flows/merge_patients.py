"""Join the series of two patients who are one, and part them again where that was wrong.

Nothing that was sent is rewritten: a response keeps its patient's reference, and only the dyad that it
counts in changes. So undoing puts everything where its own reference belongs, what came in meanwhile too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from fhir_mappings.errors import Fault
from service.errors import FaultsInRequest, NotFound, SessionsClash, WrongState
from service.flows.deployment import Access, Deployment, Write
from service.flows.patient_references import reference_here
from service.flows.review_alliance import review_dyad
from service.flows.same_session import is_same_session
from service.flows.write_version import audit_row
from service.store.audit import add_audit
from service.store.disclosures import reopen_withheld
from service.store.lost_races import repeat_lost_races
from service.store.merges import (
    Merge,
    add_merge,
    alerts_under,
    count_responses,
    end_merge,
    find_last_merge,
    find_merge,
    joined_keys,
    lock_joined,
    move_deliveries,
    move_responses,
)
from service.store.patients import (
    Alias,
    Dyad,
    find_alias,
    lock_aliases,
    lock_dyads,
    own_key_of,
    point_aliases,
    take_alias,
    take_dyad_like,
)
from service.store.responses import dyad_ratings

OK = 200


@dataclass(frozen=True, slots=True)
class Merged:
    """A merge as it stands, how many responses moved just now, and what the EHR is told of alerts."""

    merge: Merge
    responses: int = 0
    deliveries: tuple[str, ...] = ()


@repeat_lost_races
def merge_patients(deployment: Deployment, patient: str, other: str, by: str, access: Access) -> Merged:
    """Return the merge of a patient into another one; the same again changes nothing.

    From then on both references show one series for each instrument and therapist, and find what was sent
    under either. Raises ``NotFound`` for a patient never seen, ``FaultsInRequest`` for one and the same,
    ``WrongState`` where the patient is merged elsewhere or the other one into this, ``SessionsClash`` where
    both rated one session.
    """
    with deployment.database.write() as tx:
        write = Write(tx, deployment, access, deployment.clock())
        alias = _known(write, patient)
        into = take_alias(tx, write.clinic, _here(write, other), write.now)
        keys = own_key_of(tx, alias), own_key_of(tx, into)
        if keys[0] == keys[1]:
            message = "A patient cannot be merged into the same one."
            raise FaultsInRequest([Fault("other", "same-patient", message)])
        lock_joined(tx, write.clinic, keys)
        _audit(write, keys)
        standing = find_merge(tx, write.clinic, keys[0])
        if standing is not None and standing.into_key == keys[1]:
            return Merged(standing)
        _refuse_entangled(write, keys, standing)
        return _merge(write, alias, keys, by)


@repeat_lost_races
def undo_merge(deployment: Deployment, patient: str, other: str, by: str, access: Access) -> Merged:
    """Return the merge as undone; the same again changes nothing.

    Whoever was merged into the patient before stays so, and goes along. Raises ``NotFound`` where these two
    never were merged.
    """
    with deployment.database.write() as tx:
        write = Write(tx, deployment, access, deployment.clock())
        keys = own_key_of(tx, _known(write, patient)), own_key_of(tx, _known(write, other))
        lock_joined(tx, write.clinic, keys)
        _audit(write, keys)
        last = find_last_merge(tx, write.clinic, *keys)
        if last is None:
            raise NotFound("These two patients were never merged so.")
        if last.undone_at is not None:
            return Merged(last)
        return _undo(write, last, by)


def _merge(write: Write, alias: Alias, keys: tuple[str, str], by: str) -> Merged:
    tx, clinic = write.tx, write.clinic
    rows = [one.row for one in lock_aliases(tx, clinic, joined_keys(tx, clinic, keys[0]))]
    root = _root(write, keys[1])
    _refuse_clashes(write, keys[0], root)
    add_merge(tx, clinic, alias.row, keys, by=by, now=write.now)
    merge = find_merge(tx, clinic, keys[0])
    if merge is None:  # it was written in this transaction
        raise LookupError(keys[0])
    return Merged(merge, *_move(write, rows, keys[0], root))


def _undo(write: Write, merge: Merge, by: str) -> Merged:
    tx, clinic = write.tx, write.clinic
    root = _root(write, merge.from_key)
    end_merge(tx, merge, by, write.now)
    rows = [one.row for one in lock_aliases(tx, clinic, joined_keys(tx, clinic, merge.from_key))]
    undone = find_last_merge(tx, clinic, merge.from_key, merge.into_key)
    return Merged(undone or merge, *_move(write, rows, root, merge.from_key))


def _move(
    write: Write, alias_rows: Sequence[int], from_key: str, into_key: str
) -> tuple[int, tuple[str, ...]]:
    """Let everything under these aliases count for another patient key; return responses and deliveries."""
    tx, clinic = write.tx, write.clinic
    point_aliases(tx, alias_rows, into_key)
    move_deliveries(tx, clinic, alias_rows, into_key)
    # What may be told about either may have changed: the worker looks again.
    reopen_withheld(tx, clinic, (from_key, into_key), write.now)
    moved, deliveries = 0, list[str]()
    for left in lock_dyads(tx, clinic, (from_key, into_key)):
        if left.patient_key == from_key:
            of_dyad, told = _move_dyad(write, left, into_key, alias_rows)
            moved += of_dyad
            deliveries += told
    return moved, tuple(deliveries)


def _move_dyad(
    write: Write, left: Dyad, into_key: str, alias_rows: Sequence[int]
) -> tuple[int, tuple[str, ...]]:
    tx, clinic = write.tx, write.clinic
    moved = count_responses(tx, clinic, left.row, alias_rows)
    if not moved:  # an alert has a response that opened it, so there is none either
        return 0, ()
    joined = take_dyad_like(tx, clinic, into_key, left, write.now)
    move_responses(tx, clinic, left.row, joined.row, alias_rows)
    arriving = alerts_under(tx, clinic, left.row, alias_rows)
    # The joined dyad first: its review takes the arriving alerts out of the other.
    review = review_dyad(write, joined, dyad_ratings(tx, clinic, joined.row), arriving=arriving)
    rest = review_dyad(write, left, dyad_ratings(tx, clinic, left.row))
    return moved, (*review.deliveries, *rest.deliveries)


def _refuse_entangled(write: Write, keys: tuple[str, str], standing: Merge | None) -> None:
    if standing is not None:
        raise WrongState("This patient is merged into another one: undo that first.")
    if keys[0] in joined_keys(write.tx, write.clinic, keys[1]):
        raise WrongState("The other patient is merged into this one: undo that first.")


def _refuse_clashes(write: Write, from_key: str, into_key: str) -> None:
    """Raise ``SessionsClash`` with every pair of responses of which the joined series could keep one only."""
    tx, clinic, settings = write.tx, write.clinic, write.deployment.settings
    dyads = lock_dyads(tx, clinic, (from_key, into_key))
    staying = {dyad.therapist: dyad.row for dyad in dyads if dyad.patient_key == into_key}
    pairs = [
        (mine.id, theirs.id)
        for dyad in dyads
        if dyad.patient_key == from_key and dyad.therapist in staying
        for mine in dyad_ratings(tx, clinic, dyad.row)
        for theirs in dyad_ratings(tx, clinic, staying[dyad.therapist])
        if is_same_session(mine, theirs, settings)
    ]
    if pairs:
        raise SessionsClash(pairs)


def _root(write: Write, own_key: str) -> str:
    """Return the own key of the one into whom everybody is merged who is one with this patient."""
    joined = joined_keys(write.tx, write.clinic, own_key)
    return next(key for key, into in joined.items() if not into)


def _known(write: Write, patient: str) -> Alias:
    found = find_alias(write.tx, write.clinic, _here(write, patient))
    if found is None:
        raise NotFound("There is no such patient here.")
    return found


def _here(write: Write, patient: str) -> str:
    return reference_here(patient, write.deployment.settings)


def _audit(write: Write, keys: tuple[str, str]) -> None:
    subject = f"patient/{keys[0]}"
    add_audit(write.tx, *(audit_row(write.access, write.now, OK, subject, patient_key=key) for key in keys))
