"""Record one response: checked at the door, scored, judged and stored durably with its deliveries.

1 shape, 2 right to write, 3 items and ranges: the doors.  4 scores: here.  Then in ONE transaction:
the patient and dyad, duplicates, 5 earlier scores, 6 check-in prompts and alerts, 7 response, scores, alerts,
deliveries and the audit's row. What the EHR is told, and in which form, the worker decides later.
"""

from fhir_mappings.filled import Filled
from service.flows.announce import announce_score
from service.flows.deployment import Access, Deployment, Write
from service.flows.judge_dyad import JUDGED_SCALE
from service.flows.judge_next import judge_next
from service.flows.keep_in_sight import refuse_beyond_sight, taken
from service.flows.load import filled_from
from service.flows.new_response import NewResponse, Recorded
from service.flows.own_ids import choose_response_id
from service.flows.patient_references import reference_here
from service.flows.queue_delivery import queue_response
from service.flows.recorded import previous_total, recorded_again, tell, with_doubt
from service.flows.review_alliance import review_dyad
from service.flows.same_session import find_same_session
from service.flows.want_session import want_session
from service.flows.write_version import (
    audit_row,
    content_hash,
    first_version,
    said_of_dyad,
    score_rows,
    take_dyad_of,
)
from service.store.audit import add_audit
from service.store.batches import HeldIdentifier
from service.store.dyad_words import tell_words
from service.store.lost_races import repeat_lost_races
from service.store.patients import Dyad, keep_judged, take_alias
from service.store.responses import (
    IN_ERROR,
    DyadRating,
    ResponseVersion,
    dyad_ratings,
    find_by_identifier,
    in_therapy_order,
    insert_version,
    lock_identifier,
    rating_of,
)

CREATED = 201
STORED_ALREADY = 200


@repeat_lost_races
def record_response(deployment: Deployment, new: NewResponse, access: Access) -> Recorded:
    """Return what recording gave; ``created`` is False where the same response was stored already.

    Raises ``Duplicate`` (naming the stored id) where its identifier is taken by other content, or where this
    respondent has rated this session on this instrument before, and ``Erased``. Nothing is stored then; the
    door, which answers the refusal, adds the audit's row.
    """
    with deployment.database.write() as tx:
        return record_within(Write(tx, deployment, access, deployment.clock()), new)


def record_within(write: Write, new: NewResponse, response_id: str | None = None) -> Recorded:
    """Return what recording gave, as ``record_response`` does, in a transaction that is under way.

    ``response_id`` is the id that a new response gets, where it was chosen before.
    """
    tx, deployment, access = write.tx, write.deployment, write.access
    refuse_beyond_sight(write, new)
    stored = find_stored(write, new)
    if stored:
        add_audit(tx, audit_row(access, write.now, STORED_ALREADY, stored.id, stored.alias_row))
        return recorded_again(tx, deployment, stored)
    patient = reference_here(new.patient, deployment.settings)
    alias = take_alias(tx, write.clinic, patient, write.now)
    dyad = take_dyad_of(write, new, alias)
    version = first_version(write, new, response_id or choose_response_id(write, new), alias, dyad)
    filled = filled_from(version, deployment.known)
    rating = _as_rating(version, filled)
    onward = judge_next(write, dyad, rating)
    ratings = [] if onward else _of_other_sessions(write, dyad, rating)
    insert_version(tx, version, score_rows(filled))
    tell_words(tx, write.clinic, [said_of_dyad(new, version)], write.now)
    announce_score(write, version)
    want_session(write, new, version.id)
    own = queue_response(write, filled, patient_key=alias.patient_key)
    add_audit(tx, audit_row(access, write.now, CREATED, version.id, alias.row))
    if onward:  # no alert changes by it
        keep_judged(tx, dyad.row, onward.judged)
        before, review = onward.before, None
    else:
        review = review_dyad(write, dyad, in_therapy_order([*ratings, rating]))
        before = previous_total(review.judged, filled)
    recorded = tell(
        deployment,
        filled,
        before=before,
        age_years=version.age_years,
        alerts=review.raised_by(filled.id) if review else (),
        deliveries=(*own, *(review.deliveries if review else ())),
        created=True,
    )
    return with_doubt(tx, version, recorded)


def _of_other_sessions(write: Write, dyad: Dyad, rating: DyadRating) -> list[DyadRating]:
    """Return the dyad's ratings, none of which is of the same session; raises ``Duplicate``."""
    ratings = dyad_ratings(write.tx, write.clinic, dyad.row)
    find_same_session(rating, ratings, write.deployment.settings)
    return ratings


def find_stored(write: Write, new: NewResponse) -> ResponseVersion | None:
    """Return the stored response of the same identifier and content, or None; raises ``Duplicate``."""
    if new.identifier is None:
        return None
    lock_identifier(write.tx, write.clinic, new.identifier.value)
    stored = find_by_identifier(write.tx, write.clinic, new.identifier.system, new.identifier.value)
    why = stored and why_taken(stored, content_hash(new, write.deployment.settings))
    if stored and why:
        raise taken(write, stored, why)
    return stored


def why_taken(stored: ResponseVersion | HeldIdentifier, content: str) -> str | None:
    """Return why an identifier is taken for content of this fingerprint; None where it is the same."""
    if stored.status == IN_ERROR:
        return f"Response {stored.id} of this identifier was withdrawn: use another identifier."
    if stored.content_hash != content:
        return f"This identifier belongs to response {stored.id} with other content: correct that one."
    return None


def _as_rating(version: ResponseVersion, filled: Filled) -> DyadRating:
    return rating_of(version, next((one.value for one in filled.scores if one.id == JUDGED_SCALE), None))
