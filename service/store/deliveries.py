"""Deliveries as operators see them: lists, one with its parts and attempts, counts."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from sqlalchemy import ColumnElement, Row, and_, func, not_, or_, select, text

from service.ledger import State
from service.store.database import Tx
from service.store.parts import PartRow, read_parts
from service.store.tables import UNFINISHED, attempts, deliveries, parts

PARKED = "parked"  # asked for as a state: all that a person must look at
LATE = "late"  # asked for as a state: what goes on by itself, and should have arrived long ago


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One delivery. ``row`` is its place in the list and never leaves the service, like ``patient_key``.

    ``rung`` is the form in which the EHR takes it, '' before the first plan; ``request_id`` names the request
    that queued it, '' where none did.
    """

    row: int
    id: str
    ehr: str
    subject_kind: str
    subject_id: str
    subject_version: int
    state: str
    reason: str
    rung: str
    version: int
    tries: int
    due_at: str
    created_at: str
    updated_at: str
    patient_key: str
    request_id: str

    @property
    def parked(self) -> bool:
        """Whether a person must look."""
        return self.state in (State.REJECTED, State.HELD) or (
            self.state == State.UNKNOWN and self.reason != ""
        )


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One exchange about a part, as recorded. ``answer`` is as protected as the answers of clients are."""

    number: int
    kind: str
    started_at: str
    ended_at: str | None
    outcome: str
    status: int | None
    codes: str
    answer: str


@dataclass(frozen=True, slots=True)
class DeliveryDetail:
    """One delivery with its parts in the order of sending, and each part's attempts in order, by part row."""

    delivery: DeliveryRow
    parts: tuple[PartRow, ...]
    attempts: Mapping[int, tuple[AttemptRow, ...]]


_COLUMNS = (
    deliveries.c.row_id,
    *(deliveries.c[column.name] for column in fields(DeliveryRow) if column.name != "row"),
)


def list_deliveries(
    tx: Tx,
    clinic: str,
    *,
    state: str | None = None,
    subject: str | None = None,
    after: int | None = None,
    limit: int = 100,
    late_before: str = "",
) -> list[DeliveryRow]:
    """Return deliveries in the order they were queued, those behind row ``after``, at most ``limit``.

    ``state`` may also be ``parked``, or ``late``: queued before the instant ``late_before``. ``subject`` is
    the id of a response, alert or definition.
    """
    query = select(*_COLUMNS).where(deliveries.c.clinic == clinic)
    if state is not None:
        asked = {PARKED: _is_parked(), LATE: _is_late(late_before)}
        query = query.where(asked.get(state, deliveries.c.state == state))
    if subject is not None:
        query = query.where(deliveries.c.subject_id == subject)
    if after is not None:
        query = query.where(deliveries.c.row_id > after)
    rows = tx.execute(query.order_by(deliveries.c.row_id).limit(limit))
    return [DeliveryRow(*row) for row in rows]


def find_delivery(tx: Tx, clinic: str, delivery_id: str, *, lock: bool = False) -> DeliveryRow | None:
    """Return one delivery, or None; ``lock``: no worker takes it until the transaction ends."""
    query = select(*_COLUMNS).where(deliveries.c.clinic == clinic, deliveries.c.id == delivery_id)
    row = tx.execute(query.with_for_update() if lock else query).first()
    return DeliveryRow(*row) if row else None


def get_delivery(tx: Tx, clinic: str, delivery_id: str) -> DeliveryDetail | None:
    """Return one delivery with its parts and attempts, or None."""
    delivery = find_delivery(tx, clinic, delivery_id)
    if delivery is None:
        return None
    rows = tx.execute(
        select(attempts)
        .join(parts, parts.c.row_id == attempts.c.part_row)
        .where(parts.c.clinic == clinic, parts.c.delivery_id == delivery_id)
        .order_by(attempts.c.part_row, attempts.c.number),
    ).all()
    by_part: dict[int, tuple[AttemptRow, ...]] = {}
    for row in rows:
        by_part[row.part_row] = (*by_part.get(row.part_row, ()), _attempt(row))
    return DeliveryDetail(delivery, read_parts(tx, clinic, delivery_id), by_part)


def count_by_state(tx: Tx, clinic: str) -> dict[str, int]:
    """Return how many deliveries are in each state; a state without any is left out."""
    rows = tx.execute(
        select(deliveries.c.state, func.count())
        .where(deliveries.c.clinic == clinic)
        .group_by(deliveries.c.state),
    )
    return {state: count for state, count in rows}  # noqa: C416 - dict() would need a cast for the types


def oldest_under_way(tx: Tx, clinic: str, ehr: str) -> str | None:
    """Return when the oldest delivery was queued that still goes on by itself, or None."""
    found: str | None = tx.execute(
        select(func.min(deliveries.c.created_at)).where(
            deliveries.c.clinic == clinic, deliveries.c.ehr == ehr, _is_under_way()
        ),
    ).scalar()
    return found


def count_late(tx: Tx, clinic: str, ehr: str, before: str, limit: int) -> int:
    """Return how many deliveries queued before an instant still go on by themselves; at most ``limit``."""
    late = select(deliveries.c.row_id).where(
        deliveries.c.clinic == clinic, deliveries.c.ehr == ehr, _is_late(before)
    )
    return tx.execute(select(func.count()).select_from(late.limit(limit).subquery())).scalar_one()


def ehrs_left_waiting(tx: Tx, clinic: str, ehr: str) -> list[str]:
    """Return the other EHRs for which something still waits or goes on: nobody delivers to them any more."""
    names: list[str] = []
    while True:
        later = (deliveries.c.clinic == clinic, deliveries.c.ehr > (names[-1] if names else ""))
        # One look into the index for each name, however many deliveries it has.
        found = tx.execute(
            select(deliveries.c.ehr).where(*later).order_by(deliveries.c.ehr).limit(1)
        ).scalar()
        if found is None:
            return [name for name in names if name != ehr and _is_left_waiting(tx, clinic, name)]
        names.append(found)


def _is_left_waiting(tx: Tx, clinic: str, ehr: str) -> bool:
    open_ones = (State.WAITING, State.PENDING, State.SENT, State.UNKNOWN)
    return any(
        tx.execute(
            select(deliveries.c.row_id)
            .where(deliveries.c.clinic == clinic, deliveries.c.ehr == ehr, deliveries.c.state == state)
            .limit(1)
        ).first()
        for state in open_ones
    )


def _is_late(before: str) -> ColumnElement[bool]:
    return and_(_is_under_way(), deliveries.c.created_at < before)


def _is_under_way() -> ColumnElement[bool]:
    # The first in the words of its index: only then is that used.
    parked = and_(deliveries.c.state == State.UNKNOWN, deliveries.c.reason != "")
    return and_(text(UNFINISHED), not_(parked))


def _is_parked() -> ColumnElement[bool]:
    return or_(
        deliveries.c.state.in_((State.REJECTED, State.HELD)),
        and_(deliveries.c.state == State.UNKNOWN, deliveries.c.reason != ""),
    )


def _attempt(row: Row[tuple[object, ...]]) -> AttemptRow:
    return AttemptRow(*(getattr(row, column.name) for column in fields(AttemptRow)))


def ids_of_subject(tx: Tx, clinic: str, subject_kind: str, subject_id: str) -> list[str]:
    """Return the ids of the deliveries of every version of a subject, in the order they were queued."""
    query = select(deliveries.c.id).where(
        deliveries.c.clinic == clinic,
        deliveries.c.subject_kind == subject_kind,
        deliveries.c.subject_id == subject_id,
    )
    return list(tx.execute(query.order_by(deliveries.c.row_id)).scalars())
