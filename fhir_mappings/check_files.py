"""A clinic's own instrument files: every fault of each, and what a valid one scores, by example."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import PurePosixPath

from fhir_mappings.errors import InstrumentFileError
from fhir_mappings.filled import Answers
from fhir_mappings.instrument import Instrument, Item
from fhir_mappings.instrument_family import Clash, find_clashes
from fhir_mappings.instrument_file import read_instrument
from fhir_mappings.scoring import score


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
        """Return the report for people: per file its faults (file, key, reason), or a worked example."""
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


def example_answers(instrument: Instrument) -> Answers:
    """Return made-up answers that let a reader follow the key: the items' steps in turn, downwards."""
    return Answers({item.link_id: _in_turn(item, place) for place, item in enumerate(instrument.items)})


def _in_turn(item: Item, place: int) -> Decimal:
    steps = int((item.maximum - item.minimum) / item.step)
    return item.maximum - item.step * (place % (min(steps, 6) + 1))


def _lines(checked: CheckedFile) -> Iterator[str]:
    if checked.instrument is None:
        yield f"{checked.file}: {len(checked.faults)} fault{'s' if len(checked.faults) > 1 else ''}"
        yield from (f"  {fault.key}: {fault.reason}" for fault in checked.faults)
        return
    yield f"{checked.file}: valid, {checked.instrument.reference}"
    yield from _example(checked.instrument)


def _example(instrument: Instrument) -> Iterator[str]:
    """Yield a worked example: what each answer counts, then what comes of them."""
    if not instrument.scores:
        yield "  nothing is scored"
        return
    answers = example_answers(instrument)
    yield "  worked example, all items answered:"
    for item in instrument.items:
        yield f"    {item.link_id} = {answers.values[item.link_id]:f}{_turned(item, answers)}"
    for rule, one in zip(instrument.scores, score(instrument, answers), strict=True):
        of = ", ".join(rule.parts or rule.items)
        value = "none" if one.value is None else f"{one.value:f}"
        yield f"    {rule.id} ({rule.kind} of {of}) = {value}, in {rule.minimum:f} to {rule.maximum:f}"


def _turned(item: Item, answers: Answers) -> str:
    if not item.reversed:
        return ""
    return f", reversed: counts {item.minimum + item.maximum - answers.values[item.link_id]:f}"
