"""The columns of an imported CSV: our template, and how a row's cells become a body of ``/v1/responses``."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import Any

from fhir_mappings.errors import Fault
from fhir_mappings.instrument import AnyItem, ChoiceItem, FlagItem, Instrument, TextItem
from service.api.v1.import_ends import END_FIELDS
from service.api.v1.import_map import ImportMap, Text
from service.api.v1.import_map_faults import find_constant_faults, find_map_faults
from service.api.v1.models import ResponseBody
from service.api.v1.response_body import FIELDS
from service.errors import FaultsInRequest
from service.flows.deployment import Deployment

TOTAL = "total"
_FIELDS = (*(name for name in FIELDS if name not in ("answers", "scores")), *END_FIELDS)
_NEEDED = ("identifier", "instrument", "patient", "authored")
_WHOLE_NUMBERS = frozenset({"session_number", "age_years"})
_NUMBER = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,9})?", re.ASCII)
_WHOLE = re.compile(r"[0-9]{1,9}", re.ASCII)
_KEPT_NUMBERS = 1024
_TRUTH = {"true": True, "false": False}
_SEVERAL = re.compile(r"[\s|]+")
_UNKNOWN_WORD = "The map says nothing of what stands here."
Read = Callable[[str], Any]


def template(instrument: Instrument) -> str:
    """Return the header of a CSV for one instrument, below remarks that tell what each column means."""
    names = [*_NEEDED, *(name for name in _FIELDS if name not in _NEEDED)]
    answers = [item.link_id for item in instrument.all_items]
    totals = [TOTAL] if TOTAL in instrument.score_by_id else []
    told = [f"# {name}: {_meaning(name)}" for name in names]
    told.append(
        f"# {', '.join(answers)}: the answers; a blank is an empty cell, several codes have | between"
    )
    told += [f"# {TOTAL}: the total; alone, a bare total; beside answers it must agree with them"] * len(
        totals
    )
    return "\n".join([*told, ",".join([*names, *answers, *totals])]) + "\n"


def _meaning(name: str) -> str:
    said = END_FIELDS.get(name) or str(ResponseBody.model_fields[name].description)
    return f"must be there; {said}" if name in _NEEDED else said


@dataclass(frozen=True, slots=True)
class _Source:
    """Where one of our columns comes from: pieces of text, each with a cell's place or None behind it.

    ``cell`` is the place of the cell that it is as it stands, None where there is more to it.
    """

    ours: str
    theirs: str
    pieces: tuple[tuple[str, int | None], ...]
    words: Mapping[str, str] | None
    read: Read
    cell: int | None

    def text(self, cells: Sequence[str]) -> str:
        """Return the text of a row, empty where a cell in it is."""
        if len(self.pieces) == 1 and not self.pieces[0][0]:
            place = self.pieces[0][1]
            return "" if place is None else cells[place].strip()
        found = [
            (before, "" if place is None else cells[place].strip(), place) for before, place in self.pieces
        ]
        if any(place is not None and not cell for _, cell, place in found):
            return ""
        return "".join(before + cell for before, cell, _ in found)


class Columns:
    """The columns of one file, ready to read its rows; ``count`` is how many cells a row has."""

    def __init__(
        self, count: int, sources: Sequence[_Source], mapped: ImportMap, deployment: Deployment
    ) -> None:
        self.count = count
        self._sources = [one for one in sources if one.ours in _FIELDS]
        self._answers = [one for one in sources if one.ours not in _FIELDS]
        self._constants = mapped.constants
        self._decimal_comma = mapped.decimal_comma
        self._theirs = {one.ours: one.theirs for one in sources}
        self._items = {
            form.id: {item.link_id: item for item in form.all_items} for form in deployment.known.values()
        }

    def to_body(self, cells: Sequence[str]) -> tuple[dict[str, Any], list[Fault]]:
        """Return the body that a row says, and faults of what the map does not know; empty cells say none."""
        faults: list[Fault] = []
        body: dict[str, Any] = {name: _read_field(name, text) for name, text in self._constants.items()}
        for source in self._sources:
            text = self._word(source, cells, faults)
            if text:
                body[source.ours] = _read_field(source.ours, text)
        items = self._items.get(str(body.get("instrument", "")).partition("|")[0], {})
        answers: dict[str, Any] = {}
        for source in self._answers:
            text = self._word(source, cells, faults)
            if text and source.ours == TOTAL:
                body["scores"] = {TOTAL: self._number(text)}
            elif text:
                answers[source.ours] = self._answer(items.get(source.ours), text)
        return (body | {"answers": answers} if answers else body), faults

    def placed(self, fault: Fault) -> Fault:
        """Return a fault of the body with the file's own column as its place."""
        ours = fault.at.removeprefix("answers.").removeprefix("scores.")
        return replace(fault, at=self._theirs.get(ours, ours))

    def _word(self, source: _Source, cells: Sequence[str], faults: list[Fault]) -> str:
        if source.cell is not None:
            return cells[source.cell].strip()
        text = source.text(cells)
        if not text:
            return ""
        if source.words is not None:
            text = source.words.get(text, "")
            if not text:
                faults.append(Fault(source.theirs, "unknown-word", _UNKNOWN_WORD))
        return str(source.read(text))

    def _answer(self, item: AnyItem | None, text: str) -> object:
        match item:
            case FlagItem():
                return _TRUTH.get(text.casefold(), text)
            case TextItem():
                return text
            case ChoiceItem():
                return _SEVERAL.split(text) if item.several else text
        return self._number(text)

    def _number(self, text: str) -> object:
        number = _to_number(text.replace(",", ".") if self._decimal_comma else text)
        return text if number is None else number


def read_header(names: Sequence[str], mapped: ImportMap, deployment: Deployment) -> Columns:
    """Return the columns of a file with these names. Raises ``FaultsInRequest`` with every fault of them."""
    theirs = [name.strip() for name in names]
    wanted = mapped.columns
    if wanted is None:
        wanted = {name: Text((("", name),)) for name in theirs if name}
    link_ids = {item.link_id for form in deployment.known.values() for item in form.all_items}
    ours = {*_FIELDS, *link_ids, TOTAL}
    # Names in a file may be anybody's, and are told by their place; those of a map are told as they are.
    unknown = _unknown(wanted, ours) if mapped.columns is None else []
    faults = [
        *(
            _fault("repeated-column", f"Column {place} stands further left too.")
            for place in _repeated(theirs, wanted)
        ),
        *find_map_faults(mapped, wanted, ours),
        *find_constant_faults(mapped.constants, _FIELDS, _read_field, deployment),
        *(_fault("unknown-column", f"Column {place} is none of ours.") for place in unknown),
        *(_missing(mapped, wanted, theirs)),
    ]
    if faults:
        raise FaultsInRequest(faults)
    return Columns(
        len(theirs),
        [_source(name, text, theirs, mapped) for name, text in wanted.items()],
        mapped,
        deployment,
    )


def _source(ours: str, text: Text, theirs: Sequence[str], mapped: ImportMap) -> _Source:
    pieces = tuple((before, None if name is None else theirs.index(name)) for before, name in text.pieces)
    shown = text.columns[0] if len(text.pieces) == 1 and text.columns else ours
    words, read = mapped.words_of(ours), mapped.reader_of(ours)
    is_as_it_stands = len(pieces) == 1 and not pieces[0][0] and words is None and read is str
    return _Source(ours, shown, pieces, words, read, pieces[0][1] if is_as_it_stands else None)


def _repeated(names: Sequence[str], wanted: Mapping[str, Text]) -> list[int]:
    """Return the places of columns that are used and stand further left too."""
    used = {name for text in wanted.values() for name in text.columns}
    return [place for place, name in enumerate(names, 1) if name in used and name in names[: place - 1]]


def _unknown(wanted: Mapping[str, Text], ours: Collection[str]) -> list[int]:
    return [place for place, name in enumerate(wanted, 1) if name not in ours]


def _missing(mapped: ImportMap, wanted: Mapping[str, Text], theirs: Sequence[str]) -> list[Fault]:
    named = {name for text in wanted.values() for name in text.columns}
    given = {*wanted, *mapped.constants}
    # The names are the map's own, not the file's: they may be told.
    return [
        *(
            Fault(name, "missing-column", "The file has no such column.")
            for name in sorted(named - set(theirs))
        ),
        *(
            Fault(name, "missing-column", "This column must be there.")
            for name in _NEEDED
            if name not in given
        ),
    ]


def _fault(reason: str, message: str) -> Fault:
    return Fault("", reason, message)


# A file says the same marks over and over.
@lru_cache(maxsize=_KEPT_NUMBERS)
def _to_number(text: str) -> Decimal | None:
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def _whole(text: str) -> object:
    return int(text) if _WHOLE.fullmatch(text) else text


_READ_FIELD: Mapping[str, Read] = dict.fromkeys(_WHOLE_NUMBERS, _whole) | {
    "another_session": lambda text: _TRUTH.get(text.casefold(), text)
}


def _read_field(name: str, text: str) -> object:
    return _READ_FIELD.get(name, str)(text)
