"""Nothing about a patient who does not want it is written into the EHR: its deliveries wait."""

from service.errors import Withheld
from service.flows.lane import Delivered, Work
from service.flows.record_outcome import postpone
from service.ledger import Event, State, step
from service.store.alerts import find_alert
from service.store.database import Tx
from service.store.disclosures import BEFORE_SINCE, NOTHING_PUSHED, disclosure_of_delivery
from service.store.outbox import close_claim
from service.store.responses import find_version


def refuse_withheld(tx: Tx, work: Work) -> None:
    """Raise ``Withheld`` where nothing of this delivery may leave; to be asked where its bytes are frozen."""
    if _reason(tx, work):
        raise Withheld


def withhold(work: Work) -> Delivered:
    """Let a delivery wait until another word is given; one given meanwhile makes it due at once."""
    lane, claim, now = work.lane, work.claim, work.lane.now()
    with lane.database.write() as tx:
        reason = _reason(tx, work)
        if reason:
            state = step(State.PENDING, Event.WITHHELD)
            close_claim(tx, claim, now, state=state, reason=reason)
    if not reason:
        return postpone(work, due_at=now, reason="")
    work.event("delivery_withheld")
    return Delivered(claim.id, State.WAITING, well=True)


def _reason(tx: Tx, work: Work) -> str:
    """Return why nothing may leave, '' where it may."""
    claim = work.claim
    if claim.subject_kind == "definition":
        return ""
    disclosure = disclosure_of_delivery(tx, claim.clinic, claim.id)
    if not disclosure.push:
        return NOTHING_PUSHED
    if disclosure.since and _session_date(tx, work) < disclosure.since:
        return BEFORE_SINCE
    return ""


def _session_date(tx: Tx, work: Work) -> str:
    claim = work.claim
    find = find_alert if claim.subject_kind == "alert" else find_version
    found = find(tx, claim.clinic, claim.subject_id, claim.subject_version)
    return found.session_date if found else ""
