"""What clients wrote on a form in their own words: shown as it was given, and never sent to an EHR."""

from collections.abc import Mapping
from dataclasses import dataclass

from fhir_mappings import json_text
from fhir_mappings.instrument import Instrument
from service.flows.load import read_answers
from service.store.alerts import AlertRow
from service.store.database import Tx
from service.store.patient_ratings import PatientRating
from service.store.responses import IN_ERROR, ResponseVersion, find_current


@dataclass(frozen=True, slots=True)
class OwnWords:
    """The texts of one response by link id, in item order; never empty."""

    response: PatientRating | ResponseVersion
    instrument: Instrument
    texts: Mapping[str, str]


def words_of(response: PatientRating | ResponseVersion, instrument: Instrument) -> OwnWords | None:
    """Return what was written on a client's or carer's form; None for nothing, and for any other form.

    A therapist's notes are private.
    """
    if instrument.perspective not in ("client", "carer"):
        return None
    texts = read_answers(instrument, response.answers).texts
    return OwnWords(response, instrument, texts) if texts else None


def words_behind(tx: Tx, row: AlertRow, known: Mapping[str, Instrument]) -> tuple[OwnWords, ...]:
    """Return what was written on the reports that an alert rests on, as they are now."""
    keys = [one["response"] for one in json_text.loads(row.evidence) if "reported" in one]
    found = [find_current(tx, row.clinic, key) for key in keys]
    there = [one for one in found if one is not None and one.status != IN_ERROR]
    return tuple(words for one in there if (words := words_of(one, known[one.instrument])))
