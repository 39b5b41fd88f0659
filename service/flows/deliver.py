"""Deliver what is due to one EHR: claim, plan, send part by part, settle what is unknown.

Three commits for a delivery that goes as one transaction: the claim; its parts and frozen bytes as sent; the
outcome. What is committed as sent before the first byte leaves is never sent again without a search.
"""

from collections.abc import Sequence
from dataclasses import replace

from service.ehr.capabilities import Capabilities, WriteKind
from service.ehr.lookup import logical_of
from service.ehr.told import in_words
from service.errors import EhrError, LedgerError, StoreError, Withheld
from service.flows.find_given_up import find_given_up
from service.flows.gather_resources import gather
from service.flows.lane import Delivered, Lane, Next, Work
from service.flows.look_before_update import plan_by_sight
from service.flows.plan_parts import TRANSACTION, Plan, single_body, transaction_body
from service.flows.put_definitions_first import put_definitions_first
from service.flows.record_outcome import finish, hold, park_broken, postpone
from service.flows.send_part import BodyOf, begin, freeze, send
from service.flows.settle_part import find_before_repeat, settle
from service.flows.wanted import Wanted
from service.flows.withhold import as_retraction, withhold
from service.ledger import State
from service.store.chart import read_entries
from service.store.database import Tx
from service.store.outbox import Claim, claim_due, set_delivery
from service.store.parts import NewPart, PartRow, add_parts, read_parts

_FINISHED = (State.CONFIRMED, State.DISCARDED)
_MOST_PLANS = 6
# A statement this fresh is not read again only because a plan found nothing.
_FRESH_SECONDS = 60.0


def deliver_next(lane: Lane) -> Delivered | None:
    """Take the next delivery that is due and do for it what can be done now; None where nothing is due.

    Whatever happens the delivery ends in a state of the ledger, or its lease runs out and it is settled then.
    """
    with lane.database.write() as tx:
        claims = claim_due(
            tx,
            lane.clinic,
            lane.ehr,
            lane.owner,
            now=lane.now(),
            lease_until=lane.later(lane.lease_seconds),
        )
    if not claims:
        return None
    work = _work_on(lane, claims[0])
    lane.crash_point("claimed")
    try:
        return _deliver(work)
    except LedgerError as error:
        work.event("lease_lost", reason=str(error))
        return Delivered(work.claim.id, State.UNKNOWN, well=True)
    except StoreError as error:
        # Nothing is known to be wrong with the delivery: its lease runs out, and it is taken up from there.
        work.event("store_failed", error=type(error).__name__)
        return Delivered(work.claim.id, State.UNKNOWN, well=True)
    except Exception as error:  # noqa: BLE001 - what one delivery trips over must not stop the others
        work.event("delivery_failed", error=type(error).__name__)
        return _park_broken(work, error)
    finally:
        lane.client.turns.go()


def _park_broken(work: Work, error: Exception) -> Delivered:
    """Park a delivery over which this program stumbled; one erased meanwhile is nobody's any more."""
    try:
        return park_broken(work, type(error).__name__)
    except LedgerError as lost:
        work.event("lease_lost", reason=str(lost))
        return Delivered(work.claim.id, State.UNKNOWN, well=True)


def _work_on(lane: Lane, claim: Claim) -> Work:
    return Work(lane, claim, _left_at(claim))


def _left_at(claim: Claim) -> str | None:
    replaced = [part.sent_at for part in claim.parts if part.state is State.DISCARDED and part.sent_at]
    return max(replaced, default=None)


def _read_again(work: Work) -> Work:
    with work.lane.database.read() as tx:
        parts = read_parts(tx, work.claim.clinic, work.claim.id)
    claim = replace(work.claim, parts=parts)
    return replace(work, claim=claim, left_at=_left_at(claim))


def _deliver(work: Work) -> Delivered:
    """Bring one claimed delivery as far as it goes, with another plan where a kind of write is not taken."""
    try:
        for _ in range(_MOST_PLANS):
            capabilities = work.lane.client.capabilities()
            done = _follow_plan(work, capabilities)
            if isinstance(done, Delivered):
                return done
            work = _read_again(work)
    except EhrError as error:
        return _ehr_in_trouble(work, error)
    except Withheld:
        retraction = as_retraction(work)
        return _deliver(retraction) if retraction else withhold(work)
    return hold(work, "this EHR refused every form that it declares")


def _follow_plan(work: Work, capabilities: Capabilities) -> Delivered | Next:
    lane, claim = work.lane, work.claim
    with lane.database.read() as tx:
        wanted = gather(tx, work, capabilities)
    parts = [part for part in claim.parts if part.state not in _FINISHED]
    if parts:
        return _work_through(work, parts, wanted, capabilities)
    if claim.subject_version > 1 and not wanted.held:
        step = find_given_up(work, capabilities)
        if step is not None:
            return step
    first = None if wanted.held else put_definitions_first(work, wanted, capabilities)
    if first is not None:
        return first
    plan = plan_by_sight(work, wanted, capabilities)
    if plan.held:
        capabilities = lane.client.refresh_capabilities(_FRESH_SECONDS)
        plan = plan_by_sight(work, wanted, capabilities)
    if plan.held:
        return hold(work, plan.held)
    if not plan.writes:
        return finish(work)
    return _work_through(work, _start(work, plan, wanted), wanted, capabilities)


def _start(work: Work, plan: Plan, wanted: Wanted) -> Sequence[PartRow]:
    """Store the parts of a new plan, the first one frozen unless it must be searched for first."""
    planned = plan.parts()
    body_of = _body_of(work, wanted)
    if plan.together:
        body = transaction_body(plan.writes, wanted.chart)
        planned = [replace(planned[0], body=body)]
    if _may_be_there(work, planned[0].method):
        with work.lane.database.write() as tx:
            set_delivery(tx, work.claim, work.lane.now(), State.PENDING, plan.rung)
            return add_parts(tx, work.claim.clinic, work.claim.id, planned, behind=work.last_sequence)
    return begin(work, planned, body_of, plan.rung)


def _may_be_there(work: Work, method: str) -> bool:
    """Tell whether something may be in the EHR before it is sent for the first time.

    Definitions may have been put there before us, by another installation or a former ledger; a former plan
    of this delivery may have left something; and a restored database may have forgotten what was sent.
    """
    may_be = work.claim.subject_kind == "definition" or work.left_at is not None or work.lane.searches_first
    return method == "POST" and may_be


def _work_through(
    work: Work,
    parts: Sequence[PartRow],
    wanted: Wanted,
    capabilities: Capabilities,
) -> Delivered | Next:
    for place, part in enumerate(parts, 1):
        is_last = place == len(parts) and not wanted.by_hand
        step = _bring_there(work, part, wanted, capabilities, is_last=is_last)
        if step is Next.REPLAN:
            _strike_out(work, part)
        if step is not Next.GO_ON:
            return step
    if wanted.by_hand:
        return Next.AGAIN  # all is there: the next plan finds nothing to send, and leaves it to a person
    return Delivered(work.claim.id, State.CONFIRMED, well=True)


def _bring_there(
    work: Work,
    part: PartRow,
    wanted: Wanted,
    capabilities: Capabilities,
    *,
    is_last: bool,
) -> Delivered | Next:
    body_of = _body_of(work, wanted)
    if part.state is State.UNKNOWN:
        return settle(work, part, capabilities, raced=False, is_last=is_last)
    if part.state is State.SENT:  # frozen a moment ago, with its plan
        return send(work, part, capabilities, left_before=None, is_last=is_last)
    left_before = part.sent_at is not None and part.method == "POST"
    if left_before or _may_be_there(work, part.method):
        with work.lane.database.read() as tx:
            part = replace(part, body=part.body or body_of(tx, part))
        step = find_before_repeat(work, part, capabilities, is_last=is_last)
        if step is not Next.AGAIN:
            return step
    frozen = freeze(work, part, body_of)
    return send(work, frozen, capabilities, left_before=part.sent_at, is_last=is_last)


def _body_of(work: Work, wanted: Wanted) -> BodyOf:
    """Return how a part's bytes are made, at the last moment: with the ids that earlier parts were given."""
    resources = {logical_of(resource): resource for resource in wanted.resources}

    def body(tx: Tx, part: PartRow | NewPart) -> bytes:
        known = read_entries(tx, work.claim.clinic, work.claim.ehr, resources)
        chart = {**wanted.chart, **known}
        return single_body(resources[part.logical], part.method, part.path, chart)

    return body


def _strike_out(work: Work, part: PartRow) -> None:
    kind: WriteKind = "create" if part.method == "POST" else "update"
    if part.logical == TRANSACTION:
        kind = "transaction"
    work.lane.client.strike_out(kind, part.path.partition("/")[0])


def _ehr_in_trouble(work: Work, error: EhrError) -> Delivered:
    """Give the delivery back untouched: nothing can be planned while the EHR does not say what it takes."""
    work.lane.log.event("ehr_unreadable", ehr=work.lane.ehr, code=error.code)
    given = postpone(work, due_at=work.lane.now(), reason=in_words(error))
    return replace(given, well=False, pause_seconds=0.0)
