"""After a refusal that may be about the patient: ask the EHR who that is now, and act on it."""

from fhir_mappings import json_text
from fhir_mappings.bundle import references_in
from service.ehr.places import parse_location
from service.ehr.retry import Verdict
from service.flows.lane import Delivered, Next, Standing, Work
from service.flows.patient_references import relative_to
from service.flows.record_outcome import REASON_LENGTH, Exchange, give_back, record_not_taken
from service.ledger import Event
from service.store.parts import PartRow

# What EHRs answer to a write about somebody whom they do not know (any more); HAPI's word is 400.
_MAY_MEAN_THE_PATIENT = (400, 404, 410, 422)
_REASONS = {
    Standing.GONE: "the EHR does not know this patient (any more); merge them here, or discard it",
    Standing.ENTANGLED: "the EHR replaced this patient; both have rated here: merge them by hand, then retry",
}


def follow_patient(work: Work, part: PartRow, exchange: Exchange) -> Delivered | Next | None:
    """Return what follows where the patient is the reason of a refusal; None where they are not.

    Whoever was replaced is merged here, and a new plan names who stands for them. ``part`` is as it was
    before it was sent. The EHR is asked once for each refusal.
    """
    if not _may_be_about_patient(exchange):
        return None
    standing = _standing(work, part)
    if standing is Standing.REPLACED:
        record_not_taken(work, part, exchange)
        return Next.AGAIN
    if standing is Standing.STANDS:
        return None
    attempt, now = exchange.attempt(work.lane.now()), work.lane.now()
    reason = _REASONS[standing]
    if standing is Standing.GONE and exchange.outcome.verdict is Verdict.REJECTED:
        # The refusal may name another cause; neither is certain, so both are told.
        reason = f"{exchange.outcome.reason}; {reason}"
    return give_back(work, part, Event.REFUSED, reason=reason[:REASON_LENGTH], due_at=now, attempt=attempt)


def _may_be_about_patient(exchange: Exchange) -> bool:
    refused = exchange.outcome.verdict in (Verdict.REJECTED, Verdict.NOT_TAKEN)
    return refused and exchange.outcome.status in _MAY_MEAN_THE_PATIENT


def _standing(work: Work, part: PartRow) -> Standing:
    """Return how the patient of a part stands, the first of them who no longer does."""
    base = work.lane.client.base_url
    targets = {relative_to(base, one) for one in references_in(json_text.loads(part.body))}
    for target in sorted(one for one in targets if one.startswith("Patient/")):
        place = parse_location(target)
        standing = work.lane.ask_patient(place.id) if place else Standing.STANDS
        if standing is not Standing.STANDS:
            return standing
    return Standing.STANDS
