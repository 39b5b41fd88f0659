"""Write down what came of a step on one part: attempt, part, chart and delivery in one commit."""

import re
from dataclasses import dataclass

from service.ehr.retry import Outcome, Verdict
from service.flows.lane import Delivered, Work
from service.flows.settle_unknown import NOTHING_FOUND, Places, entries_at
from service.http import Answer
from service.ledger import Event, State, delivery_state, is_parked, step
from service.store.chart import put_entries
from service.store.database import Tx
from service.store.outbox import close_claim, set_delivery
from service.store.parts import NewAttempt, PartRow, add_attempt, move_part, read_parts, replace_plan

REASON_LENGTH = 255
# An id, and nothing that a person may have written.
_TICKET = re.compile(r"[A-Za-z0-9._-]{1,80}")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One write that was tried: when it began, what it came to, and the answer if there was one.

    ``ticket_header`` is the header by which the EHR's vendor finds the exchange again, '' for none.
    """

    started_at: str
    outcome: Outcome
    answer: Answer | None
    ticket_header: str = ""

    def attempt(self, ended_at: str) -> NewAttempt:
        """Return it as it is recorded."""
        outcome = self.outcome
        body = self.answer.body if self.answer else b""
        # A success is told by its place; keeping its body would only keep the record twice.
        kept = b"" if outcome.verdict is Verdict.CONFIRMED else body
        return NewAttempt(
            "write",
            self.started_at,
            ended_at,
            outcome.verdict,
            outcome.status,
            outcome.codes,
            kept,
            self._ticket(),
        )

    def _ticket(self) -> str:
        told = self.answer.headers.get(self.ticket_header, "") if self.answer and self.ticket_header else ""
        return f"{self.ticket_header}:{told}" if _TICKET.fullmatch(told) else ""


def record_confirmed(
    work: Work,
    part: PartRow,
    event: Event,
    places: Places,
    *,
    exchange: Exchange | None = None,
    is_last: bool,
) -> None:
    """Record that a part is in the EHR; with the last one the delivery is confirmed and its lease ends.

    ``places`` are by our own reference; None: it is there under an id that we do not know.
    Raises ``LeaseLost`` or ``ImpossibleStep``, then nothing is recorded.
    """
    lane, claim, now = work.lane, work.claim, work.lane.now()
    with lane.database.write() as tx:
        if exchange:
            _keep(tx, work, part, exchange.attempt(now))
        move_part(tx, part, event)
        _keep_places(tx, work, places, now)
        if is_last:
            close_claim(tx, claim, now, state=State.CONFIRMED)
        else:
            set_delivery(tx, claim, now, State.PENDING)
    if is_last:
        work.event("delivery_confirmed", attempt=claim.tries)


def record_unknown(work: Work, part: PartRow, exchange: Exchange) -> None:
    """Record that a write's outcome is not known; the lease stays, since the search follows at once."""
    lane, claim, now = work.lane, work.claim, work.lane.now()
    with lane.database.write() as tx:
        _keep(tx, work, part, exchange.attempt(now))
        move_part(tx, part, Event.ANSWER_LOST)
        set_delivery(tx, claim, now, State.UNKNOWN)
    outcome = exchange.outcome
    work.event("delivery_unknown", status=outcome.status, code=outcome.codes)


def record_not_taken(work: Work, part: PartRow, exchange: Exchange) -> None:
    """Record that the EHR does not take this kind of write, and make room for another plan."""
    lane, claim, now = work.lane, work.claim, work.lane.now()
    with lane.database.write() as tx:
        _keep(tx, work, part, exchange.attempt(now))
        move_part(tx, part, Event.NOT_PERFORMED, sent_at=part.sent_at)
        replace_plan(tx, claim.clinic, claim.id, exchange.outcome.reason)
        set_delivery(tx, claim, now, State.PENDING)
    work.event("write_not_taken", status=exchange.outcome.status)


def record_partly(work: Work, part: PartRow, found: Places, attempt: NewAttempt) -> None:
    """Record what of a part is in the EHR, and make room for a plan of the rest."""
    lane, claim, now = work.lane, work.claim, work.lane.now()
    with lane.database.write() as tx:
        _keep(tx, work, part, attempt)
        _keep_places(tx, work, found, now)
        replace_plan(tx, claim.clinic, claim.id, "only some of it was there; the rest is planned anew")
        set_delivery(tx, claim, now, State.PENDING)


def give_back(
    work: Work,
    part: PartRow,
    event: Event,
    *,
    reason: str,
    due_at: str,
    attempt: NewAttempt | None = None,
    sent_at: str | None = None,
    resent: bool = False,
    failed: bool = False,
    found: Places = NOTHING_FOUND,
) -> Delivered:
    """Record a step after which the delivery rests, or is parked, and end the lease.

    ``failed``: for the delivery's own sake, not for the EHR's trouble. ``found`` is what of it is there.
    """
    lane, claim, now = work.lane, work.claim, work.lane.now()
    with lane.database.write() as tx:
        if attempt:
            _keep(tx, work, part, attempt)
        _keep_places(tx, work, found, now)
        state = move_part(tx, part, event, reason=reason, sent_at=sent_at, resent=resent)
        close_claim(tx, claim, now, state=state, reason=reason, due_at=due_at, failed=failed)
    return _told(work, state, reason, attempt)


def rest(
    work: Work,
    part: PartRow,
    *,
    due_at: str,
    attempt: NewAttempt | None = None,
    reason: str = "",
    failed: bool = False,
) -> Delivered:
    """Give a delivery back with its part as it was, to be looked at again at ``due_at``."""
    lane, claim, now = work.lane, work.claim, work.lane.now()
    with lane.database.write() as tx:
        if attempt:
            _keep(tx, work, part, attempt)
        close_claim(tx, claim, now, state=part.state, reason=reason, due_at=due_at, failed=failed)
    return _told(work, part.state, reason, attempt)


def postpone(work: Work, *, due_at: str, reason: str, failed: bool = False) -> Delivered:
    """Give a delivery back before any of its parts was touched; ``failed``: for its own sake."""
    state = delivery_state(part.state for part in work.claim.parts)
    with work.lane.database.write() as tx:
        # An unknown delivery with a reason would be a parked one.
        words = "" if state is State.UNKNOWN else reason
        close_claim(tx, work.claim, work.lane.now(), state=state, reason=words, due_at=due_at, failed=failed)
    return _told(work, state, words, None)


def hold(work: Work, reason: str) -> Delivered:
    """Hold a delivery of which nothing (more) may be sent, for a person."""
    lane, claim, now = work.lane, work.claim, work.lane.now()
    state = step(State.PENDING, Event.NOT_ACCEPTED)
    with lane.database.write() as tx:
        close_claim(tx, claim, now, state=state, reason=reason[:REASON_LENGTH])
    return _told(work, state, reason, None)


def park_broken(work: Work, error: str) -> Delivered:
    """Park a delivery over which this program itself stumbled; ``error`` is the kind of it, nothing more.

    What may be in the air is left to its lease: when that ends it is unknown, and searched for.
    """
    lane, claim, now = work.lane, work.claim, work.lane.now()
    with lane.database.write() as tx:
        state = delivery_state(part.state for part in read_parts(tx, claim.clinic, claim.id))
        if state is State.SENT:
            return Delivered(claim.id, state, well=False)
        if state is not State.UNKNOWN:
            state = State.HELD
        reason = f"this service failed at it ({error})"
        close_claim(tx, claim, now, state=state, reason=reason)
    return _told(work, state, reason, None)


def finish(work: Work) -> Delivered:
    """Confirm a delivery of which everything is in the EHR already."""
    lane, claim, now = work.lane, work.claim, work.lane.now()
    with lane.database.write() as tx:
        close_claim(tx, claim, now, state=State.CONFIRMED)
    return _told(work, State.CONFIRMED, "", None)


def _keep_places(tx: Tx, work: Work, found: Places, now: str) -> None:
    claim = work.claim
    put_entries(tx, claim.clinic, claim.ehr, entries_at(found, claim.subject_version), now)


def _keep(tx: Tx, work: Work, part: PartRow, attempt: NewAttempt) -> None:
    add_attempt(tx, work.claim.clinic, part.row, attempt)
    work.lane.count_attempt(attempt.kind, attempt.outcome)


def _told(work: Work, state: State, reason: str, attempt: NewAttempt | None) -> Delivered:
    name = "delivery_parked" if is_parked(state, reason) else f"delivery_{state}"
    status = attempt.status if attempt else None
    codes = attempt.codes if attempt else ""
    work.event(name, state=state, status=status, code=codes)
    return Delivered(work.claim.id, state, well=True)
