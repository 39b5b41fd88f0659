"""Nothing about a patient who does not want it is written into the EHR: its deliveries wait.

But what the EHR holds already, and what is withdrawn here, is marked there as entered in error: that takes
knowledge away and adds none. It goes as it stands there, nothing beside it.
"""

from dataclasses import replace

from service.errors import Withheld
from service.flows.lane import Delivered, Work
from service.flows.record_outcome import postpone
from service.ledger import Event, State, step
from service.store.alerts import RETRACTED, AlertRow, find_alert
from service.store.chart import entries_of_alert, entries_of_response
from service.store.database import Tx
from service.store.disclosures import (
    BEFORE_SINCE,
    NOTHING_PUSHED,
    OLDER_THERE,
    TAKEN_BACK,
    disclosure_of_delivery,
    lock_delivery,
)
from service.store.outbox import Claim, close_claim, set_delivery
from service.store.parts import read_parts, replace_plan
from service.store.responses import ResponseVersion, find_current, find_version

_PLANNED_ANEW = "nothing new may be written: only what is there is taken back"


def refuse_withheld(tx: Tx, work: Work) -> None:
    """Raise ``Withheld`` where nothing of this delivery may leave; to be asked where its bytes are frozen."""
    if not work.retracts and _reason(tx, work.claim):
        raise Withheld


def as_retraction(work: Work) -> Work | None:
    """Return a withheld delivery as one that takes back what the EHR holds, to be planned anew.

    None where it is no withdrawal, or nothing of it is there. Raises ``LeaseLost``.
    """
    lane, claim = work.lane, work.claim
    with lane.database.write() as tx:
        if work.retracts or not (_is_retraction(tx, claim) and _is_there(tx, claim)):
            return None
        replace_plan(tx, claim.clinic, claim.id, _PLANNED_ANEW)
        set_delivery(tx, claim, lane.now(), State.PENDING)
        parts = read_parts(tx, claim.clinic, claim.id)
    return replace(work, claim=replace(claim, parts=parts), retracts=True)


def withhold(work: Work) -> Delivered:
    """Let a delivery wait until another word is given; one given meanwhile makes it due at once.

    What was withdrawn here meanwhile is given up: it must not hold back the withdrawal, nor ever be sent.
    """
    lane, claim, now = work.lane, work.claim, work.lane.now()
    with lane.database.write() as tx:
        lock_delivery(tx, claim.clinic, claim.id)
        reason = _reason(tx, claim)
        is_taken_back = bool(reason) and _is_taken_back(tx, claim)
        state = step(State.PENDING, Event.GIVEN_UP if is_taken_back else Event.WITHHELD)
        if is_taken_back:
            replace_plan(tx, claim.clinic, claim.id, TAKEN_BACK)
            close_claim(tx, claim, now, state=state, reason=TAKEN_BACK)
        elif reason:
            older = OLDER_THERE if _is_there(tx, claim) else ""
            close_claim(tx, claim, now, state=state, reason=f"{reason}{older}")
    if not reason:
        return postpone(work, due_at=now, reason="")
    work.event("delivery_discarded" if is_taken_back else "delivery_withheld")
    return Delivered(claim.id, state, well=True)


def _reason(tx: Tx, claim: Claim) -> str:
    """Return why nothing may leave, '' where it may."""
    if claim.subject_kind == "definition":
        return ""
    disclosure = disclosure_of_delivery(tx, claim.clinic, claim.id)
    if not disclosure.push:
        return NOTHING_PUSHED
    if disclosure.since and _session_date(tx, claim) < disclosure.since:
        return BEFORE_SINCE
    return ""


def _session_date(tx: Tx, claim: Claim) -> str:
    found = _version(tx, claim, claim.subject_version)
    return found.session_date if found else ""


def _version(tx: Tx, claim: Claim, version: int | None) -> AlertRow | ResponseVersion | None:
    """Return a version of the delivery's subject; None: the current one."""
    if claim.subject_kind == "alert":
        return find_alert(tx, claim.clinic, claim.subject_id, version)
    if version is None:
        return find_current(tx, claim.clinic, claim.subject_id)
    return find_version(tx, claim.clinic, claim.subject_id, version)


def _is_taken_back(tx: Tx, claim: Claim) -> bool:
    """Tell whether a later version says that there is nothing any more."""
    found = _version(tx, claim, None)
    return found is not None and found.status in RETRACTED and found.version > claim.subject_version


def _is_retraction(tx: Tx, claim: Claim) -> bool:
    """Tell whether the delivery's own version says so."""
    found = _version(tx, claim, claim.subject_version)
    return found is not None and found.status in RETRACTED


def _is_there(tx: Tx, claim: Claim) -> bool:
    """Tell whether the EHR holds something of the subject, of whichever version."""
    entries = entries_of_alert if claim.subject_kind == "alert" else entries_of_response
    return bool(entries(tx, claim.clinic, claim.ehr, claim.subject_id))
