"""What the mappers need, from what the store keeps."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from fhir_mappings import json_text
from fhir_mappings.alert import AlertFacts, EvidenceFacts
from fhir_mappings.filled import Answers, Filled, Identifier
from fhir_mappings.instrument import Instrument
from fhir_mappings.kept_answers import keep_answers, restore_answers
from fhir_mappings.repair import Mitigation
from fhir_mappings.scoring import score
from service.errors import NotFound
from service.store.alerts import AlertRow, find_alert
from service.store.database import Tx
from service.store.responses import ResponseVersion, find_current, find_version


def load_filled(
    tx: Tx,
    clinic: str,
    response_id: str,
    version: int,
    instruments: Mapping[str, Instrument],
) -> Filled:
    """Return one version of a response, scored; raises ``NotFound``."""
    return filled_from(load_version(tx, clinic, response_id, version), instruments)


def load_version(tx: Tx, clinic: str, response_id: str, version: int) -> ResponseVersion:
    """Return one version of a response as it is stored; raises ``NotFound``."""
    stored = find_version(tx, clinic, response_id, version)
    if stored is None:
        raise NotFound("There is no such version of this response.")
    return stored


def load_alert(tx: Tx, clinic: str, alert_id: str, version: int) -> AlertFacts:
    """Return one version of an alert; raises ``NotFound``."""
    row = find_alert(tx, clinic, alert_id, version)
    if row is None:
        raise NotFound("There is no such version of this alert.")
    return alert_facts(row)


def encounter_of(tx: Tx, clinic: str, alert: AlertFacts) -> str | None:
    """Return the encounter of the first rating that an alert rests on, None where it has none."""
    first = find_current(tx, clinic, alert.evidence[0].response_id) if alert.evidence else None
    return first.encounter if first else None


def filled_from(
    stored: ResponseVersion, instruments: Mapping[str, Instrument], answers: Answers | None = None
) -> Filled:
    """Return a stored version as the mappers take it; ``answers`` are its own, where they are at hand.

    Scores are computed anew from the answers and the instrument: the same function gave the stored ones.
    """
    instrument = instruments[stored.instrument]
    if answers is None:
        answers = read_answers(instrument, stored.answers, stored.bare_total)
    identifier = None
    if stored.identifier_value is not None:
        identifier = Identifier(stored.identifier_system or "", stored.identifier_value)
    return Filled(
        id=stored.id,
        version=stored.version,
        status=stored.status,  # type: ignore[arg-type] # the flows write no other
        instrument=instrument,
        answers=answers,
        scores=score(instrument, answers) if stored.scored else (),
        patient=stored.patient,
        source=stored.source,
        author=stored.author,
        therapist=stored.therapist or None,
        encounter=stored.encounter,
        authored=stored.authored,
        identifier=identifier,
        session_date=stored.session_date,
        session_number=stored.session_number,
        language=stored.language,
        last_updated=stored.believed_from,
        wording=None if stored.form == stored.instrument else stored.form_version,
        scored=stored.scored,
    )


def alert_facts(row: AlertRow) -> AlertFacts:
    """Return a stored alert as the mappers take it."""
    evidence = tuple(map(_evidence_facts, json_text.loads(row.evidence)))
    return AlertFacts(
        id=row.id,
        version=row.version,
        status=row.status,  # type: ignore[arg-type] # the flows write no other
        severity=row.severity,  # type: ignore[arg-type] # the flows write no other
        patient=row.patient,
        therapist=row.therapist or None,
        raised_at=row.raised_at,
        updated_at=row.updated_at,
        text=row.text,
        rule=row.rule,
        method=row.method,
        norms=row.norms,
        evidence=evidence,
        owner=row.owner,
        mitigations=tuple(Mitigation(**done) for done in json_text.loads(row.mitigations)),
        dismissal=row.dismissal,
        amended=row.amended,
        ended_at=row.ended_at,
        news=row.news,
    )


def _evidence_facts(seen: Mapping[str, Any]) -> EvidenceFacts:
    instrument, part = seen["instrument"], _observed_part(seen)
    code = instrument if part is None else f"{instrument}.{part}"
    return EvidenceFacts(instrument, seen["response"], code, part)


def _observed_part(seen: Mapping[str, Any]) -> str | None:
    """Return the score of a response that an alert rests on: of a self-report its intensity, if any."""
    if "reported" not in seen:
        return "total"
    reported = seen["reported"]
    has_mark = reported["kind"] == "self-report" and reported["intensity"] is not None
    return "intensity" if has_mark else None


def read_answers(instrument: Instrument, text: str, bare_total: Decimal | None = None) -> Answers:
    """Return stored answers of every kind, each kind in item order."""
    return restore_answers(instrument, json_text.loads(text), bare_total)


def write_answers(answers: Answers) -> str:
    """Return answers as they are stored: JSON by link id, numbers as decimal text."""
    return json_text.dumps(keep_answers(answers)).decode()
