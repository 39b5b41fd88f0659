"""Send one part: freeze its bytes, commit it as sent, let it go, and act on the answer."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

from service.clock import as_instant, from_instant
from service.ehr.capabilities import Capabilities
from service.ehr.places import Place, place_in_answer, places_in_transaction
from service.ehr.retry import Verdict, back_off_seconds, classify_answer, classify_error
from service.errors import EhrError
from service.flows.audit_disclosure import audit_disclosure
from service.flows.canonical_base import keep_canonical_base
from service.flows.follow_patient import follow_patient
from service.flows.lane import Delivered, Next, Work
from service.flows.plan_parts import TRANSACTION
from service.flows.record_outcome import (
    Exchange,
    give_back,
    record_confirmed,
    record_not_taken,
    record_unknown,
)
from service.flows.settle_part import settle
from service.flows.settle_unknown import Finding, Places, look_for, places_of
from service.flows.withhold import refuse_withheld
from service.ledger import Event, State
from service.store.database import Tx
from service.store.outbox import keep_claim, set_delivery
from service.store.parts import NewPart, PartRow, add_parts, freeze_part

BodyOf = Callable[[Tx, PartRow | NewPart], bytes]
_BUSY_AFTER_SENDING = 503
_FORBIDDEN = 403
_OK = 200


def begin(work: Work, planned: Sequence[NewPart], body_of: BodyOf, rung: str) -> tuple[PartRow, ...]:
    """Store the parts of a plan and freeze the first, in one commit; return those of this plan.

    Raises ``Withheld``; then nothing is stored.
    """
    lane, claim = work.lane, work.claim
    lane.client.turns.come_near()  # what is committed as sent must leave soon
    first, *later = planned
    with lane.database.write() as tx:
        now = _clear(tx, work)
        frozen = replace(first, body=first.body or body_of(tx, first), sent_at=now)
        rows = add_parts(tx, claim.clinic, claim.id, [frozen, *later], behind=work.last_sequence)
        set_delivery(tx, claim, now, State.SENT, rung)
    lane.base_kept.add(lane.names.base)
    lane.crash_point("frozen")
    return rows


def freeze(work: Work, part: PartRow, body_of: BodyOf) -> PartRow:
    """Commit a pending part as sent, with the bytes that are about to leave.

    Raises ``LeaseLost`` and ``Withheld``.
    """
    work.lane.client.turns.come_near()
    with work.lane.database.write() as tx:
        now = _clear(tx, work)
        body = part.body or body_of(tx, part)
        freeze_part(tx, part, body, now)
        set_delivery(tx, work.claim, now, State.SENT)
    work.lane.base_kept.add(work.lane.names.base)
    work.lane.crash_point("frozen")
    return replace(part, state=State.SENT, body=body, sent_at=now)


def send(
    work: Work,
    part: PartRow,
    capabilities: Capabilities,
    *,
    left_before: str | None,
    is_last: bool,
) -> Delivered | Next:
    """Send a frozen part once and record what came of it.

    ``left_before`` is when it had left before this time, if ever. Raises ``LeaseLost``.
    """
    exchange = _exchange(work, part)
    places = _places(work, part, exchange, capabilities)
    if places is None and exchange.outcome.verdict is Verdict.CONFIRMED:
        exchange = replace(exchange, outcome=replace(exchange.outcome, verdict=Verdict.UNKNOWN))
    if places is not None:
        record_confirmed(work, part, Event.ACCEPTED, places, exchange=exchange, is_last=is_last)
        work.lane.crash_point("recorded")
        return Next.GO_ON
    verdict = exchange.outcome.verdict
    followed = follow_patient(work, replace(part, sent_at=left_before), exchange)
    if followed is not None:
        return followed
    if verdict is Verdict.NOT_TAKEN:
        record_not_taken(work, replace(part, sent_at=left_before), exchange)
        return Next.REPLAN
    if verdict is Verdict.REJECTED:
        if exchange.outcome.status == _FORBIDDEN:
            work.lane.client.forget_capabilities()
        attempt = exchange.attempt(work.lane.now())
        reason = exchange.outcome.reason
        return give_back(work, part, Event.REFUSED, reason=reason, due_at=work.lane.now(), attempt=attempt)
    if verdict is Verdict.LATER:
        return _come_later(work, part, exchange, left_before)
    record_unknown(work, part, exchange)
    work.lane.crash_point("unknown")
    raced = verdict is Verdict.LOST_RACE
    unknown = replace(part, state=State.UNKNOWN)
    settled = settle(work, unknown, capabilities, raced=raced, is_last=is_last)
    return settled if raced or not isinstance(settled, Delivered) else replace(settled, well=False)


def _clear(tx: Tx, work: Work) -> str:
    """Return the instant at which something may leave, of which it leaves a trace. Raises ``Withheld``."""
    lane, now = work.lane, work.lane.now()
    refuse_withheld(tx, work)
    if lane.names.base not in lane.base_kept:
        keep_canonical_base(tx, work.claim.clinic, lane.names)
    audit_disclosure(tx, work, now)
    return now


def _exchange(work: Work, part: PartRow) -> Exchange:
    lane = work.lane
    started = lane.clock()
    answer = None
    still_ours = partial(_require_still_ours, work, part)
    try:
        answer = lane.client.send(part.method, part.path, part.headers, part.body, still_ours)
        outcome = classify_answer(answer, part.method, lane.clock(), lane.profile.answers)
    except EhrError as error:
        outcome = classify_error(error)
    lane.crash_point("answered")
    return Exchange(as_instant(started), outcome, answer, lane.profile.ticket_header)


def _require_still_ours(work: Work, part: PartRow) -> None:
    """Raise ``LeaseLost`` where another may be at it by now: this process slept, or waited, for so long."""
    lane = work.lane
    if lane.clock() > from_instant(part.sent_at or "") + timedelta(seconds=lane.lease_seconds):
        with lane.database.write() as tx:
            keep_claim(tx, work.claim, lane.later(lane.lease_seconds))


def _places(
    work: Work,
    part: PartRow,
    exchange: Exchange,
    capabilities: Capabilities,
) -> Places | None:
    """Return where a confirmed part went, by our own reference; None where it is not confirmed after all."""
    if exchange.outcome.verdict is not Verdict.CONFIRMED or exchange.answer is None:
        return None
    if part.logical == TRANSACTION:
        found = places_in_transaction(exchange.answer.body)
        return None if found is None else places_of(part, found)
    resource_type, _, resource_id = part.path.partition("/")
    place = place_in_answer(exchange.answer, resource_type)
    if place is not None and place.resource_type == resource_type:
        return places_of(part, [place])
    if resource_id:
        return places_of(part, [Place(resource_type, resource_id)])
    if exchange.outcome.status == _OK:
        return None  # a create is answered 201; a 200 that names nothing may be anybody's
    return _searched_place(work, part, capabilities)


def _searched_place(work: Work, part: PartRow, capabilities: Capabilities) -> Places:
    """Search once for what was taken without telling its id; it is there whatever the search says."""
    try:
        look = look_for(part, work.lane.client, capabilities)
    except EhrError:
        return places_of(part, [])
    return look.places if look.finding is Finding.THERE else places_of(part, [])


def _come_later(work: Work, part: PartRow, exchange: Exchange, left_before: str | None) -> Delivered:
    """Give a part back that was not performed, by the EHR's word or because nothing left."""
    lane, outcome = work.lane, exchange.outcome
    told = outcome.after_seconds or 0.0
    wait = told if outcome.whole_ehr else max(told, back_off_seconds(work.claim.failures + 1))
    # CAUTION: "busy" may come from a gateway after the EHR performed it; what left is searched for first.
    left = part.sent_at if outcome.status == _BUSY_AFTER_SENDING else left_before
    given = give_back(
        work,
        part,
        Event.NOT_PERFORMED,
        reason=outcome.reason,
        due_at=lane.later(wait),
        attempt=exchange.attempt(lane.now()),
        sent_at=left,
        failed=not outcome.whole_ehr,
    )
    pause = (outcome.after_seconds or 0.0) if outcome.whole_ehr else None
    return replace(given, well=False, pause_seconds=pause)
