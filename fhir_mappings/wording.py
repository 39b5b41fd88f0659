"""A clinic's own wording of its instruments: many files read together, and kept as they were published.

A file is ``<clinic>/<instrument>.<language>.toml``. All files of one instrument are one form, with one
version.
"""

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from types import MappingProxyType

from fhir_mappings.elements import Json
from fhir_mappings.errors import InstrumentFileError
from fhir_mappings.instrument import Instrument
from fhir_mappings.toml_table import Table
from fhir_mappings.wording_file import LANGUAGE, find_wording_faults, to_words
from fhir_mappings.words import ClinicForm

LONGEST_ID = 64  # of a FHIR id
_NAME = "(name)"


@dataclass(frozen=True, slots=True)
class Wording:
    """A clinic's wording of one instrument: the content of its files by language, without any fault.

    The primary language, in which the form is, comes first; then the others in alphabetical order.
    """

    instrument: str
    version: str
    contents: Mapping[str, Json]

    def kept(self) -> str:
        """Return it as the text that is kept for ever; two are alike where no word differs."""
        facts = {"instrument": self.instrument, "version": self.version, "contents": dict(self.contents)}
        return json.dumps(facts, ensure_ascii=False, sort_keys=True)

    def to_form(self, instrument: Instrument, clinic: str, *, in_use: bool) -> ClinicForm:
        """Return the form that it makes of the instrument."""
        words = tuple(to_words(content, instrument, language) for language, content in self.contents.items())
        return ClinicForm(form_id(instrument.id, clinic), self.version, words, in_use)


@dataclass(frozen=True, slots=True)
class WordingReport:
    """What files gave: every fault, and the wordings by instrument id; none of those with a fault."""

    faults: tuple[InstrumentFileError, ...]
    wordings: Mapping[str, Wording]


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    instrument: str
    language: str
    content: Json


def form_id(instrument_id: str, clinic: str) -> str:
    """Return the id of a clinic's own form: ``srs-3`` at ``north`` -> ``srs-3-north``."""
    return f"{instrument_id}-{clinic}"


def check_wording(files: Mapping[str, str], known: Mapping[str, Instrument], clinic: str) -> WordingReport:
    """Return every fault of a clinic's files, or their wordings; ``files`` is ``<clinic>/<file>`` -> text.

    Beside the faults of each file: another clinic's folder, an unknown instrument, no language tag, versions
    that differ between the languages of one instrument, and no one primary language among several.
    """
    faults: list[InstrumentFileError] = []
    read = [_read(name, text, known, clinic, faults) for name, text in sorted(files.items())]
    sound = [one for one in read if one is not None]
    wordings = {}
    for instrument_id in dict.fromkeys(one.instrument for one in sound):
        together = [one for one in sound if one.instrument == instrument_id]
        faults += _disagreements(together, known, clinic)
        wordings[instrument_id] = _together({one.language: one.content for one in together}, instrument_id)
    return WordingReport(tuple(faults), MappingProxyType({} if faults else wordings))


def restore_wording(kept: str, known: Mapping[str, Instrument]) -> Wording | None:
    """Return a kept wording; None where its instrument is gone or has other items or choices by now."""
    facts = json.loads(kept)
    instrument = known.get(facts["instrument"])
    if instrument is None:
        return None
    top = [Table("kept", "", content) for content in facts["contents"].values()]
    for one in top:
        find_wording_faults(one, instrument)
    return None if any(one.faults for one in top) else _together(facts["contents"], instrument.id)


def version_key(version: str) -> tuple[int, ...]:
    """Return what puts versions in order: ``1.10.0`` after ``1.9.0``."""
    return tuple(int(number) for number in version.split("."))


def _together(contents: Mapping[str, Json], instrument_id: str) -> Wording:
    ordered = sorted(contents, key=lambda language: (not contents[language].get("primary", False), language))
    version = contents[ordered[0]]["version"]
    return Wording(instrument_id, version, {language: contents[language] for language in ordered})


def _read(
    name: str, text: str, known: Mapping[str, Instrument], clinic: str, faults: list[InstrumentFileError]
) -> _File | None:
    """Return one file, or None with its faults added."""
    instrument_id, _, language = PurePosixPath(name).stem.partition(".")
    if PurePosixPath(name).parent.name != clinic:
        faults.append(InstrumentFileError(name, _NAME, f"must lie in the folder of the clinic, {clinic}"))
        return None
    if instrument_id not in known:
        faults.append(InstrumentFileError(name, _NAME, "names no instrument that is known here"))
    if not LANGUAGE.fullmatch(language):
        reason = "must end in a language tag, as in srs-3.de.toml or srs-3.pt-BR.toml"
        faults.append(InstrumentFileError(name, _NAME, reason))
    try:
        top = Table(name, "", tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        faults.append(InstrumentFileError(name, "(syntax)", f"not TOML: {error}"))
        return None
    if instrument_id in known:
        find_wording_faults(top, known[instrument_id])
    faults += top.faults
    is_sound = instrument_id in known and LANGUAGE.fullmatch(language) and not top.faults
    return _File(name, instrument_id, language, dict(top.content)) if is_sound else None


def _disagreements(
    files: list[_File], known: Mapping[str, Instrument], clinic: str
) -> Iterator[InstrumentFileError]:
    """Yield what is wrong among the files of one instrument."""
    version = files[0].content["version"]
    for one in files[1:]:
        if one.content["version"] != version:
            yield InstrumentFileError(one.name, "version", f"must be that of {files[0].name}")
    primary = [one for one in files if one.content.get("primary", False)]
    if len(files) > 1 and len(primary) != 1:
        yield InstrumentFileError(files[0].name, "primary", "must be true in one file of an instrument")
    own_id = form_id(files[0].instrument, clinic)
    if own_id in known:
        yield InstrumentFileError(files[0].name, _NAME, f"would make a form {own_id}, which is an instrument")
    if len(f"{own_id}-{version}") > LONGEST_ID:
        yield InstrumentFileError(
            files[0].name, _NAME, f"would make an id of more than {LONGEST_ID} characters"
        )
