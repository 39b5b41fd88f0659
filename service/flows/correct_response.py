"""Correct, complete or withdraw a response: a new version takes the place of the current one."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from fhir_mappings.errors import Fault
from fhir_mappings.filled import UNFINISHED
from fhir_mappings.response_head import ROOT
from service.errors import FaultsInRequest, WrongState
from service.flows.deployment import Access, Deployment, Write
from service.flows.keep_in_sight import refuse_beyond_sight, taken
from service.flows.new_response import NewResponse, Recorded
from service.flows.patient_references import reference_here
from service.flows.replace_version import expect_version, leave_unchanged, replace_version
from service.flows.same_session import find_same_session
from service.flows.want_session import want_session_again, with_known_session
from service.flows.write_version import content_hash, first_version, said_of_dyad, take_dyad_of
from service.store.dyad_words import tell_words
from service.store.lost_races import repeat_lost_races
from service.store.patients import Alias, lock_dyad, take_alias
from service.store.responses import (
    IN_ERROR,
    ResponseVersion,
    dyad_ratings,
    find_by_identifier,
    rating_of,
)

# What an update may make of a response; whatever it was, it may become entered in error.
# Source: hl7.org/fhir/R4/valueset-questionnaire-answers-status.html.
_DONE = frozenset({"completed", "amended"})
_MOVES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        **dict.fromkeys(UNFINISHED, UNFINISHED | {"completed"}),
        **dict.fromkeys(_DONE, _DONE),
        IN_ERROR: frozenset(),
    }
)
BY_UPDATE = "entered in error, by an update"


@repeat_lost_races
def correct_response(
    deployment: Deployment,
    response_id: str,
    expected_version: int | None,
    new: NewResponse,
    access: Access,
) -> Recorded:
    """Return what the corrected version gave; the same content again changes nothing.

    ``expected_version`` None: whichever is the current one. A response in progress or stopped is completed
    by this, and then scored, judged and delivered as if it had just been recorded.

    Raises ``NotFound``, ``StaleVersion``, ``WrongState`` (entered in error; with a status of its own, as at
    the FHIR door, ``FaultsInRequest``), ``FaultsInRequest`` where the patient or instrument would change
    (withdraw and record anew instead) or a status that cannot follow, ``Duplicate`` where the session was
    rated already or the identifier is another response's.
    """
    with deployment.database.write() as tx:
        write = Write(tx, deployment, access, deployment.clock())
        return correct_in(write, response_id, expected_version, new)


@repeat_lost_races
def update_response(
    deployment: Deployment,
    response_id: str,
    expected_version: int | None,
    new: NewResponse,
    access: Access,
) -> Recorded:
    """Return what an update with a status of its own gave: entered in error withdraws, all else corrects.

    Raises what ``correct_response`` does.
    """
    with deployment.database.write() as tx:
        write = Write(tx, deployment, access, deployment.clock())
        return update_in(write, response_id, expected_version, new)


def update_in(write: Write, response_id: str, expected_version: int | None, new: NewResponse) -> Recorded:
    """Do what ``update_response`` does, in a transaction that is under way."""
    if new.status != IN_ERROR:
        return correct_in(write, response_id, expected_version, new)
    _refuse_another_subject(write, expect_version(write, response_id, expected_version), new)
    return withdraw_in(write, response_id, expected_version, BY_UPDATE)


def correct_in(write: Write, response_id: str, expected_version: int | None, new: NewResponse) -> Recorded:
    """Do what ``correct_response`` does, in a transaction that is under way."""
    stored = expect_version(write, response_id, expected_version)
    refuse_beyond_sight(write, new)
    _refuse_move(stored, new)
    _refuse_another_subject(write, stored, new)
    # What the EHR said of the session is no word of the sender's: the fingerprint is without it.
    completed = with_known_session(write, new, stored.id)
    said = content_hash(new, write.deployment.settings)
    version = replace(_corrected(write, stored, completed), content_hash=said)
    if _says_the_same(version, stored):
        recorded = leave_unchanged(write, stored)
    else:
        want_session_again(write, new, stored.id)
        recorded = replace_version(write, stored, version)
    # Not before: where the session's date was corrected, the old one is not to stand against it.
    tell_words(write.tx, write.clinic, [said_of_dyad(new, version)], write.now)
    return recorded


@repeat_lost_races
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
        return withdraw_in(write, response_id, expected_version, reason)


def withdraw_in(write: Write, response_id: str, expected_version: int | None, reason: str) -> Recorded:
    """Do what ``withdraw_response`` does, in a transaction that is under way."""
    stored = expect_version(write, response_id, None)
    if stored.status == IN_ERROR:
        return leave_unchanged(write, stored)
    expect_version(write, response_id, expected_version)
    version = replace(
        stored,
        row_id=None,
        version=stored.version + 1,
        status=IN_ERROR,
        withdraw_reason=reason,
        believed_from=write.now,
    )
    return replace_version(write, stored, version)


def _refuse_move(stored: ResponseVersion, new: NewResponse) -> None:
    if stored.status == IN_ERROR and new.origin == "v1":
        raise WrongState("The response was withdrawn; record a new one instead.")
    if new.status not in _MOVES[stored.status]:
        message = "This status cannot follow the one that the response has."
        raise FaultsInRequest([Fault(f"{ROOT}.status", "status-cannot-follow", message)])


def _refuse_another_subject(write: Write, stored: ResponseVersion, new: NewResponse) -> None:
    """Two names of one patient, merged here, are no other patient."""
    places = ("patient", "instrument") if new.origin == "v1" else (f"{ROOT}.subject", f"{ROOT}.questionnaire")
    faults = []
    if _alias(write, new).patient_key != lock_dyad(write.tx, stored.dyad_row).patient_key:
        faults.append(Fault(places[0], "not-correctable", "A response cannot move to another patient."))
    if new.instrument.id != stored.instrument:
        faults.append(Fault(places[1], "not-correctable", "A response cannot move to another instrument."))
    if faults:
        raise FaultsInRequest(faults)


def _alias(write: Write, new: NewResponse) -> Alias:
    patient = reference_here(new.patient, write.deployment.settings)
    return take_alias(write.tx, write.clinic, patient, write.now)


def _corrected(write: Write, stored: ResponseVersion, new: NewResponse) -> ResponseVersion:
    _refuse_foreign_identifier(write, stored, new)
    alias = _alias(write, new)
    dyad = take_dyad_of(write, new, alias)
    fresh = first_version(write, new, stored.id, alias, dyad)
    ratings = dyad_ratings(write.tx, write.clinic, dyad.row)
    find_same_session(rating_of(fresh, None), ratings, write.deployment.settings, besides=stored.id)
    version = replace(
        fresh,
        version=stored.version + 1,
        status="amended" if stored.scored else fresh.status,
        identifier_system=fresh.identifier_system or stored.identifier_system,
        identifier_value=fresh.identifier_value or stored.identifier_value,
        # A correction does not turn an old rating into news, nor a new one into history.
        historical=stored.historical if stored.scored else fresh.historical,
        ehr_reference=stored.ehr_reference,
        origin=stored.origin,
        received_at=stored.received_at,
    )
    if new.origin == "v1":
        return version
    # FHIR has no place for these.
    return replace(version, age_years=stored.age_years, another_session=stored.another_session)


def _refuse_foreign_identifier(write: Write, stored: ResponseVersion, new: NewResponse) -> None:
    if new.identifier is None:
        return
    holder = find_by_identifier(write.tx, write.clinic, new.identifier.system, new.identifier.value)
    if holder is not None and holder.id != stored.id:
        raise taken(write, holder, f"This identifier belongs to response {holder.id}.")


def _says_the_same(version: ResponseVersion, stored: ResponseVersion) -> bool:
    """Tell whether an update would change nothing that anybody reads of a response."""
    compared = (
        "content_hash",
        "dyad_row",
        "author",
        "language",
        "age_years",
        "another_session",
        "identifier_system",
        "identifier_value",
        "patient_identifier_system",
        "patient_identifier_value",
    )
    return all(getattr(version, name) == getattr(stored, name) for name in compared)
