"""Which instruments this deployment knows, and which of them its doors take."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import PurePosixPath

from fhir_mappings.catalogue import shipped_instruments, switched_on, with_inclusive_cut_off
from fhir_mappings.check_files import check_instrument_files
from fhir_mappings.instrument import Instrument
from service.errors import SettingsRefused
from service.settings import Settings

_INCLUSIVE = "total-36"
ENABLED, FOLDER = "ALLIANCE_ENABLED_INSTRUMENTS", "ALLIANCE_INSTRUMENTS_DIR"


# What a door says of one that is known and not taken.
IS_OFF = ("instrument-off", f"This instrument is off here; {ENABLED} turns it on.")


@dataclass(frozen=True, slots=True)
class ChosenInstruments:
    """Instruments by id: ``known`` are all of them, ``offered`` those that the doors take.

    ``own`` are fingerprints of the files of the clinic's own instruments, by id.
    """

    known: Mapping[str, Instrument]
    offered: Mapping[str, Instrument]
    own: Mapping[str, str]


def choose_instruments(settings: Settings, own_files: Mapping[str, str]) -> ChosenInstruments:
    """Return the shipped instruments and those of the clinic's own files (name -> text), as the settings say.

    Raises ``SettingsRefused`` with every fault of those files, each as file, key and reason, and for an id to
    be turned on that no instrument has.
    """
    report = check_instrument_files(own_files, shipped_instruments())
    faults = [f"{FOLDER}: {fault}" for one in report.files for fault in one.faults]
    known: Mapping[str, Instrument] = {**shipped_instruments(), **report.instruments}
    if not faults:
        unknown = [one for one in settings.enabled_instruments if one not in known]
        faults += [f"{ENABLED}: there is no instrument {one}" for one in unknown]
    if faults:
        raise SettingsRefused(faults)
    if settings.srs_cutoff_inclusive:
        known = with_inclusive_cut_off(known, _INCLUSIVE)
    own = {PurePosixPath(name).stem: sha256(text.encode()).hexdigest() for name, text in own_files.items()}
    return ChosenInstruments(known, switched_on(known, settings.enabled_instruments), own)
