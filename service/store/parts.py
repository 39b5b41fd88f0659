"""Parts of deliveries and the attempts at them. What the EHR answered is kept here and nowhere else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import bindparam, func, insert, select, update

from fhir_mappings import json_text
from service.ledger import Event, State, step
from service.store.database import Tx
from service.store.tables import attempts, deliveries, parts

ANSWER_LENGTH, CODES_LENGTH = 2048, 255
AttemptKind = Literal["write", "search"]


@dataclass(frozen=True, slots=True)
class NewPart:
    """One request that a plan asks for. ``body`` is empty until it is frozen, to leave at ``sent_at``."""

    logical: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""
    sent_at: str | None = None

    @property
    def state(self) -> State:
        """The state in which it is stored."""
        return State.PENDING if self.sent_at is None else step(State.PENDING, Event.FROZEN)


@dataclass(frozen=True, slots=True)
class PartRow:
    """One request of a delivery as stored. ``sent_at`` is when it last left; None: it never did."""

    row: int
    sequence: int
    logical: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    state: State
    reason: str
    resent: bool
    sent_at: str | None


@dataclass(frozen=True, slots=True)
class NewAttempt:
    """One exchange about a part: when, what came of it, and the EHR's words, cut to 2,048 characters.

    ``ticket`` is what the EHR's vendor finds the exchange by, with its name. It is kept before the codes, and
    here alone: they may stand in a log, it may not.
    """

    kind: AttemptKind
    started_at: str
    ended_at: str
    outcome: str
    status: int | None = None
    codes: str = ""
    answer: bytes = b""
    ticket: str = ""


def read_parts(tx: Tx, clinic: str, delivery_id: str) -> tuple[PartRow, ...]:
    """Return a delivery's parts in the order of sending; none before the first plan."""
    rows = tx.execute(_OF_DELIVERY, {"clinic": clinic, "delivery": delivery_id})
    return tuple(
        PartRow(
            row=row.row_id,
            sequence=row.sequence,
            logical=row.logical,
            method=row.method,
            path=row.path,
            headers=json_text.loads(row.headers),
            body=row.body,
            state=State(row.state),
            reason=row.reason,
            resent=row.resent,
            sent_at=row.sent_at,
        )
        for row in rows
    )


def add_parts(
    tx: Tx,
    clinic: str,
    delivery_id: str,
    planned: Sequence[NewPart],
    *,
    behind: int,
) -> tuple[PartRow, ...]:
    """Store the parts of a plan behind that sequence number (0: they are the first) and return them."""
    rows = tx.execute(
        _ADD_PARTS,
        [
            {
                "clinic": clinic,
                "delivery_id": delivery_id,
                "sequence": behind + place,
                "logical": part.logical,
                "method": part.method,
                "path": part.path,
                "headers": json_text.dumps(dict(part.headers)).decode(),
                "body": part.body,
                "state": part.state,
                "sent_at": part.sent_at,
            }
            for place, part in enumerate(planned, 1)
        ],
    ).scalars()
    return tuple(
        PartRow(
            row=row,
            sequence=behind + place,
            logical=part.logical,
            method=part.method,
            path=part.path,
            headers=part.headers,
            body=part.body,
            state=part.state,
            reason="",
            resent=False,
            sent_at=part.sent_at,
        )
        for place, (row, part) in enumerate(zip(rows, planned, strict=True), 1)
    )


def replace_plan(tx: Tx, clinic: str, delivery_id: str, reason: str) -> None:
    """Discard every part that is not in the EHR, to make room for another plan."""
    tx.execute(
        update(parts)
        .where(
            parts.c.clinic == clinic,
            parts.c.delivery_id == delivery_id,
            parts.c.state.not_in((State.CONFIRMED, State.DISCARDED)),
        )
        .values(state=State.DISCARDED, reason=reason),
    )


def freeze_part(tx: Tx, part: PartRow, body: bytes, now: str) -> None:
    """Keep the bytes of a part that is about to leave; a part sent before keeps those it had."""
    state = step(part.state, Event.FROZEN)
    tx.execute(_FREEZE, {"row": part.row, "to_state": state, "bytes": part.body or body, "at": now})


def move_part(
    tx: Tx,
    part: PartRow,
    event: Event,
    *,
    reason: str = "",
    resent: bool = False,
    sent_at: str | None = None,
) -> State:
    """Take a part over the step that the ledger allows and return its new state.

    ``resent`` marks that it is sent once more; ``sent_at`` sets back when it last left, after an attempt that
    was not performed. Raises ``ImpossibleStep``.
    """
    state = step(part.state, event)
    left = sent_at if event is Event.NOT_PERFORMED else part.sent_at
    values = {"to_state": state, "why": reason, "again": part.resent or resent, "at": left}
    tx.execute(_MOVE, {"row": part.row, **values})
    return state


_OF_DELIVERY = (
    select(parts)
    .where(parts.c.clinic == bindparam("clinic"), parts.c.delivery_id == bindparam("delivery"))
    .order_by(parts.c.sequence)
)
_ADD_PARTS = insert(parts).returning(parts.c.row_id, sort_by_parameter_order=True)
_OF_ROW = update(parts).where(parts.c.row_id == bindparam("row"))
_FREEZE = _OF_ROW.values(
    state=bindparam("to_state"),
    body=bindparam("bytes"),
    reason="",
    sent_at=bindparam("at"),
)
_MOVE = _OF_ROW.values(
    state=bindparam("to_state"),
    reason=bindparam("why"),
    resent=bindparam("again"),
    sent_at=bindparam("at"),
)


def lose_owner(tx: Tx, clinic: str, delivery_id: str, now: str) -> None:
    """Make what a gone worker left as ``sent`` unknown, to be searched for at once."""
    tx.execute(
        update(parts)
        .where(
            parts.c.clinic == clinic,
            parts.c.delivery_id == delivery_id,
            parts.c.state == State.SENT,
        )
        .values(state=step(State.SENT, Event.OWNER_LOST)),
    )
    tx.execute(
        update(deliveries)
        .where(deliveries.c.clinic == clinic, deliveries.c.id == delivery_id)
        .values(
            state=State.UNKNOWN,
            reason="",
            due_at=now,
            lease_owner=None,
            lease_until=None,
            version=deliveries.c.version + 1,
            updated_at=now,
        ),
    )


def add_attempt(tx: Tx, clinic: str, part_row: int, attempt: NewAttempt) -> None:
    """Record one attempt; it is numbered from 1 for each part."""
    tx.execute(
        _ADD_ATTEMPT,
        {
            "clinic": clinic,
            "part_row": part_row,
            "of_part": part_row,
            "kind": attempt.kind,
            "started_at": attempt.started_at,
            "ended_at": attempt.ended_at,
            "outcome": attempt.outcome,
            "status": attempt.status,
            "codes": " ".join(word for word in (attempt.ticket, attempt.codes) if word)[:CODES_LENGTH],
            "answer": _as_text(attempt.answer),
        },
    )


def _as_text(answer: bytes) -> str:
    # PostgreSQL keeps no NUL in a text.
    return answer[: 4 * ANSWER_LENGTH].decode(errors="replace").replace("\0", "\ufffd")[:ANSWER_LENGTH]


_EARLIER = attempts.alias()
_ADD_ATTEMPT = insert(attempts).values(
    number=select(func.coalesce(func.max(_EARLIER.c.number), 0) + 1)
    .where(_EARLIER.c.part_row == bindparam("of_part"))
    .scalar_subquery(),
)


def last_write_ended(tx: Tx, clinic: str, part_row: int) -> str | None:
    """Return when the last recorded write of a part ended; None where none was recorded."""
    found: str | None = tx.execute(
        select(func.max(attempts.c.ended_at)).where(
            attempts.c.clinic == clinic,
            attempts.c.part_row == part_row,
            attempts.c.kind == "write",
        ),
    ).scalar()
    return found


def count_attempts(tx: Tx, clinic: str, part_row: int, outcome: str) -> int:
    """Return how many attempts at a part had this outcome."""
    found: int = tx.execute(
        select(func.count()).where(
            attempts.c.clinic == clinic,
            attempts.c.part_row == part_row,
            attempts.c.outcome == outcome,
        ),
    ).scalar_one()
    return found
