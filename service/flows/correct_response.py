"""Correct or withdraw a response: a new version, with everything that hangs on it brought in line."""

from dataclasses import replace

from fhir_mappings.errors import Fault
from service.errors import FaultsInRequest, NotFound, StaleVersion, WrongState
from service.flows.deployment import Access, Deployment, Write
from service.flows.load import filled_from
from service.flows.new_response import NewResponse, Recorded
from service.flows.patient_references import reference_here
from service.flows.queue_delivery import queue_response
from service.flows.recorded import recorded_again, tell
from service.flows.review_alliance import review_dyad
from service.flows.same_session import find_same_session
from service.flows.write_version import audit_row, first_version, score_rows
from service.store.audit import add_audit
from service.store.patients import Dyad, dyad_of, take_alias, take_dyad
from service.store.responses import (
    IN_ERROR,
    ResponseVersion,
    dyad_ratings,
    end_version,
    find_current,
    insert_version,
)

OK = 200


def correct_response(
    deployment: Deployment,
    response_id: str,
    expected_version: int,
    new: NewResponse,
    access: Access,
) -> Recorded:
    """Return what the corrected version gave; the same content again changes nothing.

    Raises ``NotFound``, ``StaleVersion``, ``WrongState`` (entered in error), ``FaultsInRequest`` where the
    patient or instrument would change (withdraw and record anew instead), ``Duplicate`` where the session
    was rated already.
    """
    with deployment.database.write() as tx:
        write = Write(tx, deployment, access, deployment.clock())
        stored = _expect(write, response_id, expected_version)
        _refuse_another_subject(stored, new)
        version = _corrected(write, stored, new)
        if version.content_hash == stored.content_hash and version.dyad_row == stored.dyad_row:
            return _unchanged(write, stored)
        return _replace(write, stored, version)


def withdraw_response(
    deployment: Deployment,
    response_id: str,
    expected_version: int | None,
    reason: str,
    access: Access,
) -> Recorded:
    """Return the response as entered in error; its scores count no longer, its chart entries are withdrawn.

    Withdrawing it again changes nothing. Raises ``NotFound`` and ``StaleVersion``.
    """
    with deployment.database.write() as tx:
        write = Write(tx, deployment, access, deployment.clock())
        stored = find_current(tx, write.clinic, response_id)
        if stored is None:
            raise NotFound("There is no such response.")
        if stored.status == IN_ERROR:
            return _unchanged(write, stored)
        if expected_version is not None and stored.version != expected_version:
            raise StaleVersion("The response has changed since that version.")
        version = replace(
            stored,
            row_id=None,
            version=stored.version + 1,
            status=IN_ERROR,
            withdraw_reason=reason,
            believed_from=write.now,
        )
        return _replace(write, stored, version)


def _expect(write: Write, response_id: str, expected_version: int) -> ResponseVersion:
    stored = find_current(write.tx, write.clinic, response_id)
    if stored is None:
        raise NotFound("There is no such response.")
    if stored.version != expected_version:
        raise StaleVersion("The response has changed since that version.")
    if stored.status == IN_ERROR:
        raise WrongState("The response was withdrawn; record a new one instead.")
    return stored


def _refuse_another_subject(stored: ResponseVersion, new: NewResponse) -> None:
    faults = []
    if new.patient != stored.patient:
        faults.append(Fault("patient", "not-correctable", "A response cannot move to another patient."))
    if new.instrument.id != stored.instrument:
        faults.append(Fault("instrument", "not-correctable", "A response cannot move to another instrument."))
    if faults:
        raise FaultsInRequest(faults)


def _unchanged(write: Write, stored: ResponseVersion) -> Recorded:
    add_audit(write.tx, audit_row(write.access, write.now, OK, stored.id))
    return recorded_again(write.tx, write.deployment, stored)


def _corrected(write: Write, stored: ResponseVersion, new: NewResponse) -> ResponseVersion:
    patient = reference_here(new.patient, write.deployment.settings)
    alias = take_alias(write.tx, write.clinic, patient, write.now)
    context = {"site": new.site, "team": new.team, "approach": new.approach}
    therapist = new.therapist or ""
    dyad = take_dyad(write.tx, write.clinic, alias.patient_key, therapist, write.now, **context)
    find_same_session(new, dyad_ratings(write.tx, write.clinic, dyad.row), besides=stored.id)
    fresh = first_version(write, new, stored.id, alias, dyad)
    return replace(
        fresh,
        version=stored.version + 1,
        status="amended",
        identifier_system=fresh.identifier_system or stored.identifier_system,
        identifier_value=fresh.identifier_value or stored.identifier_value,
        # A correction does not turn an old rating into news, nor a new one into history.
        historical=stored.historical,
        ehr_reference=stored.ehr_reference,
        origin=stored.origin,
        received_at=stored.received_at,
    )


def _replace(write: Write, stored: ResponseVersion, version: ResponseVersion) -> Recorded:
    if stored.row_id is None:  # it was read from the store
        raise LookupError(stored.id)
    end_version(write.tx, stored.row_id, write.now)
    filled = filled_from(version, write.deployment.known)
    insert_version(write.tx, version, score_rows(filled))
    dyad = dyad_of(write.tx, version.dyad_row)
    own = queue_response(write, filled.instrument, version.id, version.version, patient_key=dyad.patient_key)
    left = _review_left(write, stored, dyad)
    review = review_dyad(write, dyad, dyad_ratings(write.tx, write.clinic, dyad.row))
    add_audit(write.tx, audit_row(write.access, write.now, OK, version.id))
    return tell(
        write.deployment,
        filled,
        review.judged,
        age_years=version.age_years,
        alerts=review.raised_by(version.id),
        deliveries=(*own, *left, *review.deliveries),
        created=True,
    )


def _review_left(write: Write, stored: ResponseVersion, dyad: Dyad) -> tuple[str, ...]:
    """Review the dyad that the response left, if it left one, and return the deliveries of that."""
    if stored.dyad_row == dyad.row:
        return ()
    left = dyad_of(write.tx, stored.dyad_row)
    return review_dyad(write, left, dyad_ratings(write.tx, write.clinic, left.row)).deliveries
