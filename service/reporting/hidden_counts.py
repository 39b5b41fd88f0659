"""Leave out the n of a figure where it is a number of responses that is hidden elsewhere.

Nearly every response has a value of each score, so that the n of a level is how many responses its instrument
has: the ns of the other instruments, and the responses of all, would tell how many the hidden one has.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from service.reporting.coarser import Table, Tables, in_order
from service.reporting.dimensions import INSTRUMENT, MOST
from service.reporting.figures import FIGURES, RESPONSES, SCORES
from service.reporting.hiding import Hiding, names_of
from service.reporting.patient_counts import read_patients
from service.reporting.question import Cell, Question
from service.reporting.reading import Reader
from service.reporting.suppression import Group, hidden_cells

_BY_NAME = {one.name: one for one in FIGURES}
_ALL, _MARKED = _BY_NAME["responses"].m, _BY_NAME["critical_feedback"].m
_OF_SCORES = frozenset(name for one in FIGURES if one.source is SCORES for name in names_of(one))
_FAMILIES = frozenset(_BY_NAME[name].family for name in ("level", "critical_feedback"))


def without_told_counts(
    reader: Reader, question: Question, tables: Tables, cells: Iterable[Cell]
) -> Iterator[Cell]:
    """Give the cells, those without n that would tell how many responses a hidden instrument has."""
    if not _FAMILIES & {*question.families}:
        yield from cells
        return
    hidden = _read_hidden(reader, question, tables)
    if not hidden.groups:
        yield from cells
        return
    for cell in cells:
        yield cell._replace(n=None) if not cell.suppressed and hidden.has(cell) else cell


@dataclass(frozen=True, slots=True)
class _Hidden:
    """The groups by instrument whose responses are hidden, and those of them with marks from 0 to 10."""

    group_by: Table
    by_instrument: Table
    groups: frozenset[Group]
    marked: frozenset[Group]

    def has(self, cell: Cell) -> bool:
        if cell.figure in _OF_SCORES:
            return self._with(cell, cell.labels[0]) in self.groups
        if cell.figure != "critical_feedback":
            return False
        instruments = {group[self.by_instrument.index(INSTRUMENT)] for group in self.marked}
        return any(self._with(cell, one) in self.marked for one in instruments)

    def _with(self, cell: Cell, instrument: object) -> Group:
        keys = {INSTRUMENT: instrument} | dict(zip(self.group_by, cell.group, strict=True))
        return tuple([keys[name] for name in self.by_instrument])


def _read_hidden(reader: Reader, question: Question, tables: Tables) -> _Hidden:
    """Return what a question by instrument too hides of the responses; of three dimensions in each group."""
    table = in_order((*question.group_by, INSTRUMENT))
    wanted = tables.needed_by_instrument(question.group_by)
    of_whole = read_patients(reader, RESPONSES, [_ALL, _MARKED], wanted).get((), {})
    counted = of_whole.get(_ALL, {})
    patients: Mapping[Group, int] = counted.get(table, {})
    if len(table) <= MOST:
        hidden = Hiding(counted, question.minimum_cell, tables).hidden(table, patients)
    else:
        place = table.index(INSTRUMENT)
        hidden = hidden_cells(
            patients, question.minimum_cell, lambda group: ((*group[:place], *group[place + 1 :]),)
        )
    return _Hidden(question.group_by, table, hidden, hidden & of_whole.get(_MARKED, {}).get(table, {}).keys())
