"""A response or alert that goes into the EHR as a plain-text note, and what becomes of the note afterwards.

Where the EHR can update a note, a correction overwrites it and a withdrawal marks it as entered in error.
Where it cannot, each is a new note that says what it replaces; a withdrawal then needs a person as well. An
alert makes a note when it tells people something anew, never for each act.
"""

from collections.abc import Mapping, Sequence
from typing import get_args

from fhir_mappings.alert import AlertFacts
from fhir_mappings.alert_note import is_worth_a_note
from fhir_mappings.document import (
    Note,
    NoteKind,
    alert_note,
    response_note,
    to_communication,
    to_document,
)
from fhir_mappings.elements import Json
from fhir_mappings.filled import Filled
from fhir_mappings.form_names import form_canonical
from service.ehr.ladder import NOTE_RUNGS
from service.ehr.rungs import Choice
from service.flows.lane import Lane
from service.flows.wanted import Wanted
from service.store.chart import ChartEntry

_IN_ERROR = "entered-in-error"
_KINDS: tuple[NoteKind, ...] = get_args(NoteKind)
_NO_ENCOUNTER = "this EHR files a note into an encounter only, and the response names none"
_WITHDRAW_BY_HAND = (
    "this EHR cannot withdraw a note: one that says so was filed beside it; mark the first one there by hand"
)


def note_kind(chart: Mapping[str, ChartEntry], choice: Choice) -> NoteKind | None:
    """Return as which resource a response goes as a note; None where it goes as data.

    What the EHR holds of it decides, else the rung: a note is corrected by a note, and data by data.
    """
    there = note_in(chart)
    if there is not None or chart:
        return there
    return next((kind for kind in _KINDS if NOTE_RUNGS[kind] is choice.rung), None)


def note_in(chart: Mapping[str, ChartEntry]) -> NoteKind | None:
    """Return as which resource the EHR holds a response or alert as a note; None where it holds none."""
    return next((kind for kind in _KINDS if _notes_in(chart, kind)), None)


def wanted_note(
    filled: Filled, chart: Mapping[str, ChartEntry], kind: NoteKind, lane: Lane, *, can_update: bool
) -> Wanted:
    """Return the note of this version as it is wanted in the EHR; nothing for what never got there."""
    former = [entry for entry in _notes_in(chart, kind) if entry.our_version < filled.version]
    if filled.status == _IN_ERROR and not former:
        return Wanted((), chart, filled.version)
    if kind == "DocumentReference" and lane.profile.note.encounter_required and not filled.encounter:
        return Wanted((), chart, filled.version, held=_NO_ENCOUNTER)
    replaces = _replaced(former, can_update=can_update)
    resource = _as_resource(response_note(filled, lane.names, replaces=replaces), kind, lane)
    by_hand = _WITHDRAW_BY_HAND if filled.status == _IN_ERROR and replaces else ""
    form = form_canonical(filled.instrument, lane.names, filled.wording)
    return Wanted((resource,), chart, filled.version, form=form, by_hand=by_hand)


def wanted_alert_note(
    alert: AlertFacts,
    chart: Mapping[str, ChartEntry],
    kind: NoteKind,
    lane: Lane,
    *,
    encounter: str | None,
    can_update: bool,
) -> Wanted:
    """Return the note of this version of an alert: none where it tells nothing, or closes what never came.

    ``encounter`` is that of the rating that opened it.
    """
    former = [entry for entry in _notes_in(chart, kind) if entry.our_version < alert.version]
    if not is_worth_a_note(alert) or (alert.news == "closed" and not former):
        return Wanted((), chart, alert.version)
    if kind == "DocumentReference" and lane.profile.note.encounter_required and not encounter:
        return Wanted((), chart, alert.version, held=_NO_ENCOUNTER)
    replaces = _replaced(former, can_update=can_update)
    note = alert_note(alert, lane.names, encounter=encounter, replaces=replaces)
    by_hand = _WITHDRAW_BY_HAND if note.withdrawn and replaces else ""
    return Wanted((_as_resource(note, kind, lane),), chart, alert.version, by_hand=by_hand)


def _replaced(former: Sequence[ChartEntry], *, can_update: bool) -> str | None:
    """Return the logical id of the note beside which a new one is filed, None where one is overwritten."""
    # Once one stands beside another, overwriting the first would leave the second as if it held.
    if not former or (can_update and len(former) == 1):
        return None
    return max(former, key=lambda entry: entry.our_version).logical.partition("/")[2]


def _as_resource(note: Note, kind: NoteKind, lane: Lane) -> Json:
    if kind == "DocumentReference":
        return to_document(note, lane.names, lane.profile.note.shape)
    return to_communication(note, lane.names)


def _notes_in(chart: Mapping[str, ChartEntry], kind: NoteKind) -> list[ChartEntry]:
    return [entry for logical, entry in chart.items() if logical.startswith(f"{kind}/")]
