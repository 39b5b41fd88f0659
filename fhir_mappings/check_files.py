"""A clinic's own instrument files: every fault of each, and a worked example of a valid one."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from fhir_mappings.errors import InstrumentFileError
from fhir_mappings.instrument import Instrument
from fhir_mappings.instrument_family import Clash, find_clashes
from fhir_mappings.instrument_file import read_instrument
from fhir_mappings.summary import summary


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """One file: its instrument and no faults, or every fault; faults are in the order they were found."""

    file: str
    instrument: Instrument | None
    faults: tuple[InstrumentFileError, ...]


@dataclass(frozen=True, slots=True)
class FilesReport:
    """What a folder of instrument files gave, in the order given."""

    files: tuple[CheckedFile, ...]

    @property
    def instruments(self) -> dict[str, Instrument]:
        """Return the valid instruments by id."""
        return {one.instrument.id: one.instrument for one in self.files if one.instrument}

    @property
    def fault_count(self) -> int:
        """Return how many faults there are in all files."""
        return sum(len(one.faults) for one in self.files)

    def text(self) -> str:
        """Return the report for people: per file its faults (file, key, reason), or its summary."""
        return "\n".join(line for one in self.files for line in _lines(one))


def check_instrument_files(files: Mapping[str, str], known: Mapping[str, Instrument]) -> FilesReport:
    """Return every fault of every file, or its instrument; ``files`` is name -> text.

    ``known`` are the instruments that are there already (``shipped_instruments()``): none may be defined
    again, and scales shared with them must be the same. A form that does not fit another file that has
    faults itself may show more once that one is mended.
    """
    checked = [_checked(name, text, known) for name, text in files.items()]
    first: dict[str, CheckedFile] = {}
    for one in checked:
        if one.instrument:
            first.setdefault(one.instrument.id, one)
    together = {**known, **{key: one.instrument for key, one in first.items() if one.instrument}}
    clashes = find_clashes(together)
    return FilesReport(tuple(_among_others(one, first, clashes) for one in checked))


def _among_others(
    checked: CheckedFile, first: Mapping[str, CheckedFile], clashes: Iterable[Clash]
) -> CheckedFile:
    if checked.instrument is None:
        return checked
    own_id = checked.instrument.id
    if first[own_id] is not checked:
        return _with_faults(checked, [("id", "is the id of another file")])
    return _with_faults(checked, [(one.key, one.reason) for one in clashes if one.instrument == own_id])


def _checked(name: str, text: str, known: Mapping[str, Instrument]) -> CheckedFile:
    read = read_instrument(name, text)
    found = CheckedFile(name, read.instrument, read.faults)
    if PurePosixPath(name).stem in known:
        return _with_faults(found, [("id", "is the id of a shipped instrument")])
    return found


def _with_faults(checked: CheckedFile, faults: Iterable[tuple[str, str]]) -> CheckedFile:
    more = tuple(InstrumentFileError(checked.file, key, reason) for key, reason in faults)
    if not more:
        return checked
    return replace(checked, instrument=None, faults=(*checked.faults, *more))


def _lines(checked: CheckedFile) -> Iterator[str]:
    if checked.instrument is None:
        yield f"{checked.file}: {len(checked.faults)} fault{'s' if len(checked.faults) > 1 else ''}"
        yield from (f"  {fault.key}: {fault.reason}" for fault in checked.faults)
        return
    yield f"{checked.file}: valid"
    yield summary(checked.instrument)
