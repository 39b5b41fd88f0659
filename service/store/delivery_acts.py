"""What people do to deliveries: try again, confirm, give up; and what happens when an EHR is connected."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, update

from fhir_mappings.errors import Fault
from service.clock import as_instant
from service.errors import FaultsInRequest, ImpossibleStep, NotFound, StaleVersion, WrongState
from service.ledger import Event, State, is_parked, step
from service.store.chart import ChartEntry, keep_fact, put_entries, read_fact, session_dates
from service.store.database import Tx
from service.store.deliveries import DeliveryRow, find_delivery
from service.store.given_up import LEFT_UNSEEN, note_not_there
from service.store.parts import PartRow, read_parts, replace_plan
from service.store.tables import deliveries, parts

HELD_AS_OLD = "older than the limit when this EHR was first connected; released by: deliveries release"
_SAY_NOT_THERE = (
    "It may be in the EHR. Look there: if it is not, say so, and it is sent; if it is, confirm it instead."
)
_SUBJECT_TYPE = {"response": "QuestionnaireResponse", "alert": "DetectedIssue"}
_OPEN = (State.REJECTED, State.HELD, State.UNKNOWN, State.PENDING, State.WAITING)


def retry(
    tx: Tx, clinic: str, delivery_id: str, now: str, *, version: int | None = None, not_there: bool = False
) -> DeliveryRow:
    """Release a parked delivery, or make a pending one due at once.

    What was refused or held is planned anew; what is unknown is searched for once more and then sent, as it
    was, where the person says that it is ``not_there``. Raises ``NotFound``, ``StaleVersion``,
    ``WrongState``, and ``FaultsInRequest`` where that must be said.
    """
    delivery = _idle(tx, clinic, delivery_id, now, version)
    _require_parked_or(delivery, State.PENDING)
    unknown = [part for part in _open_parts(tx, clinic, delivery_id) if part.state is State.UNKNOWN]
    may_be_there = bool(unknown) or delivery.reason == LEFT_UNSEEN
    if may_be_there and not not_there:
        raise FaultsInRequest([Fault("not_there", "required", _SAY_NOT_THERE)])
    for part in unknown:
        _move(tx, part, Event.RELEASED, "")
    if delivery.reason == LEFT_UNSEEN:
        note_not_there(tx, clinic, delivery)
    if delivery.state in (State.REJECTED, State.HELD):
        replace_plan(tx, clinic, delivery_id, "planned anew")
    return _set(tx, clinic, delivery, state=step(State(delivery.state), Event.RELEASED), now=now)


def confirm(
    tx: Tx,
    clinic: str,
    delivery_id: str,
    entries: Sequence[ChartEntry],
    now: str,
    *,
    version: int | None = None,
    plans_rest: bool = False,
) -> DeliveryRow:
    """Take a person's word that what is parked is in the EHR, where ``entries`` say; go on with the rest.

    ``plans_rest``: what they do not tell of is planned anew, and searched for where it left before. Raises
    ``NotFound``, ``StaleVersion``, ``WrongState``.
    """
    delivery = _idle(tx, clinic, delivery_id, now, version)
    _require_parked_or(delivery)
    put_entries(tx, clinic, delivery.ehr, entries, now)
    if plans_rest:
        replace_plan(tx, clinic, delivery_id, "planned anew")
    for part in _open_parts(tx, clinic, delivery_id):
        if part.state is not State.PENDING:
            _move(tx, part, Event.SEEN_THERE, "")
    goes_on = plans_rest or _open_parts(tx, clinic, delivery_id)
    state = State.PENDING if goes_on else step(State(delivery.state), Event.SEEN_THERE)
    return _set(tx, clinic, delivery, state=state, now=now)


def discard(
    tx: Tx, clinic: str, delivery_id: str, reason: str, now: str, *, version: int | None = None
) -> DeliveryRow:
    """Give a delivery up for good, with a person's reason (at most 255 characters are kept).

    Raises ``NotFound``, ``StaleVersion``, ``WrongState``.
    """
    delivery = _idle(tx, clinic, delivery_id, now, version)
    if State(delivery.state) not in _OPEN:
        raise WrongState("This delivery is finished or on its way.")
    replace_plan(tx, clinic, delivery_id, "given up")
    return _set(tx, clinic, delivery, state=State.DISCARDED, reason=reason[:255], now=now)


def release_waiting(tx: Tx, clinic: str, ehr: str, now: datetime, older_than_days: int) -> int:
    """Let waiting deliveries go, an EHR being configured now; return how many became pending.

    On the first connection those whose session is older than the limit are held for a person to release.
    """
    fact = f"connected:{ehr}"[:40]
    first = read_fact(tx, clinic, fact) is None
    instant = as_instant(now)
    keep_fact(tx, clinic, fact, instant)
    waiting = (
        deliveries.c.clinic == clinic,
        deliveries.c.ehr == ehr,
        deliveries.c.state == State.WAITING,
    )
    if first:
        _hold_old(tx, clinic, ehr, now, older_than_days)
    released = tx.execute(
        update(deliveries)
        .where(*waiting)
        .values(
            state=step(State.WAITING, Event.CONNECTED),
            due_at=instant,
            updated_at=instant,
            version=deliveries.c.version + 1,
        ),
    )
    return released.rowcount


def release_held(tx: Tx, clinic: str, ehr: str, now: str) -> int:
    """Let the deliveries go that were held as old on the first connection; return how many."""
    released = tx.execute(
        update(deliveries)
        .where(
            deliveries.c.clinic == clinic,
            deliveries.c.ehr == ehr,
            deliveries.c.state == State.HELD,
            deliveries.c.reason == HELD_AS_OLD,
        )
        .values(
            state=step(State.HELD, Event.RELEASED),
            reason="",
            due_at=now,
            updated_at=now,
            version=deliveries.c.version + 1,
        ),
    )
    return released.rowcount


def own_reference(delivery: DeliveryRow) -> str:
    """Return our reference of a delivery's subject: ``QuestionnaireResponse/r-7``."""
    if delivery.subject_kind in _SUBJECT_TYPE:
        return f"{_SUBJECT_TYPE[delivery.subject_kind]}/{delivery.subject_id}"
    return delivery.subject_id.partition("|")[0]


def _hold_old(tx: Tx, clinic: str, ehr: str, now: datetime, older_than_days: int) -> None:
    limit = (now - timedelta(days=older_than_days)).date().isoformat()
    dates = session_dates(tx, clinic)
    rows = tx.execute(
        select(
            deliveries.c.row_id,
            deliveries.c.subject_kind,
            deliveries.c.subject_id,
            deliveries.c.subject_version,
        ).where(
            deliveries.c.clinic == clinic,
            deliveries.c.ehr == ehr,
            deliveries.c.state == State.WAITING,
        ),
    ).all()
    for row in rows:
        if dates.get((row.subject_kind, row.subject_id, row.subject_version), limit) < limit:
            held = {"state": step(State.WAITING, Event.NOT_ACCEPTED), "reason": HELD_AS_OLD}
            tx.execute(
                update(deliveries)
                .where(deliveries.c.row_id == row.row_id)
                .values(**held, updated_at=as_instant(now), version=deliveries.c.version + 1),
            )


def _idle(tx: Tx, clinic: str, delivery_id: str, now: str, version: int | None) -> DeliveryRow:
    """Return a delivery that no worker is at, locked, in the version that the person saw."""
    delivery = find_delivery(tx, clinic, delivery_id, lock=True)
    if delivery is None:
        raise NotFound("There is no such delivery.")
    if version is not None and version != delivery.version:
        raise StaleVersion("The delivery has changed since; read it again.")
    leased_until = tx.execute(
        select(deliveries.c.lease_until).where(deliveries.c.row_id == delivery.row),
    ).scalar()
    if leased_until is not None and leased_until > now:
        raise WrongState("This delivery is on its way; wait for its outcome.")
    return delivery


def _require_parked_or(delivery: DeliveryRow, *others: State) -> None:
    state = State(delivery.state)
    if not is_parked(state, delivery.reason) and state not in others:
        raise WrongState("Nobody needs to decide about this delivery now.")


def _open_parts(tx: Tx, clinic: str, delivery_id: str) -> list[PartRow]:
    finished = (State.CONFIRMED, State.DISCARDED)
    return [part for part in read_parts(tx, clinic, delivery_id) if part.state not in finished]


def _move(tx: Tx, part: PartRow, event: Event, reason: str) -> None:
    try:
        state = step(part.state, event)
    except ImpossibleStep as error:
        raise WrongState("This delivery is on its way; wait for its outcome.") from error
    tx.execute(update(parts).where(parts.c.row_id == part.row).values(state=state, reason=reason))


def _set(
    tx: Tx, clinic: str, delivery: DeliveryRow, *, state: State, reason: str = "", now: str
) -> DeliveryRow:
    ended = {"lease_owner": None, "lease_until": None, "due_at": now, "updated_at": now, "failures": 0}
    tx.execute(
        update(deliveries)
        .where(deliveries.c.row_id == delivery.row)
        .values(state=state, reason=reason, version=delivery.version + 1, **ended),
    )
    found = find_delivery(tx, clinic, delivery.id)
    if found is None:
        raise NotFound("There is no such delivery.")
    return found
