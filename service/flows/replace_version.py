"""Put a new version in a response's place, with everything that hangs on it brought in line."""

from service.errors import NotFound, StaleVersion
from service.flows.announce import announce_score, is_news
from service.flows.deployment import Write
from service.flows.load import filled_from
from service.flows.new_response import Recorded
from service.flows.queue_delivery import queue_response
from service.flows.recorded import previous_total, recorded_again, tell, with_doubt
from service.flows.review_alliance import Review, review_dyad
from service.flows.write_version import audit_row, score_rows
from service.store.alerts import alerts_of_dyad
from service.store.audit import add_audit
from service.store.patients import lock_dyad
from service.store.responses import (
    ResponseVersion,
    dyad_ratings,
    end_version,
    insert_version,
    lock_current,
)
from service.store.search import is_in_sight

OK = 200


def expect_version(write: Write, response_id: str, expected_version: int | None) -> ResponseVersion:
    """Return the current version, locked, which must be the expected one where one is expected.

    Raises ``NotFound`` and ``StaleVersion``.
    """
    stored = lock_current(write.tx, write.clinic, response_id)
    sight = write.access.sight
    if stored is None or not is_in_sight(write.tx, write.clinic, "response", sight, stored.row_id):
        raise NotFound("There is no such response.")
    if expected_version is not None and stored.version != expected_version:
        raise StaleVersion("The response has changed since that version.", at="If-Match")
    return stored


def leave_unchanged(write: Write, stored: ResponseVersion) -> Recorded:
    """Return what the stored version gave, once the audit knows that it was asked for again."""
    add_audit(write.tx, audit_row(write.access, write.now, OK, stored.id, stored.alias_row))
    return recorded_again(write.tx, write.deployment, stored)


def replace_version(write: Write, stored: ResponseVersion, version: ResponseVersion) -> Recorded:
    """Store the new version, review the dyads that it touches, queue what the EHR is to be told."""
    if stored.row_id is None:  # it was read from the store
        raise LookupError(stored.id)
    # CAUTION: before the insert, whose foreign key takes a share of the dyad's row: two that hold a share and
    # want the whole of it wait for each other.
    dyads = {row: lock_dyad(write.tx, row) for row in sorted({stored.dyad_row, version.dyad_row})}
    end_version(write.tx, stored.row_id, write.now)
    filled = filled_from(version, write.deployment.known)
    insert_version(write.tx, version, score_rows(filled))
    if is_news(version, stored):
        announce_score(write, version)
    patient_key = dyads[version.dyad_row].patient_key
    own = queue_response(write, filled, patient_key=patient_key)
    review, left = _review(write, stored, version)
    add_audit(write.tx, audit_row(write.access, write.now, OK, version.id, version.alias_row))
    recorded = tell(
        write.deployment,
        filled,
        before=previous_total(review.judged, filled),
        age_years=version.age_years,
        alerts=review.raised_by(version.id),
        deliveries=(*own, *review.deliveries, *left),
        created=True,
    )
    return with_doubt(write.tx, version, recorded)


def _review(
    write: Write, stored: ResponseVersion, version: ResponseVersion
) -> tuple[Review, tuple[str, ...]]:
    """Review the dyad of the new version and, where it left another one, that too.

    The alert that the response had opened moves with it.
    """
    tx, clinic = write.tx, write.clinic
    dyad = lock_dyad(tx, version.dyad_row)
    if stored.dyad_row == dyad.row:
        return review_dyad(write, dyad, dyad_ratings(tx, clinic, dyad.row)), ()
    left = lock_dyad(tx, stored.dyad_row)
    moving = [row for row in alerts_of_dyad(tx, clinic, left.row) if row.opened_by == stored.id]
    review = review_dyad(write, dyad, dyad_ratings(tx, clinic, dyad.row), arriving=moving)
    return review, review_dyad(write, left, dyad_ratings(tx, clinic, left.row)).deliveries
