"""Take in one form that was filled in the EHR: read, scored, judged and recorded, or parked with the reason.

Never lost: whatever came has a row, in the transaction that moves the cursor past it. Never doubled: a
version that is known is passed by, and so is what we wrote there ourselves. No form stops those behind it.
"""

from dataclasses import asdict, replace
from datetime import timedelta

from fhir_mappings import json_text
from fhir_mappings.answers import canonical_answers
from fhir_mappings.elements import Json
from fhir_mappings.errors import Fault, FaultsFound
from fhir_mappings.form_map import FormMap, from_ehr_form
from fhir_mappings.form_names import find_form
from service.clock import from_instant
from service.errors import (
    EhrError,
    EhrSilent,
    EhrUnreadable,
    FaultsInRequest,
    LeaseLost,
    RequestRefused,
    ServiceError,
)
from service.flows.correct_response import update_in, withdraw_in
from service.flows.deployment import Deployment, Write
from service.flows.intake import FORM, Came, Intake
from service.flows.load import read_answers
from service.flows.new_response import NewResponse
from service.flows.own_ids import id_by_form
from service.flows.read_submitted import UPDATE_STATUSES, read_submitted
from service.flows.record_response import record_within
from service.flows.resolve_people import resolve_people
from service.store.database import Tx
from service.store.erasures import id_standing
from service.store.inbound import (
    DUE,
    PARKED,
    TAKEN,
    InboundCame,
    add_inbound,
    change_inbound,
    find_by_ehr_reference,
    is_known,
    is_written_by_us,
    move_cursor,
    subject_alone,
)
from service.store.responses import IN_ERROR, ResponseVersion

WITHDRAWN = "entered in error, in the EHR"
_PATIENCE = timedelta(days=1)
_TRIED_AGAIN = "The EHR fails at what it is asked about its people; it is tried again."
_NO_ANSWER = "The EHR kept failing for a day at what it was asked about its people."
_LONGEST_REASON = 255


def take_in(intake: Intake, came: Came) -> str:
    """Return what became of one version: ``taken``, ``parked``, or '' where there is nothing to take in.

    ``due``: the EHR fails at what it is asked about its people, and it is tried again for a day. Raises
    ``LeaseLost`` where a person decided about it meanwhile, and ``EhrError`` where the EHR is away: it comes
    again; one that went silent over this form keeps it as due.
    """
    try:
        if not _is_wanted(intake, came):
            return ""
        new = None if came.resource.get("status") == IN_ERROR else _read(intake, came)
        return _record(intake, came, new)
    except RequestRefused as refused:
        return _park(intake, came, refused.message, refused.faults)
    except FaultsFound as found:
        return _park(intake, came, "The form has faults.", found.faults)
    except EhrUnreadable as error:
        return _put_off(intake, came, error)
    except EhrSilent as error:
        _put_off(intake, came, error)
        raise
    except ServiceError:
        raise
    except Exception as error:  # noqa: BLE001 - what one form trips over must not stop the others
        message = f"This service failed at it ({type(error).__name__})."
        return _park(intake, came, message, (Fault(FORM, "service-failed", message),))


def form_map_of(deployment: Deployment, canonical: object) -> FormMap | None:
    """Return the map of the EHR's form with this canonical, or None."""
    return next((one for one in deployment.form_maps.values() if one.is_of(canonical)), None)


def _is_wanted(intake: Intake, came: Came) -> bool:
    """Tell whether this is a form of ours, or mapped to one: not known, not erased, not written by us."""
    deployment, resource = intake.deployment, came.resource
    identifier = resource.get("identifier")
    if isinstance(identifier, dict) and identifier.get("system") == deployment.names.identifier("response"):
        return False
    with deployment.database.read() as tx:
        if is_written_by_us(tx, intake.clinic, intake.ehr, came.ehr_id):
            return False
        if came.row is not None:
            return True
        if id_standing(tx, intake.clinic, id_by_form(intake.clinic, intake.ehr, came.ehr_id)) == "erased":
            return False
        if is_known(tx, intake.clinic, intake.ehr, came.ehr_id, came.ehr_version):
            return False
        # What was taken once is followed even where its form was turned off since.
        is_taken = is_taken_here(deployment, resource.get("questionnaire"))
        return is_taken or _stored(tx, intake, came) is not None


def is_taken_here(deployment: Deployment, canonical: object) -> bool:
    """Tell whether a canonical is of a form that is taken: ours or the clinic's wording, or the EHR's own."""
    mapped = form_map_of(deployment, canonical)
    if mapped is not None:
        return mapped.instrument in deployment.instruments
    is_ours = isinstance(canonical, str) and find_form(canonical, deployment.instruments, deployment.names)
    return bool(is_ours)


def _read(intake: Intake, came: Came) -> NewResponse:
    """Return the response that the form holds; raises ``RequestRefused``, ``FaultsFound``, ``EhrError``."""
    deployment = intake.deployment
    resource = resolve_people(intake, came.resource)
    mapped = form_map_of(deployment, resource.get("questionnaire"))
    if mapped is None:
        new = read_submitted(resource, came.body, deployment, update=True)
    else:
        new = _read_mapped(deployment, mapped, resource, came.body)
    if came.is_from_our_door:
        return new
    return replace(new, origin="ehr", ehr_reference=_reference(came))


def _read_mapped(deployment: Deployment, mapped: FormMap, resource: Json, body: bytes) -> NewResponse:
    instrument = deployment.known[mapped.instrument]
    translated = from_ehr_form(resource, mapped, instrument, deployment.names)
    try:
        return read_submitted(translated.resource, body, deployment, UPDATE_STATUSES, update=True)
    except FaultsInRequest as refused:
        faults = [translated.found_at(fault) for fault in refused.faults]
        raise FaultsInRequest(faults, status=refused.status) from refused


def _record(intake: Intake, came: Came, new: NewResponse | None) -> str:
    """Record, correct or (``new`` None) withdraw, and keep that it was done, all in one transaction."""
    deployment = intake.deployment
    with deployment.database.write() as tx:
        access = intake.access("D" if new is None else "C")
        write = Write(tx, deployment, access, deployment.clock())
        if came.row is None and is_known(tx, intake.clinic, intake.ehr, came.ehr_id, came.ehr_version):
            return ""  # another worker was faster
        stored = _stored(tx, intake, came)
        response_id = _write(write, stored, new)
        kept = InboundCame(
            came.ehr_id,
            came.ehr_version,
            TAKEN,
            subject_alone(came.body) if new is None else b"",
            response_id=response_id,
        )
        _keep(tx, intake, came, kept)
        intake.crash_point("inbound-recorded")
    return TAKEN


def _stored(tx: Tx, intake: Intake, came: Came) -> ResponseVersion | None:
    """Return the response that this form was before, or None."""
    if came.is_from_our_door:
        return None
    return find_by_ehr_reference(tx, intake.clinic, _references(intake, came))


def _write(write: Write, stored: ResponseVersion | None, new: NewResponse | None) -> str | None:
    """Return the id of the response that the form came to; None for a withdrawn one that never was here."""
    if new is None:
        return None if stored is None else withdraw_in(write, stored.id, None, WITHDRAWN).filled.id
    if stored is None:
        return record_within(write, new).filled.id
    if stored.origin != "ehr" and _answers_alike(write.deployment, stored, new):
        return stored.id  # sent to us by the EHR's own system, with more than the form says
    return update_in(write, stored.id, None, _completed_by(stored, new)).filled.id


def _answers_alike(deployment: Deployment, stored: ResponseVersion, new: NewResponse) -> bool:
    instrument = deployment.known[stored.instrument]
    before = read_answers(instrument, stored.answers, stored.bare_total)
    return instrument.id == new.instrument.id and canonical_answers(instrument, before) == canonical_answers(
        instrument, new.answers
    )


def _completed_by(stored: ResponseVersion, new: NewResponse) -> NewResponse:
    """Return a later version with what the form is silent about as it was: silence corrects nothing."""
    return replace(
        new,
        therapist=new.therapist or stored.therapist or None,
        encounter=new.encounter or stored.encounter,
        session_date=new.session_date or stored.session_date,
        session_number=new.session_number or stored.session_number,
        author=new.author or stored.author,
        language=new.language or stored.language,
    )


def _park(intake: Intake, came: Came, reason: str, faults: tuple[Fault, ...]) -> str:
    """Keep what cannot be taken, whole, for a person to look at."""
    told = json_text.dumps([asdict(fault) for fault in faults]).decode()
    kept = InboundCame(
        came.ehr_id, came.ehr_version, PARKED, came.body, _reason(reason, faults), told, response_id=None
    )
    with intake.deployment.database.write() as tx:
        if came.row is None and is_known(tx, intake.clinic, intake.ehr, came.ehr_id, came.ehr_version):
            return ""
        _keep(tx, intake, came, kept)
    intake.log.event("inbound_parked", ehr=intake.ehr, code=faults[0].reason, count=len(faults))
    return PARKED


def _put_off(intake: Intake, came: Came, error: EhrError) -> str:
    """Keep a form about whose people the EHR fails to answer, to be tried again; park it after a day."""
    now = intake.deployment.clock()
    if came.row is not None and from_instant(came.row.received_at) + _PATIENCE < now:
        return _park(intake, came, _NO_ANSWER, (Fault(FORM, "people-not-looked-up", _NO_ANSWER),))
    kept = InboundCame(came.ehr_id, came.ehr_version, DUE, came.body, _TRIED_AGAIN)
    with intake.deployment.database.write() as tx:
        if came.row is None and is_known(tx, intake.clinic, intake.ehr, came.ehr_id, came.ehr_version):
            return ""
        _keep(tx, intake, came, kept)
    intake.log.event("inbound_put_off", ehr=intake.ehr, code=error.code)
    return DUE


def _reason(reason: str, faults: tuple[Fault, ...]) -> str:
    """Return the sentence for the list: the fault's own where there is one only."""
    told = faults[0].message if len(faults) == 1 else f"{reason} ({len(faults)})"
    return told[:_LONGEST_REASON]


def _keep(tx: Tx, intake: Intake, came: Came, kept: InboundCame) -> None:
    """Keep what became of a version, and how far the EHR is read by it."""
    if came.row is None:
        add_inbound(tx, intake.clinic, intake.ehr, kept, intake.now())
    else:
        changed = change_inbound(
            tx,
            intake.clinic,
            came.row,
            intake.now(),
            state=kept.state,
            reason=kept.reason,
            faults=kept.faults,
            response_id=kept.response_id,
            body=kept.body,
            tries=came.row.tries + 1,
        )
        if changed is None:
            raise LeaseLost("somebody else decided about it meanwhile")
    if came.read_until:
        move_cursor(tx, intake.clinic, intake.ehr, read_until=came.read_until)


def _reference(came: Came) -> str:
    return f"{FORM}/{came.ehr_id}"


def _references(intake: Intake, came: Came) -> tuple[str, str]:
    own = _reference(came)
    return own, f"{intake.client.base_url}/{own}"
