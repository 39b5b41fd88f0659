"""A resource that tries whether an EHR takes what we write, and says of itself that it is a test.

Source: HTEST, "test health data", of hl7.org/fhir/R4/v3/ActReason, as a tag.
"""

from dataclasses import replace
from decimal import Decimal
from typing import Literal

from fhir_mappings.answers import check_answers
from fhir_mappings.codes import Names
from fhir_mappings.document import (
    US_CORE_SHAPE,
    NoteKind,
    NoteShape,
    response_note,
    to_communication,
    to_document,
)
from fhir_mappings.elements import Json, coding, narrative
from fhir_mappings.filled import Filled, Identifier
from fhir_mappings.instrument import Instrument
from fhir_mappings.observation import to_observations
from fhir_mappings.response import to_response
from fhir_mappings.scoring import score

ProbeKind = Literal["QuestionnaireResponse", "Observation"] | NoteKind
ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
SENTENCE = "TEST of the alliance service. No real answers; not to be used for care."
_IN_ERROR = "entered-in-error"


def to_probe(
    kind: ProbeKind,
    instrument: Instrument,
    names: Names,
    *,
    patient: str,
    probe_id: str,
    written: str,
    encounter: str | None = None,
    note_shape: NoteShape = US_CORE_SHAPE,
) -> Json:
    """Return a test response, its total score alone, or a note, of an instrument that takes a bare total.

    ``written`` is an instant; ``probe_id`` the logical id and the value of the identifier. It is tagged as
    test data and says so in its text. The total is 0; a note has no score, and says that it is a test.
    Raises ``AnswersRefused`` where the instrument takes no bare total.
    """
    answers = check_answers(instrument, {}, Decimal(0))
    filled = Filled(
        id=probe_id,
        version=1,
        status="completed",
        instrument=instrument,
        answers=answers,
        scores=score(instrument, answers),
        patient=patient,
        source=patient,
        author=None,
        therapist=None,
        encounter=encounter,
        authored=written,
        identifier=None,
        session_date=None,
        session_number=None,
        language="en",
        last_updated=written,
    )
    if kind == "QuestionnaireResponse":
        made = to_response(filled, names, identifier=Identifier(names.identifier("response"), probe_id))
    elif kind == "Observation":
        made = to_observations(filled, names)[0]
    else:
        note = replace(response_note(filled, names), title=SENTENCE, text=f"{SENTENCE}\n")
        is_document = kind == "DocumentReference"
        made = to_document(note, names, note_shape) if is_document else to_communication(note, names)
    tag = coding(ACT_REASON, "HTEST", "test health data")
    return {**made, "meta": {"tag": [tag]}, "text": narrative(SENTENCE)}


def to_withdrawn_probe(probe: Json) -> Json:
    """Return a probe as entered in error."""
    document = {"docStatus": _IN_ERROR} if "docStatus" in probe else {}
    return {**probe, "status": _IN_ERROR, **document}
