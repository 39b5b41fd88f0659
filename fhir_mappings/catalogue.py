"""The instruments we know, by id.

Never resolved by acronym: "SRS" alone is also the Social Responsiveness Scale.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib import resources
from types import MappingProxyType

from fhir_mappings.instrument import Instrument
from fhir_mappings.instrument_file import load_instrument

__all__ = ["builtin_instruments", "find", "load_instrument", "with_inclusive_cut_off"]


@cache
def builtin_instruments() -> Mapping[str, Instrument]:
    """Return the instruments shipped with this package by id, in alphabetical order.

    The files are read once, at the first call. Raises ``InstrumentFileError`` if one of them is bad.
    """
    folder = resources.files("fhir_mappings") / "instruments"
    files = sorted(
        (entry for entry in folder.iterdir() if entry.name.endswith(".toml")), key=lambda f: f.name
    )
    loaded = (load_instrument(file.name, file.read_text(encoding="utf-8")) for file in files)
    return MappingProxyType({instrument.id: instrument for instrument in loaded})


def find(instruments: Mapping[str, Instrument], reference: str) -> Instrument | None:
    """Return the instrument for ``srs-3`` or, at a fixed revision, ``srs-3|1.0.0``; None if unknown."""
    instrument_id, bar, version = reference.partition("|")
    instrument = instruments.get(instrument_id)
    if instrument is None or (bar and version != instrument.version):
        return None
    return instrument


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
