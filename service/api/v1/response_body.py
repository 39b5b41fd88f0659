"""Read the body of ``POST /v1/responses`` and of a correction: every fault at once, or a ``NewResponse``."""

import re

from fhir_mappings.answers import check_answers
from fhir_mappings.catalogue import find
from fhir_mappings.errors import AnswersRefused, Fault
from fhir_mappings.filled import Answers
from fhir_mappings.instrument import Instrument
from service.api.bodies import JsonBody
from service.api.v1.fields import Fields, as_key, read_identifier, to_identifier
from service.flows.check_request import SessionClaims, default_source, find_session_faults
from service.flows.choose_instruments import IS_OFF
from service.flows.deployment import Deployment
from service.flows.new_response import NewResponse, Origin

FIELDS = (
    "instrument",
    "patient",
    "patient_identifier",
    "therapist",
    "session_number",
    "session_date",
    "authored",
    "identifier",
    "answers",
    "scores",
    "respondent",
    "recorded_by",
    "ehr_reference",
    "encounter",
    "another_session",
    "language",
    "age_years",
    "site",
    "team",
    "approach",
)
_KNOWN = frozenset(FIELDS)
_TOTAL = "total"
# Where the session's claims stand in this body, where that is not their own name.
_PLACES = {
    "source": "respondent",
    "author": "recorded_by",
    "identifier.system": "identifier",
    "identifier.value": "identifier",
    "patient_identifier.system": "patient_identifier",
    "patient_identifier.value": "patient_identifier",
}
_BARE_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


def read_response_body(body: JsonBody, deployment: Deployment, origin: Origin = "v1") -> NewResponse:
    """Return what was sent, checked; raises ``FaultsInRequest`` with every fault, in field order."""
    fields = Fields(body.value, _KNOWN)
    instrument = _instrument(fields, deployment)
    claims = _claims(fields, instrument)
    another_session = fields.flag("another_session")
    answers = _answers(fields, instrument)
    ehr_base = deployment.settings.ehr_base_url
    found = find_session_faults(claims, deployment.clock(), _PLACES, ehr_base=ehr_base)
    if found or fields.faults:
        # A field of the wrong type was read as absent: that it is required is no second fault.
        fields.faults += [one for one in found if fields.is_sound(one.at) and not _follows(one, claims)]
        fields.faults.sort(key=_place)
    fields.refuse_faults()
    if instrument is None or answers is None or claims.patient is None or claims.authored is None:
        raise LookupError("a body without faults has all of these")
    return NewResponse(
        instrument=instrument,
        answers=answers,
        patient=claims.patient,
        source=claims.source or claims.patient,
        author=claims.author,
        therapist=claims.therapist,
        encounter=claims.encounter,
        authored=claims.authored,
        session_date=claims.session_date,
        session_number=claims.session_number,
        another_session=another_session,
        identifier=claims.identifier,
        language=claims.language,
        age_years=claims.age_years,
        site=claims.site,
        team=claims.team,
        approach=claims.approach,
        ehr_reference=claims.ehr_reference,
        origin=origin,
        body=body.raw,
        patient_identifier=claims.patient_identifier,
        wording=instrument.form_in_use.version if instrument.form_in_use else None,
    )


def _follows(fault: Fault, claims: SessionClaims) -> bool:
    """Tell whether a client's form lacks its respondent only because it lacks its patient."""
    return fault.at == "respondent" and claims.perspective == "client" and not claims.source


def _place(fault: Fault) -> int:
    name = fault.at.partition(".")[0]
    return FIELDS.index(name) if name in FIELDS else len(FIELDS)


def _instrument(fields: Fields, deployment: Deployment) -> Instrument | None:
    named = fields.text("instrument")
    if not named:
        if fields.is_sound("instrument"):
            fields.faults.append(Fault("instrument", "required", "The instrument must be named."))
        return None
    found = find(deployment.instruments, named)
    if found is None:
        fields.faults.append(Fault("instrument", *_why_not(named, deployment)))
    return found


def _why_not(named: str, deployment: Deployment) -> tuple[str, str]:
    """Return reason and message for an instrument that is not taken."""
    instrument_id = named.partition("|")[0]
    if instrument_id in deployment.instruments:
        return "unknown-version", "There is no such revision here."
    if instrument_id in deployment.known:
        return IS_OFF
    return "unknown-instrument", "There is no such instrument here."


def _claims(fields: Fields, instrument: Instrument | None) -> SessionClaims:
    # Whoever answers an unknown form cannot be judged: as for a client's form, nothing is asked of it then.
    perspective = instrument.perspective if instrument else "client"
    patient, therapist = fields.text("patient"), fields.text("therapist") or None
    respondent = fields.text("respondent") if instrument else None
    return SessionClaims(
        perspective=perspective,
        patient=patient,
        authored=fields.text("authored"),
        source=respondent or default_source(perspective, patient, therapist),
        therapist=therapist,
        author=fields.text("recorded_by") or None,
        encounter=fields.text("encounter") or None,
        session_date=fields.text("session_date") or None,
        session_number=fields.whole_number("session_number"),
        identifier=read_identifier(fields),
        patient_identifier=to_identifier(fields, "patient_identifier", fields.text("patient_identifier")),
        language=fields.text("language") or None,
        age_years=fields.whole_number("age_years"),
        site=fields.text("site"),
        team=fields.text("team"),
        approach=fields.text("approach"),
        ehr_reference=_ehr_reference(fields),
    )


def _ehr_reference(fields: Fields) -> str | None:
    """Return the reference of the response in the EHR; a bare id is one of a QuestionnaireResponse."""
    given = fields.text("ehr_reference") or None
    return f"QuestionnaireResponse/{given}" if given and _BARE_ID.fullmatch(given) else given


def _answers(fields: Fields, instrument: Instrument | None) -> Answers | None:
    answers, scores = fields.object("answers"), fields.object("scores")
    readable = fields.is_sound("answers") and fields.is_sound("scores")
    fields.faults += [
        Fault(f"scores.{as_key(name)}".rstrip("."), "unknown-score", "Only a total may be sent along.")
        for name in scores
        if name != _TOTAL
    ]
    if instrument is None or not readable:
        return None
    try:
        return check_answers(instrument, answers, scores.get(_TOTAL))
    except AnswersRefused as refused:
        fields.faults += [Fault(_answer_place(f.at), f.reason, f.message) for f in refused.faults]
        return None


def _answer_place(link_id: str) -> str:
    if link_id == _TOTAL:
        return "scores.total"
    return f"answers.{link_id}" if link_id else "answers"
