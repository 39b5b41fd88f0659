"""The outbox: deliveries are queued in the transaction that made them, and claimed under a lease.

A claim is fenced: every later change names the owner and the number of the claim (``tries``), so a worker
whose lease ended cannot touch what another has taken over.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID, uuid5

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    FromClause,
    Row,
    Select,
    Update,
    bindparam,
    exists,
    or_,
    select,
    update,
)

from service.errors import LeaseLost
from service.ledger import State
from service.store.database import Tx, lock_name
from service.store.parts import PartRow, lose_owner, read_parts
from service.store.tables import deliveries
from service.store.upserts import add_unless_there

SubjectKind = Literal["definition", "response", "alert"]
FirstState = Literal["pending", "waiting"]

_Found = tuple[int, str, str, str, int, int, int, str, str]
_Queries = Mapping[bool, tuple[Select[_Found], Select[_Found]]]
_DELIVERY_IDS = UUID("4f0c1e0e-8d0f-5b55-9b53-4d7b8d4f6a10")
# A definition that failed so often for its own sake, in some four minutes, holds back nothing else any more.
_PATIENCE = 8
# What may still be in the air, or must go before what comes after it.
_UNFINISHED = (State.PENDING, State.SENT, State.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that this worker may work on until its lease ends, with the parts it has so far.

    ``request_id`` names the request that queued it, '' where none did.
    """

    clinic: str
    id: str
    ehr: str
    subject_kind: SubjectKind
    subject_id: str
    subject_version: int
    owner: str
    tries: int
    failures: int
    parts: tuple[PartRow, ...]
    patient_key: str
    request_id: str


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
    request_id: str = "",
) -> str:
    """Queue one version of a subject for an EHR and return the delivery's id.

    Queued twice it is still one delivery, as it was. ``patient_key`` is '' for definitions; ``now`` is an
    instant; ``state`` is ``waiting`` while no EHR is configured; ``request_id`` is '' where no request asked.
    """
    key = f"{clinic}|{ehr}|{subject_kind}|{subject_id}|{subject_version}"
    delivery_id = str(uuid5(_DELIVERY_IDS, key))
    add_unless_there(
        tx,
        deliveries,
        {
            "clinic": clinic,
            "id": delivery_id,
            "ehr": ehr,
            "subject_kind": subject_kind,
            "subject_id": subject_id,
            "subject_version": subject_version,
            "patient_key": patient_key,
            "state": state,
            "request_id": request_id,
            "due_at": now,
            "created_at": now,
            "updated_at": now,
        },
    )
    return delivery_id


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
    parked one, nor for one at which the EHR keeps failing. A delivery waits for earlier unfinished ones of
    its patient, and for earlier versions of itself, parked ones included. Several workers claim one after the
    other: which one of a patient may go depends on what the others took. A delivery that a person is deciding
    about is passed by.
    """
    lock_name(tx, f"claim|{clinic}|{ehr}")
    where = {"clinic": clinic, "ehr": ehr, "now": now}
    glance = tx.execute(_AT_A_GLANCE, where).one()
    left = tx.execute(_LEFT_BEHIND, where).scalars().all() if glance.left_behind else ()
    for delivery_id in left:
        lose_owner(tx, clinic, delivery_id, now)
    found: list[Row[_Found]] = []
    any_unknown = glance.unknown or bool(left)
    for query in _queries(_TAKEABLE, open_definition=glance.open_definition, any_unknown=any_unknown):
        if len(found) < limit:
            found.extend(tx.execute(query, {**where, "limit": limit - len(found)}))
    lease = {"owner": owner, "lease_until": lease_until}
    for row in found:
        tx.execute(_LEASE, {**lease, "row": row.row_id, "tries": row.tries + 1})
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
            failures=row.failures,
            # Parts come with the first claim.
            parts=read_parts(tx, clinic, row.id) if row.tries else (),
            patient_key=row.patient_key,
            request_id=row.request_id,
        )
        for row in found
    ]


def is_anything_due(tx: Tx, clinic: str, ehr: str, now: str) -> bool:
    """Tell whether ``claim_due`` would find something; changes nothing, so it may be asked often."""
    where = {"clinic": clinic, "ehr": ehr, "now": now, "limit": 1}
    glance = tx.execute(_AT_A_GLANCE, where).one()
    queries = _queries(_CLAIMABLE, open_definition=glance.open_definition, any_unknown=glance.unknown)
    return glance.left_behind or any(tx.execute(query, where).first() for query in queries)


def is_any_unfinished(tx: Tx, clinic: str, delivery_ids: Sequence[str]) -> bool:
    """Tell whether one of these definitions is to be waited for; a parked one is not.

    Nor is one at which the EHR failed too often.
    """
    query = select(deliveries.c.row_id).where(
        deliveries.c.clinic == clinic,
        deliveries.c.id.in_(delivery_ids),
        *_IS_WAITED_FOR,
    )
    return tx.execute(query.limit(1)).first() is not None


def renew_leases(tx: Tx, clinic: str, owners: Sequence[str], lease_until: str) -> None:
    """Extend the leases that these owners still hold."""
    tx.execute(
        update(deliveries)
        .where(deliveries.c.clinic == clinic, deliveries.c.lease_owner.in_(owners))
        .values(lease_until=lease_until),
    )


def free_leases(tx: Tx, clinic: str, now: str, is_gone: Callable[[str], bool]) -> None:
    """End the leases of owners that are gone: what they left as ``sent`` is then settled without waiting."""
    running = (deliveries.c.clinic == clinic, deliveries.c.lease_until > now)
    owners = tx.execute(select(deliveries.c.lease_owner).where(*running).distinct()).scalars()
    gone = [owner for owner in owners if is_gone(owner)]
    tx.execute(
        update(deliveries)
        .where(*running, deliveries.c.lease_owner.in_(gone))
        .values(lease_owner=None, lease_until=None),
    )


def leave_all_behind(tx: Tx, clinic: str, now: str) -> int:
    """End every lease, make what was left as ``sent`` unknown; return how many deliveries are unfinished."""
    mine = deliveries.c.clinic == clinic
    tx.execute(update(deliveries).where(mine).values(lease_owner=None, lease_until=None))
    sent = select(deliveries.c.id).where(mine, deliveries.c.state == State.SENT)
    for delivery_id in tx.execute(sent).scalars().all():
        lose_owner(tx, clinic, delivery_id, now)
    unfinished = select(deliveries.c.row_id).where(
        mine, deliveries.c.state.not_in((State.CONFIRMED, State.DISCARDED))
    )
    return len(tx.execute(unfinished).all())


def set_delivery(tx: Tx, claim: Claim, now: str, state: State, rung: str | None = None) -> None:
    """Set the state of a claimed delivery and keep its lease. Raises ``LeaseLost``.

    ``rung`` is the form that its new plan takes; None: it keeps the one it has.
    """
    values: dict[str, object] = {"to_state": state, "at": now}
    if rung is None:
        _change(tx, _SET, claim, values)
    else:
        _change(tx, _SET_RUNG, claim, values | {"taken": rung})


def keep_claim(tx: Tx, claim: Claim, lease_until: str) -> None:
    """Extend a claim's lease, also one that ran out and that nobody took over. Raises ``LeaseLost``."""
    _change(tx, _KEEP, claim, {"until": lease_until})


def close_claim(
    tx: Tx,
    claim: Claim,
    now: str,
    *,
    state: State,
    reason: str = "",
    due_at: str | None = None,
    failed: bool = False,
) -> None:
    """Set the state of a claimed delivery and give up its lease; ``due_at``: when to look at it again.

    ``failed``: for its own sake, so that the next wait is longer. Raises ``LeaseLost``.
    """
    failures = claim.failures + failed
    values = {"to_state": state, "why": reason, "due": due_at or now, "at": now, "failed": failures}
    _change(tx, _CLOSE, claim, values)


def _change(tx: Tx, statement: Update, claim: Claim, values: dict[str, object]) -> None:
    fence = {"of": claim.clinic, "delivery": claim.id, "owner": claim.owner, "claimed": claim.tries}
    if tx.execute(statement, values | fence).rowcount != 1:
        raise LeaseLost("lease-lost")


# Built once: they are asked for every delivery.
_NOW: BindParameter[str] = bindparam("now")
_OF_EHR = (deliveries.c.clinic == bindparam("clinic"), deliveries.c.ehr == bindparam("ehr"))
_IS_FREE = or_(deliveries.c.lease_until.is_(None), deliveries.c.lease_until <= _NOW)
_LEFT_BEHIND = select(deliveries.c.id).where(*_OF_EHR, deliveries.c.state == State.SENT, _IS_FREE)
_LEASE = (
    update(deliveries)
    .where(deliveries.c.row_id == bindparam("row"))
    .values(
        lease_owner=bindparam("owner"),
        lease_until=bindparam("lease_until"),
        tries=bindparam("tries"),
    )
)
_CLAIMED = update(deliveries).where(
    deliveries.c.clinic == bindparam("of"),
    deliveries.c.id == bindparam("delivery"),
    deliveries.c.lease_owner == bindparam("owner"),
    deliveries.c.tries == bindparam("claimed"),
)
_KEEP = _CLAIMED.values(lease_until=bindparam("until"))
_SET = _CLAIMED.values(
    state=bindparam("to_state"),
    reason="",
    updated_at=bindparam("at"),
    version=deliveries.c.version + 1,
)
_SET_RUNG = _SET.values(rung=bindparam("taken"))
_CLOSE = _SET.values(
    reason=bindparam("why"),
    due_at=bindparam("due"),
    failures=bindparam("failed"),
    lease_owner=None,
    lease_until=None,
)


def _claimable(state: State, *, definitions_only: bool) -> Select[_Found]:
    """Return the query for what may be claimed in a state, the longest due first."""
    query = select(
        deliveries.c.row_id,
        deliveries.c.id,
        deliveries.c.subject_kind,
        deliveries.c.subject_id,
        deliveries.c.subject_version,
        deliveries.c.tries,
        deliveries.c.failures,
        deliveries.c.patient_key,
        deliveries.c.request_id,
    ).where(
        *_OF_EHR,
        deliveries.c.state == state,
        deliveries.c.due_at <= _NOW,
        _IS_FREE,
        *_not_held_back_by_patient(state),
        ~_waits_for_earlier_version(deliveries),
    )
    if definitions_only:
        query = query.where(deliveries.c.patient_key == "")
    if state is State.UNKNOWN:
        query = query.where(deliveries.c.reason == "")
    return query.order_by(deliveries.c.due_at, deliveries.c.row_id).limit(bindparam("limit"))


def _queries(among: _Queries, *, open_definition: bool, any_unknown: bool) -> Iterator[Select[_Found]]:
    """Give the queries for what may be claimed now, in the order of their right of way.

    While a definition is unfinished nothing else is: asked once, and not of each row of a long queue.
    """
    unknown, pending = among[open_definition]
    if any_unknown:
        yield unknown
    yield pending


def _not_held_back_by_patient(state: State) -> Iterator[ColumnElement[bool]]:
    """One request in flight per patient; earlier unfinished deliveries of the patient go first.

    What is unknown only waits for requests in flight: it holds back the rest, so it must not wait for them.
    Each of these is one look into an index, however much is queued for the patient.
    """
    other = deliveries.alias()
    yield ~_of_same_patient(other, other.c.state == State.SENT)
    leased = (other.c.lease_owner.is_not(None), other.c.lease_until > _NOW, other.c.state.in_(_UNFINISHED))
    yield ~_of_same_patient(other, *leased)
    if state is State.PENDING:
        is_waited_for = or_(other.c.patient_key != "", other.c.failures < _PATIENCE)
        yield ~_of_same_patient(other, other.c.state == State.UNKNOWN, other.c.reason == "", is_waited_for)
        yield ~_of_same_patient(
            other,
            other.c.state == State.PENDING,
            is_waited_for,
            other.c.row_id < deliveries.c.row_id,
            # One that waits for a parked version of itself holds back nothing else.
            ~_waits_for_earlier_version(other),
        )


def _of_same_patient(other: FromClause, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return whether another delivery of the patient fulfils these; all definitions count as one's."""
    return exists().where(
        other.c.clinic == deliveries.c.clinic,
        other.c.ehr == deliveries.c.ehr,
        other.c.patient_key == deliveries.c.patient_key,
        other.c.row_id != deliveries.c.row_id,
        *conditions,
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


_IS_WAITED_FOR = (
    deliveries.c.state.in_(_UNFINISHED),
    or_(deliveries.c.state != State.UNKNOWN, deliveries.c.reason == ""),
    deliveries.c.failures < _PATIENCE,
)
# What most claims find to be empty, in one statement.
_AT_A_GLANCE = select(
    exists(_LEFT_BEHIND).label("left_behind"),
    exists(
        select(deliveries.c.row_id).where(*_OF_EHR, deliveries.c.patient_key == "", *_IS_WAITED_FOR)
    ).label("open_definition"),
    exists(
        select(deliveries.c.row_id).where(
            *_OF_EHR,
            deliveries.c.state == State.UNKNOWN,
            deliveries.c.reason == "",
            deliveries.c.due_at <= _NOW,
        )
    ).label("unknown"),
)
# By whether a definition is unfinished.
_CLAIMABLE = {
    only: (
        _claimable(State.UNKNOWN, definitions_only=only),
        _claimable(State.PENDING, definitions_only=only),
    )
    for only in (True, False)
}
_TAKEABLE = {
    only: (
        unknown.with_for_update(of=deliveries, skip_locked=True),
        pending.with_for_update(of=deliveries, skip_locked=True),
    )
    for only, (unknown, pending) in _CLAIMABLE.items()
}
