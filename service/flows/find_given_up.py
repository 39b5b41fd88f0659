"""Before a later version is planned: what an earlier one left, given up before anybody knew, is looked for.

It may be in the EHR. Then it is changed there like any other, and nothing is created beside it.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from service.clock import as_instant, from_instant
from service.ehr.capabilities import Capabilities
from service.ehr.retry import Verdict, back_off_seconds
from service.ehr.told import in_words
from service.errors import EhrError, EhrUnreachable
from service.flows.lane import Delivered, Next, Work
from service.flows.plan_parts import TRANSACTION
from service.flows.record_outcome import hold, postpone
from service.flows.settle_unknown import SEARCH_FAILED, Finding, Look, entries_at, look_for, places_of
from service.ledger import State
from service.store.chart import ChartEntry, put_entries, read_entries
from service.store.database import Tx
from service.store.given_up import LEFT_TWICE, LEFT_UNSEEN, LeftPart, left_by_earlier
from service.store.outbox import set_delivery
from service.store.parts import NewAttempt, add_attempt, count_attempts, last_write_ended

# So many searches in a row fail before this counts as an EHR that cannot be searched.
_MOST_FAILURES = 6
_NOT_YET = "an earlier version was given up; sent when it is sure that it is not there"


@dataclass(frozen=True, slots=True)
class _Doubt:
    """What an earlier version left of which nobody knows whether it arrived, and until when it may yet."""

    left: LeftPart
    until: str

    @property
    def is_guarded(self) -> bool:
        """Whether a later write may go where no search tells.

        It cannot double an update by id, which looks first or names a version; or a person looked.
        """
        is_update = self.left.part.logical != TRANSACTION and self.left.part.method == "PUT"
        return is_update or self.left.is_said_not_there


def find_given_up(work: Work, capabilities: Capabilities) -> Delivered | Next | None:
    """Look for what earlier versions left; None where the plan may be made.

    ``AGAIN``: something was found and stands in the chart now. Where it cannot be told whether it is there
    the delivery is held for a person. Raises ``EhrUnreachable``.
    """
    found = False
    for doubt in _doubts(work):
        started = work.lane.now()
        try:
            look = look_for(doubt.left.part, work.lane.client, capabilities)
        except EhrUnreachable:
            raise
        except EhrError as error:
            if doubt.left.is_said_not_there:
                continue
            return _ask_later(work, doubt.left, started, error)
        found |= _keep(work, doubt.left, look, started)
        step = _after(work, doubt, look)
        if step is not None:
            return step
    return Next.AGAIN if found else None


def doubts_in(tx: Tx, clinic: str, ehr: str, left: tuple[LeftPart, ...]) -> list[LeftPart]:
    """Return those of which the chart does not tell what became of them; what was refused is none."""
    return [
        one
        for one in left
        if count_attempts(tx, clinic, one.part.row, Verdict.REJECTED) == 0
        and _is_in_doubt(one, read_entries(tx, clinic, ehr, places_of(one.part, [])))
    ]


def _is_in_doubt(left: LeftPart, known: dict[str, ChartEntry]) -> bool:
    return any(_is_news(known, logical, left.our_version) for logical in places_of(left.part, []))


def _is_news(known: dict[str, ChartEntry], logical: str, version: int) -> bool:
    """Tell whether the chart says less of a resource than that it shows this version."""
    return logical not in known or known[logical].our_version < version


def _doubts(work: Work) -> list[_Doubt]:
    claim, settling = work.claim, timedelta(seconds=work.lane.settle_seconds)
    with work.lane.database.read() as tx:
        subject = (claim.subject_kind, claim.subject_id)
        left = left_by_earlier(tx, claim.clinic, claim.ehr, *subject, before=claim.subject_version)
        return [
            _Doubt(one, as_instant(from_instant(_last_in_the_air(tx, work, one)) + settling))
            for one in doubts_in(tx, claim.clinic, claim.ehr, left)
        ]


def _last_in_the_air(tx: Tx, work: Work, left: LeftPart) -> str:
    ended = last_write_ended(tx, work.claim.clinic, left.part.row)
    return max(moment for moment in (left.part.sent_at, ended) if moment is not None)


def _keep(work: Work, left: LeftPart, look: Look, started: str) -> bool:
    """Record the look with the earlier version, and where it is; tell whether anything of it was found."""
    lane, claim, now = work.lane, work.claim, work.lane.now()
    entries = entries_at(look.places, left.our_version)
    with lane.database.write() as tx:
        add_attempt(tx, claim.clinic, left.part.row, NewAttempt("search", started, now, look.finding))
        known = read_entries(tx, claim.clinic, claim.ehr, look.places)
        newer = [one for one in entries if _is_news(known, one.logical, one.our_version)]
        put_entries(tx, claim.clinic, claim.ehr, newer, now)
        set_delivery(tx, claim, now, State.PENDING)  # ours still, or all of this is undone
    return bool(newer)


def _after(work: Work, doubt: _Doubt, look: Look) -> Delivered | None:
    """Return the delivery given back where it must wait; None where this part is no obstacle."""
    finding = look.finding
    if finding is Finding.SEVERAL:
        return hold(work, LEFT_TWICE)
    if finding in (Finding.BLIND, Finding.CHANGED) and not doubt.is_guarded:
        return hold(work, LEFT_UNSEEN)
    if finding in (Finding.ABSENT, Finding.PARTLY) and work.lane.now() < doubt.until:
        return postpone(work, due_at=doubt.until, reason=_NOT_YET)
    return None


def _ask_later(work: Work, left: LeftPart, started: str, error: EhrError) -> Delivered:
    lane, claim = work.lane, work.claim
    attempt = NewAttempt("search", started, lane.now(), SEARCH_FAILED, codes=error.code)
    with lane.database.write() as tx:
        add_attempt(tx, claim.clinic, left.part.row, attempt)
        set_delivery(tx, claim, lane.now(), State.PENDING)
    work.event("search_failed", code=error.code)
    failures = claim.failures + 1
    if failures > _MOST_FAILURES:
        return replace(hold(work, LEFT_UNSEEN), well=False)
    due_at = lane.later(back_off_seconds(failures))
    return replace(postpone(work, due_at=due_at, reason=in_words(error), failed=True), well=False)
