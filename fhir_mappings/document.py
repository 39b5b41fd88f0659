"""A response or an alert as a plain-text note, for an EHR that takes neither responses nor scores.

A note is the lowest form in which anything is written: people can read it, programs cannot. It goes as
DocumentReference or, where that is not taken, as Communication. Source: US Core's pages on writing clinical
notes; hl7.org/fhir/R4/documentreference.html and /communication.html.
"""

from base64 import b64encode
from dataclasses import dataclass
from typing import Literal

from fhir_mappings.alert import AlertFacts
from fhir_mappings.alert_note import note_words
from fhir_mappings.codes import NOTE_CATEGORY, Names
from fhir_mappings.elements import (
    PUBLISHER,
    Json,
    coding,
    concept,
    labels,
    measure_coding,
    narrative,
    reference,
    service_reference,
)
from fhir_mappings.filled import Filled
from fhir_mappings.observation import STRAIGHT_LINED, observed_results
from fhir_mappings.scoring import is_straight_lined
from fhir_mappings.terminology import POSSIBLE_STRAIN, POSSIBLE_STRAIN_DISPLAY

NoteKind = Literal["DocumentReference", "Communication"]
DocStatus = Literal["final", "preliminary"]
_IN_ERROR = "entered-in-error"
_WHOSE = {
    "client": "the client's",
    "therapist": "the therapist's",
    "observer": "an observer's",
    "carer": "a carer's",
}


@dataclass(frozen=True, slots=True)
class Note:
    """A note about one version of a response or alert.

    ``id`` is its logical id and the value of its identifier: the subject's own id, with ``.v2`` behind it
    where the EHR keeps the former note beside it. ``replaces`` is the logical id of that former note, None
    where there is none or it is overwritten. ``day`` is the session's date; ``written`` an instant.
    ``withdrawn``: what it is about was entered in error.
    """

    id: str
    version: int
    title: str
    text: str
    kind: Json
    patient: str
    encounter: str | None
    day: str | None
    written: str
    amended: bool = False
    withdrawn: bool = False
    replaces: str | None = None


@dataclass(frozen=True, slots=True)
class NoteShape:
    """What an EHR wants of a DocumentReference beyond FHIR itself.

    ``doc_status`` of a note that holds: final counts as signed, preliminary as a draft. ``relates_to``: it
    takes a link to the note that is replaced; the words say it anyway.
    """

    content_type: str = "text/plain; charset=utf-8"
    doc_status: DocStatus = "final"
    author: bool = True
    relates_to: bool = True


US_CORE_SHAPE = NoteShape()


def response_note(filled: Filled, names: Names, *, replaces: str | None = None) -> Note:
    """Return the note of one version of a response: scores and marks with their ranges, never own words.

    ``replaces`` is the logical id of the note of a former version that stays beside this one; then this one
    has an id of its own.
    """
    instrument = filled.instrument
    return Note(
        id=_note_id(filled.id, filled.version, replaces),
        version=filled.version,
        title=instrument.title,
        text=_paragraphs(
            _heading(filled), _results(filled, names), _about(filled), _end(filled, names, replaces)
        ),
        kind=measure_coding(names, instrument),
        patient=filled.patient,
        encounter=filled.encounter,
        day=filled.session_date,
        written=filled.last_updated,
        amended=filled.status == "amended" and replaces is None,
        withdrawn=filled.status == _IN_ERROR,
        replaces=replaces,
    )


def alert_note(
    alert: AlertFacts, names: Names, *, encounter: str | None = None, replaces: str | None = None
) -> Note:
    """Return the note of one version of an alert: what a clinician reads, and where it stands.

    It has no session of its own; ``encounter`` is where the note is to be filed, if anywhere.
    """
    words = note_words(alert)
    withdrawn = alert.status in (_IN_ERROR, "withdrawn")
    end = _last_words(
        alert.id, alert.version, names, replaces, amended=alert.version > 1, withdrawn=withdrawn
    )
    return Note(
        id=_note_id(alert.id, alert.version, replaces),
        version=alert.version,
        title=words.title,
        text=_paragraphs(words.text, end),
        kind=coding(names.measures, POSSIBLE_STRAIN, POSSIBLE_STRAIN_DISPLAY),
        patient=alert.patient,
        encounter=encounter,
        day=None,
        written=alert.updated_at,
        amended=alert.version > 1 and replaces is None,
        withdrawn=withdrawn,
        replaces=replaces,
    )


def to_document(note: Note, names: Names, shape: NoteShape = US_CORE_SHAPE) -> Json:
    """Return a note as DocumentReference in FHIR R4 JSON, its text in base64.

    A note that itself tells of a withdrawal beside the former one is current; one that overwrites it is
    entered in error.
    """
    overwritten = note.withdrawn and note.replaces is None
    linked = note.replaces is not None and shape.relates_to
    amended = note.amended and shape.doc_status == "final"
    return {
        "resourceType": "DocumentReference",
        **_head(note, names),
        "status": _IN_ERROR if overwritten else "current",
        "docStatus": _IN_ERROR if overwritten else "amended" if amended else shape.doc_status,
        "type": concept(note.kind),
        "category": [concept(coding(NOTE_CATEGORY, "clinical-note", "Clinical Note"))],
        "subject": reference(note.patient),
        "date": note.written,
        **({"author": [service_reference()]} if shape.author else {}),
        **({"relatesTo": [_replaces(note)]} if linked else {}),
        "description": note.title,
        "securityLabel": [{"coding": labels(names)}],
        "content": [{"attachment": _attachment(note, shape)}],
        **_context(note),
    }


def to_communication(note: Note, names: Names) -> Json:
    """Return a note as Communication in FHIR R4 JSON, its text as the payload."""
    overwritten = note.withdrawn and note.replaces is None
    return {
        "resourceType": "Communication",
        **_head(note, names),
        "status": _IN_ERROR if overwritten else "completed",
        "topic": concept(note.kind),
        "subject": reference(note.patient),
        **({"encounter": reference(note.encounter)} if note.encounter else {}),
        "sent": note.written,
        "payload": [{"contentString": note.text}],
    }


def _note_id(subject_id: str, version: int, replaces: str | None) -> str:
    return subject_id if replaces is None else f"{subject_id}.v{version}"


def _head(note: Note, names: Names) -> Json:
    return {
        "id": note.id,
        "meta": {"versionId": str(note.version), "security": labels(names)},
        "text": narrative(note.title),
        "identifier": [{"system": names.identifier("note"), "value": note.id}],
    }


def _replaces(note: Note) -> Json:
    return {"code": "replaces", "target": reference(f"DocumentReference/{note.replaces}")}


def _attachment(note: Note, shape: NoteShape) -> Json:
    content = b64encode(note.text.encode()).decode()
    return {"contentType": shape.content_type, "data": content, "title": note.title}


def _context(note: Note) -> Json:
    period = {"period": {"start": note.day, "end": note.day}} if note.day else {}
    context = ({"encounter": [reference(note.encounter)]} if note.encounter else {}) | period
    return {"context": context} if context else {}


def _paragraphs(*paragraphs: str) -> str:
    return "\n\n".join(one for one in paragraphs if one) + "\n"


def _heading(filled: Filled) -> str:
    session = f", session {filled.session_number}" if filled.session_number else ""
    of_day = f"Session of {filled.session_date}{session}. " if filled.session_date else ""
    return f"{filled.instrument.title}\n{of_day}Filled in {filled.authored}."


def _results(filled: Filled, names: Names) -> str:
    if filled.status == _IN_ERROR:
        return "ENTERED IN ERROR: the scores of this form do not count."
    return "\n".join(f"{title}: {words}" for title, words in observed_results(filled, names))


def _about(filled: Filled) -> str:
    instrument = filled.instrument
    whose = _WHOSE[instrument.perspective]
    lines = [f"These are {whose} own marks on a questionnaire, no diagnosis. In brackets: the scale's range."]
    lines += [
        f"{instrument.score_by_id[score.id].title}: prorated, {score.answered} of {score.of} items answered."
        for score in filled.scores
        if score.prorated
    ]
    if instrument.status == "provisional":
        lines.append(f"Provisional instrument: {instrument.status_reason}")
    if is_straight_lined(instrument, filled.answers):
        lines.append(STRAIGHT_LINED)
    return "\n".join(lines)


def _end(filled: Filled, names: Names, replaces: str | None) -> str:
    withdrawn = filled.status == _IN_ERROR
    return _last_words(
        filled.id, filled.version, names, replaces, amended=filled.status == "amended", withdrawn=withdrawn
    )


def _last_words(
    subject_id: str, version: int, names: Names, replaces: str | None, *, amended: bool, withdrawn: bool
) -> str:
    """Return what this note does to a former one, and the identifier by which it is found again."""
    lines = []
    if replaces is not None:
        verb = "withdraws" if withdrawn else "replaces"
        lines.append(
            f"This note {verb} the note {names.identifier('note')}|{replaces}, which no longer holds."
        )
    elif amended:
        lines.append(f"Amended: this is version {version}.")
    own = f"{names.identifier('note')}|{_note_id(subject_id, version, replaces)}"
    return "\n".join([*lines, f"Written by {PUBLISHER}. Identifier: {own}"])
