"""A received QuestionnaireResponse read into answers: every fault at once, each with its FHIRPath.

The reasons are listed in README.md. What we do not know is left alone, except where FHIR says that it changes
the meaning (``modifierExtension``, ``implicitRules``): that is refused.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal

from fhir_mappings.answers import agrees, check_answers
from fhir_mappings.codes import Names
from fhir_mappings.elements import Json
from fhir_mappings.errors import AnswersRefused, Fault, ResourceRefused
from fhir_mappings.filled import UNFINISHED, Answers, Identifier, Score
from fhir_mappings.instrument import Instrument
from fhir_mappings.response_head import ROOT, Head, read_head
from fhir_mappings.scoring import score
from fhir_mappings.submitted import ITEMS, SubmittedItems, read_items

# check_answers would report these as well where an answer was already refused for its shape.
_CAUSED_BY_EARLIER_FAULTS = frozenset(
    {"nothing-answered", "total-incomplete", "missing-answer", "not-enabled"}
)
_MAY_BE_PARTIAL = UNFINISHED | {"entered-in-error"}


@dataclass(frozen=True, slots=True)
class ReadResponse:
    """What a QuestionnaireResponse says. References and ``authored`` are as they were sent.

    ``answers`` holds them by link id, blanks left out: numbers (a choice with a weight as that weight), true
    or false, codes (one, or a list of several), texts; ``total`` is set only where a total stands there
    without any answer. ``wording`` is the version of the clinic's own wording that was filled, None for our
    own descriptors. ``patient_identifier`` stands in ``subject``. Absent is None.
    """

    instrument: Instrument
    wording: str | None
    answers: Mapping[str, object]
    total: Decimal | None
    status: str
    patient: str
    source: str | None
    author: str | None
    therapist: str | None
    encounter: str | None
    authored: str
    identifier: Identifier | None
    session_date: str | None
    session_number: int | None
    language: str | None
    ehr_reference: str | None
    patient_identifier: Identifier | None = None


@dataclass(frozen=True, slots=True)
class CheckedResponse:
    """A response that was read, its checked answers, and the scores that we compute from them."""

    response: ReadResponse
    answers: Answers
    scores: tuple[Score, ...]


def read_response(
    resource: Json,
    instruments: Mapping[str, Instrument],
    names: Names,
    *,
    statuses: Collection[str] = ("completed",),
) -> ReadResponse:
    """Return what a QuestionnaireResponse says; ``read_and_check`` without the checked answers and scores."""
    return read_and_check(resource, instruments, names, statuses=statuses).response


def read_and_check(
    resource: Json,
    instruments: Mapping[str, Instrument],
    names: Names,
    *,
    statuses: Collection[str] = ("completed",),
) -> CheckedResponse:
    """Return what a QuestionnaireResponse says, with checked answers and our own scores.

    ``resource`` is JSON with ``Decimal`` numbers; ``statuses`` are accepted (an update adds ``amended``).
    Raises ``ResourceRefused`` with all faults. A score it states may differ from ours by half a unit of its
    last digit, at least 0.005; a score stated where ours has no value is a fault. A form in
    progress, stopped or entered in error may lack any answer; those that it has are checked. Of one in
    progress or stopped no scores are computed.
    """
    if resource.get("resourceType") != ROOT:
        raise ResourceRefused([Fault("resourceType", "wrong-resource-type", f"must be {ROOT}")])
    faults: list[Fault] = []
    head = read_head(resource, instruments, names, statuses, faults)
    if head.instrument is None:
        raise ResourceRefused(faults)
    submitted = read_items(resource, head.instrument, names)
    faults += submitted.faults
    unfinished = head.status in _MAY_BE_PARTIAL
    total = None if submitted.answers or unfinished else submitted.scores.get("total")
    answers = _checked_answers(head.instrument, submitted, total, faults, unfinished=unfinished)
    scores = () if answers is None or unfinished else score(head.instrument, answers)
    faults += _score_faults(head.instrument, submitted, scores)
    if faults or answers is None:
        raise ResourceRefused(faults)
    response = _as_read(head, head.instrument, submitted.answers, total)
    return CheckedResponse(response, answers, scores)


def _checked_answers(
    instrument: Instrument,
    submitted: SubmittedItems,
    total: Decimal | None,
    faults: list[Fault],
    *,
    unfinished: bool,
) -> Answers | None:
    """Return the checked answers, or None with their faults added, each moved to its FHIRPath."""
    try:
        return check_answers(instrument, submitted.answers, total, unfinished=unfinished)
    except AnswersRefused as refused:
        faults += [
            Fault(submitted.places.get(fault.at, ITEMS), fault.reason, fault.message)
            for fault in refused.faults
            if not (submitted.faults and fault.reason in _CAUSED_BY_EARLIER_FAULTS)
        ]
        return None


def _score_faults(
    instrument: Instrument, submitted: SubmittedItems, scores: tuple[Score, ...]
) -> list[Fault]:
    """Return a fault for each stated score that is not ours; none where ours were not computed."""
    faults = []
    for ours in scores:
        stated = submitted.scores.get(ours.id)
        if stated is None:
            continue
        at = submitted.places[ours.id]
        rule = instrument.score_by_id[ours.id]
        if ours.value is None:
            faults.append(Fault(at, "total-incomplete", "too few items are answered for this score"))
        # The range first: a number such as 1E999999999 can be compared, but not subtracted.
        elif not (rule.minimum <= stated <= rule.maximum and agrees(stated, ours.value)):
            faults.append(Fault(at, "total-mismatch", "is not what the answers give"))
    return faults


def _as_read(
    head: Head, instrument: Instrument, answers: Mapping[str, object], total: Decimal | None
) -> ReadResponse:
    return ReadResponse(
        instrument=instrument,
        wording=head.wording,
        answers=answers,
        total=total,
        status=head.status,
        patient=head.patient,
        source=head.source,
        author=head.author,
        therapist=head.therapist,
        encounter=head.encounter,
        authored=head.authored,
        identifier=head.identifier,
        session_date=head.session_date,
        session_number=head.session_number,
        language=head.language,
        ehr_reference=head.ehr_reference,
        patient_identifier=head.patient_identifier,
    )
