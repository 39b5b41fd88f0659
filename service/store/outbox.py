"""The outbox: deliveries are queued in the transaction that made them, and claimed under a lease.

A claim is fenced: every later change names the owner and the number of the claim (``tries``), so a worker
whose lease ended cannot touch what another has taken over.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID, uuid5

from sqlalchemy import ColumnElement, FromClause, Select, and_, exists, literal, or_, select, update
from sqlalchemy.dialects.sqlite import insert

from service.errors import LeaseLost
from service.ledger import State
from service.store.database import Tx
from service.store.parts import PartRow, lose_owner, read_parts
from service.store.tables import deliveries

SubjectKind = Literal["definition", "response", "alert"]
FirstState = Literal["pending", "waiting"]

_DELIVERY_IDS = UUID("4f0c1e0e-8d0f-5b55-9b53-4d7b8d4f6a10")
# What may still be in the air, or must go before what comes after it.
_UNFINISHED = (State.PENDING, State.SENT, State.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that this worker may work on until its lease ends, with the parts it has so far."""

    clinic: str
    id: str
    ehr: str
    subject_kind: SubjectKind
    subject_id: str
    subject_version: int
    owner: str
    tries: int
    parts: tuple[PartRow, ...]


def queue_delivery(
    tx: Tx,
    *,
    clinic: str,
    ehr: str,
    subject_kind: SubjectKind,
    subject_id: str,
    subject_version: int,
    patient_key: str,
    now: str,
    state: FirstState,
) -> str:
    """Queue one version of a subject for an EHR and return the delivery's id.

    Queued twice it is still one delivery, as it was. ``patient_key`` is '' for definitions; ``now`` is an
    instant; ``state`` is ``waiting`` while no EHR is configured.
    """
    key = f"{clinic}|{ehr}|{subject_kind}|{subject_id}|{subject_version}"
    delivery_id = str(uuid5(_DELIVERY_IDS, key))
    tx.execute(
        _QUEUE,
        {
            "clinic": clinic,
            "id": delivery_id,
            "ehr": ehr,
            "subject_kind": subject_kind,
            "subject_id": subject_id,
            "subject_version": subject_version,
            "patient_key": patient_key,
            "state": state,
            "due_at": now,
            "created_at": now,
            "updated_at": now,
        },
    )
    return delivery_id


_QUEUE = insert(deliveries).on_conflict_do_nothing()


def claim_due(
    tx: Tx,
    clinic: str,
    ehr: str,
    owner: str,
    *,
    now: str,
    lease_until: str,
    limit: int = 1,
) -> list[Claim]:
    """Take deliveries that are due, at most one of a patient, and lease them to ``owner``.

    Whatever a gone worker left as ``sent`` becomes ``unknown`` first. What is unknown comes before what is
    pending, and definitions before everything; responses wait while a definition is unfinished, but not for a
    parked one. A delivery waits for earlier unfinished ones of its patient, and for earlier versions of
    itself, parked ones included.
    """
    for delivery_id in tx.execute(_left_behind(clinic, ehr, now)).scalars().all():
        lose_owner(tx, clinic, delivery_id, now)
    found = tx.execute(_claimable(tx, clinic, ehr, now=now, state=State.UNKNOWN, limit=limit)).all()
    if len(found) < limit:
        found = [
            *found,
            *tx.execute(
                _claimable(tx, clinic, ehr, now=now, state=State.PENDING, limit=limit - len(found))
            ).all(),
        ]
    for row in found:
        tx.execute(
            update(deliveries)
            .where(deliveries.c.row_id == row.row_id)
            .values(lease_owner=owner, lease_until=lease_until, tries=row.tries + 1),
        )
    return [
        Claim(
            clinic=clinic,
            id=row.id,
            ehr=ehr,
            subject_kind=row.subject_kind,
            subject_id=row.subject_id,
            subject_version=row.subject_version,
            owner=owner,
            tries=row.tries + 1,
            parts=read_parts(tx, clinic, row.id),
        )
        for row in found
    ]


def is_anything_due(tx: Tx, clinic: str, ehr: str, now: str) -> bool:
    """Tell whether ``claim_due`` would find something; changes nothing, so it may be asked often."""
    if tx.execute(_left_behind(clinic, ehr, now).limit(1)).first():
        return True
    return any(
        tx.execute(_claimable(tx, clinic, ehr, now=now, state=state, limit=1)).first()
        for state in (State.UNKNOWN, State.PENDING)
    )


def renew_leases(tx: Tx, clinic: str, owners: Sequence[str], lease_until: str) -> None:
    """Extend the leases that these owners still hold."""
    tx.execute(
        update(deliveries)
        .where(deliveries.c.clinic == clinic, deliveries.c.lease_owner.in_(owners))
        .values(lease_until=lease_until),
    )


def set_delivery(tx: Tx, claim: Claim, now: str, state: State, reason: str = "") -> None:
    """Set the state of a claimed delivery and keep its lease. Raises ``LeaseLost``."""
    _set(tx, claim, {"state": state, "reason": reason, "updated_at": now})


def close_claim(
    tx: Tx, claim: Claim, now: str, *, state: State, reason: str = "", due_at: str | None = None
) -> None:
    """Set the state of a claimed delivery and give up its lease; ``due_at``: when to look at it again.

    Raises ``LeaseLost``.
    """
    ended = {"lease_owner": None, "lease_until": None, "due_at": due_at or now}
    _set(tx, claim, {"state": state, "reason": reason, "updated_at": now, **ended})


def _set(tx: Tx, claim: Claim, values: dict[str, object]) -> None:
    changed = tx.execute(
        update(deliveries)
        .where(
            deliveries.c.clinic == claim.clinic,
            deliveries.c.id == claim.id,
            deliveries.c.lease_owner == claim.owner,
            deliveries.c.tries == claim.tries,
        )
        .values(version=deliveries.c.version + 1, **values),
    )
    if changed.rowcount != 1:
        raise LeaseLost("lease-lost")


def _left_behind(clinic: str, ehr: str, now: str) -> Select[str]:
    return select(deliveries.c.id).where(
        deliveries.c.clinic == clinic,
        deliveries.c.ehr == ehr,
        deliveries.c.state == State.SENT,
        _is_free(now),
    )


def _is_free(now: str) -> ColumnElement[bool]:
    return or_(deliveries.c.lease_until.is_(None), deliveries.c.lease_until <= now)


def _claimable(
    tx: Tx,
    clinic: str,
    ehr: str,
    *,
    now: str,
    state: State,
    limit: int,
) -> Select[tuple[int, str, str, str, int, int]]:
    """Return the query for what may be claimed in a state, the longest due first."""
    query = select(
        deliveries.c.row_id,
        deliveries.c.id,
        deliveries.c.subject_kind,
        deliveries.c.subject_id,
        deliveries.c.subject_version,
        deliveries.c.tries,
    ).where(
        deliveries.c.clinic == clinic,
        deliveries.c.ehr == ehr,
        deliveries.c.state == state,
        deliveries.c.due_at <= now,
        _is_free(now),
        ~_held_back_by_patient(now, state),
        ~_waits_for_earlier_version(deliveries),
    )
    if state is State.UNKNOWN:
        query = query.where(deliveries.c.reason == "")
    if tx.execute(_open_definitions(clinic, ehr)).first():
        query = query.where(deliveries.c.patient_key == "")
    return query.order_by(deliveries.c.due_at, deliveries.c.row_id).limit(limit)


def _open_definitions(clinic: str, ehr: str) -> Select[int]:
    return (
        select(literal(1))
        .where(
            deliveries.c.clinic == clinic,
            deliveries.c.ehr == ehr,
            deliveries.c.patient_key == "",
            deliveries.c.state.in_(_UNFINISHED),
            or_(deliveries.c.state != State.UNKNOWN, deliveries.c.reason == ""),
        )
        .limit(1)
    )


def _held_back_by_patient(now: str, state: State) -> ColumnElement[bool]:
    """One request in flight per patient; earlier unfinished deliveries of the patient go first.

    What is unknown only waits for requests in flight: it holds back the rest, so it must not wait for them.
    """
    other = deliveries.alias("other")
    reasons = [other.c.state == State.SENT, other.c.lease_until > now]
    if state is State.PENDING:
        reasons += [
            and_(other.c.state == State.UNKNOWN, other.c.reason == ""),
            and_(
                other.c.state == State.PENDING,
                other.c.row_id < deliveries.c.row_id,
                # One that waits for a parked version of itself holds back nothing else.
                ~_waits_for_earlier_version(other),
            ),
        ]
    return exists().where(
        other.c.clinic == deliveries.c.clinic,
        other.c.ehr == deliveries.c.ehr,
        other.c.patient_key == deliveries.c.patient_key,
        other.c.state.in_(_UNFINISHED),
        other.c.row_id != deliveries.c.row_id,
        or_(*reasons),
    )


def _waits_for_earlier_version(delivery: FromClause) -> ColumnElement[bool]:
    earlier = deliveries.alias()
    return exists().where(
        earlier.c.clinic == delivery.c.clinic,
        earlier.c.ehr == delivery.c.ehr,
        earlier.c.subject_kind == delivery.c.subject_kind,
        earlier.c.subject_id == delivery.c.subject_id,
        earlier.c.subject_version < delivery.c.subject_version,
        earlier.c.state.not_in((State.CONFIRMED, State.DISCARDED)),
    )
