"""A resource that tries whether an EHR takes what we write, and says of itself that it is a test.

Source: HTEST, "test health data", of hl7.org/fhir/R4/v3/ActReason, as a tag.
"""

from decimal import Decimal
from typing import Literal

from fhir_mappings.answers import check_answers
from fhir_mappings.codes import Names
from fhir_mappings.elements import Json, coding, narrative
from fhir_mappings.filled import Filled, Identifier
from fhir_mappings.instrument import Instrument
from fhir_mappings.observation import to_observations
from fhir_mappings.response import to_response
from fhir_mappings.scoring import score

ProbeKind = Literal["QuestionnaireResponse", "Observation"]
ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
SENTENCE = "TEST of the alliance service. No real answers; not to be used for care."
_IN_ERROR = "entered-in-error"


def to_probe(
    kind: ProbeKind, instrument: Instrument, names: Names, *, patient: str, probe_id: str, written: str
) -> Json:
    """Return a test response, or its total score alone, with the bare total 0 of an instrument that has one.

    ``written`` is an instant; ``probe_id`` the logical id and the value of the identifier. It is tagged as
    test data and says so in its text. Raises ``AnswersRefused`` where the instrument takes no bare total.
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
        encounter=None,
        authored=written,
        identifier=None,
        session_date=None,
        session_number=None,
        language="en",
        last_updated=written,
    )
    if kind == "QuestionnaireResponse":
        made = to_response(filled, names, identifier=Identifier(names.identifier("response"), probe_id))
    else:
        made = to_observations(filled, names)[0]
    tag = coding(ACT_REASON, "HTEST", "test health data")
    return {**made, "meta": {"tag": [tag]}, "text": narrative(SENTENCE)}


def to_withdrawn_probe(probe: Json) -> Json:
    """Return a probe as entered in error."""
    return {**probe, "status": _IN_ERROR}
