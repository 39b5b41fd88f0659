"""What a response leaves to its Encounter: therapist and, at the FHIR door, the session's date.

What its sender says is never asked about. At ``/v1`` a session's date counts as said even where it is left
out: the date of ``authored`` is documented as its default there.
"""

from dataclasses import replace

from service.ehr.places import parse_location
from service.flows.deployment import Write
from service.flows.new_response import NewResponse
from service.flows.patient_references import reference_here
from service.settings import Settings
from service.store.look_ups import DONE, LookUp, drop_look_up, find_look_up, put_look_up

_RELATIVE = "Encounter/"


def want_session(write: Write, new: NewResponse, response_id: str) -> None:
    """Keep that the EHR is to be asked what a new response leaves open, in its own transaction."""
    wanted = _wanted(write, new, response_id)
    if wanted is not None:
        put_look_up(write.tx, wanted)


def want_session_again(write: Write, new: NewResponse, response_id: str) -> None:
    """Bring what is to be asked in line with a correction; what was learnt of the same Encounter stays."""
    if new.origin == "ehr":  # the EHR was asked before the correction
        return
    wanted = _wanted(write, new, response_id)
    known = find_look_up(write.tx, write.clinic, response_id)
    if wanted is None:
        drop_look_up(write.tx, write.clinic, response_id)
    elif known is None or not _is_answered(known, wanted):
        put_look_up(write.tx, wanted)


def with_known_session(write: Write, new: NewResponse, response_id: str) -> NewResponse:
    """Return a correction with what was learnt of its Encounter, where it says nothing itself."""
    wanted = _wanted(write, new, response_id)
    known = find_look_up(write.tx, write.clinic, response_id) if wanted else None
    if wanted is None or known is None or not _is_answered(known, wanted):
        return new
    return replace(
        new,
        therapist=new.therapist or known.therapist or None,
        session_date=new.session_date or (known.session_date if wanted.wants_date else "") or None,
    )


def _wanted(write: Write, new: NewResponse, response_id: str) -> LookUp | None:
    settings = write.deployment.settings
    encounter_id = _encounter_id(new.encounter, settings)
    wants_therapist, wants_date = new.therapist is None, new.session_date is None and new.origin == "fhir"
    if not encounter_id or new.origin == "ehr" or not (wants_therapist or wants_date):
        return None
    return LookUp(
        clinic=write.clinic,
        ehr=settings.ehr_name,
        response_id=response_id,
        encounter_id=encounter_id,
        wants_therapist=wants_therapist,
        wants_date=wants_date,
        due_at=write.now,
        updated_at=write.now,
    )


def _encounter_id(encounter: str | None, settings: Settings) -> str:
    """Return the logical id of an Encounter of the EHR's, '' for one elsewhere or none."""
    here = reference_here(encounter, settings) if encounter else ""
    place = parse_location(here) if here.startswith(_RELATIVE) else None
    return place.id if place else ""


def _is_answered(known: LookUp, wanted: LookUp) -> bool:
    return (
        known.state == DONE
        and known.encounter_id == wanted.encounter_id
        and known.wants_therapist >= wanted.wants_therapist
        and known.wants_date >= wanted.wants_date
    )
