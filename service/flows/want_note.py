"""A response that goes into the EHR as a plain-text note, and what becomes of the note afterwards.

Where the EHR can update a note, a correction overwrites it and a withdrawal marks it as entered in error.
Where it cannot, each is a new note that says what it replaces; a withdrawal then needs a person as well.
"""

from collections.abc import Mapping
from typing import get_args

from fhir_mappings.document import NoteKind, response_note, to_communication, to_document
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
    for kind in _KINDS:
        if _notes_in(chart, kind):
            return kind
    if chart:
        return None
    return next((kind for kind in _KINDS if NOTE_RUNGS[kind] is choice.rung), None)


def wanted_note(
    filled: Filled, chart: Mapping[str, ChartEntry], kind: NoteKind, lane: Lane, *, can_update: bool
) -> Wanted:
    """Return the note of this version as it is wanted in the EHR; nothing for what never got there."""
    former = [entry for entry in _notes_in(chart, kind) if entry.our_version < filled.version]
    if filled.status == _IN_ERROR and not former:
        return Wanted((), chart, filled.version)
    rules = lane.profile.note
    if kind == "DocumentReference" and rules.encounter_required and not filled.encounter:
        return Wanted((), chart, filled.version, held=_NO_ENCOUNTER)
    # Once one stands beside another, overwriting the first would leave the second as if it held.
    beside = bool(former) and (not can_update or len(former) > 1)
    newest = max(former, key=lambda entry: entry.our_version, default=None)
    replaces = newest.logical.partition("/")[2] if newest and beside else None
    note = response_note(filled, lane.names, replaces=replaces)
    resource = (
        to_document(note, lane.names, rules.shape)
        if kind == "DocumentReference"
        else to_communication(note, lane.names)
    )
    by_hand = _WITHDRAW_BY_HAND if filled.status == _IN_ERROR and beside else ""
    form = form_canonical(filled.instrument, lane.names, filled.wording)
    return Wanted((resource,), chart, filled.version, form=form, by_hand=by_hand)


def _notes_in(chart: Mapping[str, ChartEntry], kind: NoteKind) -> list[ChartEntry]:
    return [entry for logical, entry in chart.items() if logical.startswith(f"{kind}/")]
