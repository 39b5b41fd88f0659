"""The instruments we know, by id.

Never resolved by acronym: "SRS" alone is also the Social Responsiveness Scale.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import cache
from importlib import resources
from types import MappingProxyType

from fhir_mappings.errors import InstrumentFileError
from fhir_mappings.instrument import Instrument
from fhir_mappings.instrument_family import find_clashes
from fhir_mappings.instrument_file import load_instrument

__all__ = [
    "builtin_instruments",
    "find",
    "has_licensed_wording",
    "load_instrument",
    "load_instruments",
    "shipped_instruments",
    "switched_on",
    "with_inclusive_cut_off",
]


@cache
def shipped_instruments() -> Mapping[str, Instrument]:
    """Return every instrument shipped with this package by id, in alphabetical order.

    Those that are off are among them. The files are read once, at the first call. Raises
    ``InstrumentFileError`` if one of them is bad or does not fit the others.
    """
    folder = resources.files("fhir_mappings") / "instruments"
    files = {file.name: file for file in folder.iterdir() if file.name.endswith(".toml")}
    return load_instruments({name: files[name].read_text(encoding="utf-8") for name in sorted(files)})


def load_instruments(files: Mapping[str, str]) -> Mapping[str, Instrument]:
    """Return the instruments of several files (name -> text) by id, in the order given.

    Raises ``InstrumentFileError`` with the first fault of a file, or where one form does not fit another.
    """
    loaded = [load_instrument(name, text) for name, text in files.items()]
    instruments = {instrument.id: instrument for instrument in loaded}
    clashes = find_clashes(instruments)
    if clashes:
        raise InstrumentFileError(f"{clashes[0].instrument}.toml", clashes[0].key, clashes[0].reason)
    return MappingProxyType(instruments)


@cache
def builtin_instruments() -> Mapping[str, Instrument]:
    """Return the shipped instruments that are on, by id, in alphabetical order: what the doors take."""
    return MappingProxyType(switched_on(shipped_instruments()))


def switched_on(instruments: Mapping[str, Instrument], also: Collection[str] = ()) -> dict[str, Instrument]:
    """Return the instruments that are on, and those of ``also`` (ids), which a clinic turned on."""
    return {key: one for key, one in instruments.items() if one.enabled or key in also}


def find(instruments: Mapping[str, Instrument], reference: str) -> Instrument | None:
    """Return the instrument for ``srs-3`` or, at a fixed revision, ``srs-3|1.0.0``; None if unknown."""
    instrument_id, bar, version = reference.partition("|")
    instrument = instruments.get(instrument_id)
    if instrument is None or (bar and not instrument.takes_version(version)):
        return None
    return instrument


def has_licensed_wording(instrument: Instrument) -> bool:
    """Return whether a form's wording belongs to others: ours are then descriptors, which nobody should fill.

    So it is with every shipped instrument but our own (status ``local``). A clinic's own instruments hold its
    own words.
    """
    return instrument.id in shipped_instruments() and instrument.status != "local"


def with_inclusive_cut_off(
    instruments: Mapping[str, Instrument], cut_off_id: str
) -> Mapping[str, Instrument]:
    """Return the instruments with one cut-off prompting at its very value too, as some sources have it.

    Sources disagree at an SRS of exactly 36: below it (OpenFIT), or at it too (two public score sheets).
    """
    return MappingProxyType(
        {
            name: replace(
                instrument,
                cut_offs=tuple(
                    replace(cut_off, inclusive=cut_off.inclusive or cut_off.id == cut_off_id)
                    for cut_off in instrument.cut_offs
                ),
            )
            for name, instrument in instruments.items()
        },
    )
