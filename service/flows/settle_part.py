"""Settle a part whose outcome is not known: search, then confirm, wait, release once, or park it."""

from dataclasses import replace
from datetime import datetime, timedelta

from service.clock import as_instant, from_instant
from service.ehr.capabilities import Capabilities
from service.ehr.retry import Verdict, back_off_seconds
from service.errors import EhrError, EhrUnreachable
from service.flows.lane import Delivered, Next, Work
from service.flows.record_outcome import give_back, record_confirmed, record_partly, rest
from service.flows.settle_unknown import (
    EHR_AWAY,
    NOTHING_FOUND,
    ONLY_SOME,
    SEARCH_FAILED,
    Finding,
    Look,
    Places,
    is_safe_to_repeat,
    look_for,
    sent_writes,
)
from service.ledger import Event, State
from service.store.parts import NewAttempt, PartRow, count_attempts, last_write_ended

_MOST_TIMES = 6
# With the waits between them about a day; then a person must look, or nothing of this patient's goes on.
_MOST_SEARCHES = 18
_NOT_YET = "not found in the EHR; sent again when that is sure"
_NO_ANSWER = "the EHR keeps failing at the search for it: look whether it is there"
_RESTORED = "this EHR cannot be searched, and a backup was restored: look whether it is there"
_SENT_AGAIN = "sent-again"
_ENDED_EACH_TIME = "not in the EHR, and this service ended each time it sent it"
_REASONS = {
    Finding.SEVERAL: "the EHR holds more than one of it; none is picked",
    Finding.CHANGED: "somebody else changed it in the EHR: retry overwrites that, confirm leaves it",
    Finding.BLIND: "the answer was lost, and this EHR cannot be searched for it",
    Finding.PARTLY: f"{ONLY_SOME}: retry, or confirm under its id, and the rest is sent",
    Finding.ABSENT: "not in the EHR after it was sent twice",
}


def settle(
    work: Work,
    part: PartRow,
    capabilities: Capabilities,
    *,
    raced: bool,
    is_last: bool,
) -> Delivered | Next:
    """Search for an unknown part and act on what is found.

    ``raced``: the EHR said that this request was not performed because of another one, so that there is
    nothing to wait for. Not found otherwise counts only after the lane's settling time; then the part is
    pending once more. A second time a person must look, unless this process or another ended before any
    answer could be recorded: that tells nothing of the EHR, and how often it may happen has a bound.
    """
    started = work.lane.now()
    try:
        look = look_for(part, work.lane.client, capabilities)
    except EhrError as error:
        return _ask_later(work, part, started, error)
    if look.finding is Finding.THERE:
        record_confirmed(work, part, Event.FOUND, look.places, is_last=is_last)
        return Next.GO_ON
    attempt = _search_attempt(work, started, look)
    if look.finding in (Finding.SEVERAL, Finding.CHANGED, Finding.BLIND):
        return _park(work, part, look.finding, attempt)
    if raced:
        return _after_race(work, part, look.finding, attempt)
    return _not_found(work, part, look, attempt)


def find_before_repeat(
    work: Work,
    part: PartRow,
    capabilities: Capabilities,
    *,
    is_last: bool,
) -> Delivered | Next:
    """Search for a pending part that left before, or may be there already; ``AGAIN``: it may be sent.

    ``PLAN_REST``: some of it is there, and no longer a part of it.

    A part that the EHR itself keeps from doubling goes at once where the search finds nothing; another only
    when the settling time is over too.
    """
    started = work.lane.now()
    try:
        look = look_for(part, work.lane.client, capabilities)
    except EhrError as error:
        if not isinstance(error, EhrUnreachable) and _was_looked_for(work, part):
            return Next.AGAIN
        return _ask_later(work, part, started, error)
    if look.finding is Finding.THERE:
        record_confirmed(work, part, Event.FOUND, look.places, is_last=is_last)
        return Next.GO_ON
    attempt = _search_attempt(work, started, look)
    if look.finding is Finding.SEVERAL:
        return _park(work, part, look.finding, attempt)
    if look.finding is Finding.BLIND and _must_be_looked_for(work, part):
        return _park(work, part, look.finding, attempt, reason=_RESTORED)
    return _repeat(work, part, look, attempt)


def _repeat(work: Work, part: PartRow, look: Look, attempt: NewAttempt) -> Delivered | Next:
    """Return ``AGAIN`` where a part that was not found may be sent, else let it rest.

    Of what is there in part the rest is planned anew.
    """
    is_safe = is_safe_to_repeat(sent_writes(part), work.lane.profile.conditional_create)
    left_at = max((moment for moment in (part.sent_at, work.left_at) if moment), default=None)
    settled_at = from_instant(left_at) + _settling(work) if left_at else work.lane.clock()
    is_settled = work.lane.clock() >= settled_at
    if is_safe or (is_settled and look.finding is not Finding.PARTLY):
        return Next.AGAIN
    if is_settled:
        record_partly(work, part, look.places, attempt)
        return Next.PLAN_REST
    return rest(work, part, due_at=as_instant(settled_at), attempt=attempt, reason=_NOT_YET)


def _must_be_looked_for(work: Work, part: PartRow) -> bool:
    """Tell whether a person must look before this is sent, since a restored database cannot know.

    A person who did, and released it, is believed.
    """
    if work.claim.subject_kind == "definition" or not work.lane.searches_first:
        return False
    return _times(work, part, Finding.BLIND) == 0


def _not_found(work: Work, part: PartRow, look: Look, attempt: NewAttempt) -> Delivered:
    finding = look.finding
    if all(write.method == "PUT" and write.match is None for write in sent_writes(part)):
        return _repeat_by_id(work, part, finding, attempt)
    settled_at = _settled_at(work, part)
    now = work.lane.clock()
    if now < settled_at:
        soon = now + max(_settling(work) / 4, timedelta(seconds=1))
        return rest(work, part, due_at=as_instant(min(soon, settled_at)), attempt=attempt)
    safe = finding is Finding.ABSENT or is_safe_to_repeat(
        sent_writes(part), work.lane.profile.conditional_create
    )
    if not safe or (part.resent and _was_answer_lost(work, part)):
        return _park(work, part, finding, attempt, found=look.places)
    if _times(work, part, _SENT_AGAIN) >= _MOST_TIMES:
        return _park(work, part, finding, attempt, reason=_ENDED_EACH_TIME, found=look.places)
    return give_back(
        work,
        part,
        Event.ABSENT,
        reason="not found in the EHR; sent once more",
        due_at=as_instant(now),
        attempt=replace(attempt, outcome=_SENT_AGAIN),
        resent=True,
    )


def _was_answer_lost(work: Work, part: PartRow) -> bool:
    """Tell whether the last sending was seen to its end, without an answer that tells what came of it."""
    ended = _write_ended(work, part)
    return ended is not None and (part.sent_at is None or ended >= part.sent_at)


def _repeat_by_id(work: Work, part: PartRow, finding: Finding, attempt: NewAttempt) -> Delivered:
    """Send again what lies under an id of our own: however often it arrives, it is there once."""
    words = ("the EHR failed at it; sent again", "the EHR keeps failing at it")
    return _try_again(work, part, finding, attempt, counted=Verdict.UNKNOWN, words=words)


def _after_race(work: Work, part: PartRow, finding: Finding, attempt: NewAttempt) -> Delivered:
    words = ("the EHR reported a conflict", "the EHR keeps reporting a conflict")
    return _try_again(work, part, finding, attempt, counted=Verdict.LOST_RACE, words=words)


def _try_again(
    work: Work,
    part: PartRow,
    finding: Finding,
    attempt: NewAttempt,
    *,
    counted: Verdict,
    words: tuple[str, str],
) -> Delivered:
    """Give a part back to be sent later, each time later; park it when it went so too often."""
    times = _times(work, part, counted)
    once, too_often = words
    if times >= _MOST_TIMES:
        return _park(work, part, finding, attempt, reason=too_often)
    due_at = work.lane.later(back_off_seconds(times))
    return give_back(work, part, Event.ABSENT, reason=once, due_at=due_at, attempt=attempt)


def _park(
    work: Work,
    part: PartRow,
    finding: Finding,
    attempt: NewAttempt,
    *,
    reason: str = "",
    found: Places = NOTHING_FOUND,
) -> Delivered:
    if part.state is State.PENDING:
        event = Event.ANSWER_LOST
    else:
        event = Event.REFUSED if finding is Finding.CHANGED else Event.UNSETTLED
    words = reason or _REASONS[finding]
    due_at = work.lane.now()
    return give_back(work, part, event, reason=words, due_at=due_at, attempt=attempt, found=found)


def _ask_later(work: Work, part: PartRow, started: str, error: EhrError) -> Delivered:
    """Leave a part as it is, since the EHR cannot be asked now; park one at whose search it always fails."""
    is_away = isinstance(error, EhrUnreachable)
    due_at = work.lane.later(back_off_seconds(1 if is_away else work.claim.failures + 1))
    outcome = EHR_AWAY if is_away else SEARCH_FAILED
    attempt = NewAttempt("search", started, work.lane.now(), outcome, codes=error.code)
    work.event("search_failed", code=error.code)
    if not is_away and _times(work, part, SEARCH_FAILED) >= _MOST_SEARCHES:
        blind = replace(attempt, outcome=Finding.BLIND)
        return _park(work, part, Finding.BLIND, blind, reason=_NO_ANSWER)
    rested = rest(work, part, due_at=due_at, attempt=attempt, failed=not is_away)
    pause = 0.0 if is_away else None
    return replace(rested, well=False, pause_seconds=pause)


def _was_looked_for(work: Work, part: PartRow) -> bool:
    """Tell whether a person looked, since no search told, and released a pending part: they are believed."""
    is_settled = part.sent_at is None or work.lane.clock() >= _settled_at(work, part)
    return is_settled and _times(work, part, Finding.BLIND) > 0


def _times(work: Work, part: PartRow, outcome: str) -> int:
    with work.lane.database.read() as tx:
        return count_attempts(tx, work.claim.clinic, part.row, outcome)


def _settling(work: Work) -> timedelta:
    return timedelta(seconds=work.lane.settle_seconds)


def _settled_at(work: Work, part: PartRow) -> datetime:
    """Return from when on a search that finds nothing counts: after the last moment it was in the air."""
    last = max(moment for moment in (part.sent_at, _write_ended(work, part)) if moment is not None)
    return from_instant(last) + _settling(work)


def _write_ended(work: Work, part: PartRow) -> str | None:
    with work.lane.database.read() as tx:
        return last_write_ended(tx, work.claim.clinic, part.row)


def _search_attempt(work: Work, started: str, look: Look) -> NewAttempt:
    return NewAttempt("search", started, work.lane.now(), look.finding)
