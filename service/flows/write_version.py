"""One version of a response as rows: what recording, correcting and withdrawing have in common."""

import hashlib
from datetime import date, datetime, timedelta
from decimal import Decimal

from fhir_mappings import json_text
from fhir_mappings.answers import canonical_answers
from fhir_mappings.filled import Filled
from fhir_mappings.observation import observation_parts
from service.clock import as_instant
from service.flows.audit_kinds import kind_of
from service.flows.deployment import Access, Write
from service.flows.load import write_answers
from service.flows.new_response import NewResponse
from service.flows.patient_references import reference_here
from service.settings import Settings
from service.store.audit import AuditRow
from service.store.dyad_words import SaidOfDyad
from service.store.patients import Alias, Dyad, take_dyad
from service.store.responses import ResponseVersion, ScoreRow


def session_date_of(new: NewResponse) -> str:
    """Return the session's date: as given, else the date on which the form was filled, in its own zone."""
    return new.session_date or new.authored[:10]


def content_hash(new: NewResponse, settings: Settings) -> str:
    """Return the fingerprint of what makes two responses the same.

    That is: instrument, canonical answers (9.2 equals 9.20), patient, therapist, session and authored; of an
    unfinished form also its status. Narrative, meta and unknown extensions do not count.
    """
    content = [
        new.instrument.reference,
        canonical_answers(new.instrument, new.answers),
        reference_here(new.patient, settings),
        new.therapist and reference_here(new.therapist, settings),
        reference_here(new.source, settings),
        session_date_of(new),
        new.session_number,
        new.encounter,
        as_instant(datetime.fromisoformat(new.authored)),
        *(() if new.scored else (new.status,)),
    ]
    return hashlib.sha256(json_text.dumps(content)).hexdigest()


def first_version(
    write: Write,
    new: NewResponse,
    response_id: str,
    alias: Alias,
    dyad: Dyad,
) -> ResponseVersion:
    """Return version 1 of a new response."""
    session_date, now = session_date_of(new), write.now
    form, _, form_version = new.instrument.form_reference(new.wording).partition("|")
    limit = timedelta(days=write.deployment.settings.historical_after_days)
    is_late = write.moment.date() - date.fromisoformat(session_date) > limit
    return ResponseVersion(
        clinic=write.clinic,
        id=response_id,
        version=1,
        status=new.status,
        dyad_row=dyad.row,
        alias_row=alias.row,
        patient=new.patient,
        therapist=new.therapist or "",
        instrument=new.instrument.id,
        instrument_version=new.instrument.version,
        form=form,
        form_version=form_version,
        perspective=new.instrument.perspective,
        source=new.source,
        author=new.author,
        encounter=new.encounter,
        authored=new.authored,
        authored_at=as_instant(datetime.fromisoformat(new.authored)),
        session_date=session_date,
        session_number=new.session_number,
        another_session=new.another_session,
        language=new.language,
        age_years=new.age_years,
        identifier_system=new.identifier.system if new.identifier else None,
        identifier_value=new.identifier.value if new.identifier else None,
        origin=new.origin,
        historical=is_late or new.origin == "import",  # what is imported is no news, however young
        ehr_reference=new.ehr_reference,
        answers=write_answers(new.answers),
        bare_total=new.answers.total,
        content_hash=content_hash(new, write.deployment.settings),
        body=new.body,
        withdraw_reason=None,
        received_at=now,
        believed_from=now,
        scored=new.scored,
        patient_identifier_system=new.patient_identifier.system if new.patient_identifier else None,
        patient_identifier_value=new.patient_identifier.value if new.patient_identifier else None,
    )


def take_dyad_of(write: Write, new: NewResponse, alias: Alias) -> Dyad:
    """Return the dyad that a response belongs to, made where it is new."""
    settings = write.deployment.settings
    therapist = reference_here(new.therapist, settings) if new.therapist else ""
    return take_dyad(write.tx, write.clinic, alias.patient_key, therapist, write.now)


def said_of_dyad(new: NewResponse, version: ResponseVersion) -> SaidOfDyad:
    """Return what a response says of the dyad that it was stored in."""
    said = {"site": new.site, "team": new.team, "approach": new.approach}
    words = {name: word for name, word in said.items() if word is not None}
    return SaidOfDyad(version.dyad_row, version.session_date, words)


def score_rows(filled: Filled) -> list[ScoreRow]:
    """Return a row for every score, and for every item and panel that becomes an Observation."""
    shown = observation_parts(filled)
    code = filled.instrument.code
    rows = [
        ScoreRow(
            part=one.id,
            kind="score",
            code=code(one.id),
            value=one.value,
            answered=one.answered,
            of=one.of,
            prorated=one.prorated,
            observed=one.id in shown,
        )
        for one in filled.scores
    ]
    # An answer that is its own score has one row; yes or no and choices have no number.
    values, scored = filled.answers.values, {one.id for one in filled.scores}
    answered = [part for part in shown if part not in scored and part != "panel"]
    rows.extend(_plain_row(part, "item", code(part), values.get(part)) for part in answered)
    if "panel" in shown:
        rows.append(_plain_row("panel", "panel", code(), None))
    return rows


def audit_row(
    access: Access,
    at: str,
    status: int,
    subject: str,
    patient_row: int | None = None,
    *,
    patient_key: str = "",
    query: str = "",
) -> AuditRow:
    """Return the audit's row of this access; the patient by the alias' row or our key, where it has one.

    ``query``: names of parameters that are offered.
    """
    kind = kind_of(access.route, access.action)
    return AuditRow(
        clinic=access.clinic,
        at=at,
        action=kind.action,
        route=access.route,
        caller=access.caller,
        status=status,
        subject=subject,
        request_id=access.request_id,
        interaction=kind.interaction,
        resource=kind.resource,
        address=access.address,
        patient_row=patient_row,
        patient_key=patient_key,
        query=query,
        person=access.person or access.person_name,
        reason=access.refused,
    )


def _plain_row(part: str, kind: str, code: str, value: Decimal | None) -> ScoreRow:
    return ScoreRow(
        part=part, kind=kind, code=code, value=value, answered=None, of=None, prorated=False, observed=True
    )
