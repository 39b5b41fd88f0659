"""A clinic's own wording: read at start, kept for ever, and refused where a published form would change."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import sha256

from fhir_mappings.instrument import Instrument
from fhir_mappings.wording import Wording, check_wording, restore_wording, version_key
from fhir_mappings.words import ClinicForm
from service.errors import SettingsRefused
from service.flows.choose_instruments import ChosenInstruments
from service.store.chart import keep_fact, read_facts
from service.store.database import Tx

FOLDER = "ALLIANCE_WORDING_DIR"
_FACT = "wording:"
# A fact's name has at most 40 characters, and a form's reference may be longer.
_NAME_DIGITS = 24


def choose_wording(
    files: Mapping[str, str], known: Mapping[str, Instrument], clinic: str
) -> Mapping[str, Wording]:
    """Return the wordings of the clinic's files (``<clinic>/<file>`` -> text) by instrument id.

    Raises ``SettingsRefused`` with every fault of every file, each as file, key and reason.
    """
    report = check_wording(files, known, clinic)
    if report.faults:
        raise SettingsRefused([f"{FOLDER}: {fault}" for fault in report.faults])
    return report.wordings


def keep_wording(
    tx: Tx, clinic: str, chosen: ChosenInstruments, wordings: Mapping[str, Wording]
) -> ChosenInstruments:
    """Return the instruments with the clinic's own forms: those in use, and all that ever were.

    What is new is kept whole, so that a form is served and taken as long as the database is. Raises
    ``SettingsRefused`` where words changed under one version, or a version fell.
    """
    kept = [
        restored
        for text in read_facts(tx, clinic, _FACT).values()
        if (restored := restore_wording(text, chosen.known)) is not None
    ]
    faults = [f"{FOLDER}: {fault}" for one in wordings.values() for fault in _faults(tx, clinic, one, kept)]
    if faults:
        raise SettingsRefused(faults)
    forms = _forms(clinic, chosen.known, kept, wordings)
    return replace(chosen, known=_with(chosen.known, forms), offered=_with(chosen.offered, forms))


def _faults(tx: Tx, clinic: str, wording: Wording, kept: list[Wording]) -> Iterator[str]:
    place = f"{clinic}/{wording.instrument}: version:"
    last = max((one.version for one in _of(kept, wording.instrument)), key=version_key, default=None)
    if last is not None and version_key(wording.version) < version_key(last):
        yield f"{place} must not fall below {last}, which was in use"
    elif keep_fact(tx, clinic, _fact(wording), wording.kept()) != wording.kept():
        yield f"{place} must rise above {wording.version}, under which other words were published"


def _forms(
    clinic: str, known: Mapping[str, Instrument], kept: list[Wording], wordings: Mapping[str, Wording]
) -> dict[str, tuple[ClinicForm, ...]]:
    """Return the forms of each instrument in rising order of version."""
    found = {}
    for instrument_id, instrument in known.items():
        in_use = wordings.get(instrument_id)
        ever = {one.version: one for one in [*_of(kept, instrument_id), *([in_use] if in_use else [])]}
        found[instrument_id] = tuple(
            ever[version].to_form(instrument, clinic, in_use=ever[version] is in_use)
            for version in sorted(ever, key=version_key)
        )
    return found


def _of(kept: list[Wording], instrument_id: str) -> list[Wording]:
    return [one for one in kept if one.instrument == instrument_id]


def _with(
    instruments: Mapping[str, Instrument], forms: Mapping[str, tuple[ClinicForm, ...]]
) -> dict[str, Instrument]:
    return {key: replace(one, clinic_forms=forms[key]) for key, one in instruments.items()}


def _fact(wording: Wording) -> str:
    reference = f"{wording.instrument}|{wording.version}"
    return f"{_FACT}{sha256(reference.encode()).hexdigest()[:_NAME_DIGITS]}"
