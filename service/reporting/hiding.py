"""Which cells of an answer are hidden: for each figure and its labels, over all groups."""

from collections import Counter
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from service.reporting.coarser import Counted, Table, Tables
from service.reporting.differencing import Span
from service.reporting.figures import BETWEEN, PAIRS, QUARTILES, WITHIN, Figure, mean_name
from service.reporting.patient_counts import read_patients
from service.reporting.question import Cell, Question, hidden_cell
from service.reporting.reading import Reader
from service.reporting.suppression import Group, Told, hidden_cells

# A figure and its labels.
CellsOf = tuple[str, tuple[str, ...]]
_MOST = 1000


def read_coarser(
    reader: Reader, question: Question, figures: Sequence[Figure], tables: Tables
) -> dict[CellsOf, Counted]:
    """Return the coarser tables of figures of one source, as whoever asks for those is told of them.

    A group that is hidden there must not be the sum of groups that are shown here.
    """
    wholes = list(dict.fromkeys(one.m for one in figures))
    counted = read_patients(reader, figures[0].source, wholes, tables.needed(question.group_by))
    found: dict[CellsOf, Counted] = {}
    for labels, of_whole in counted.items():
        for figure in figures:
            # Wholes of the same patients are one, so that what they hide is found once.
            same = next(one for one in of_whole.values() if one == of_whole[figure.m])
            found |= {(name, labels): same for name in names_of(figure)}
    return found


def suppress(
    found: Mapping[CellsOf, Sequence[Cell]],
    question: Question,
    coarser: Mapping[CellsOf, Counted],
    tables: Tables,
) -> Iterator[Cell]:
    """Give the cells of each figure and its labels, those that must not be shown without their numbers."""
    known: dict[Hashable, frozenset[Group]] = {}  # figures of the same values have the same patients
    hiding: dict[int, Hiding] = {}
    for of, cells in found.items():
        counted = coarser.get(of, {})
        one = hiding.setdefault(id(counted), Hiding(counted, question.minimum_cell, tables))
        patients = {cell.group: cell.patients for cell in cells}
        if not one.has_few(patients):
            yield from cells
            continue
        key = (id(counted), tuple(patients.items()))
        if key not in known:
            known[key] = one.hidden(question.group_by, patients)
        hidden = known[key]
        for cell in cells:
            if cell.group in hidden and not cell.suppressed:
                yield hidden_cell(cell.group, cell.figure, cell.labels, cell.patients)
            else:
                yield cell


def names_of(figure: Figure) -> list[str]:
    """Return all names that a figure is told by, correlations with their gap."""
    correlations = (WITHIN, BETWEEN) if figure.source is PAIRS else ()
    quartiles = [f"{figure.name}_{name}" for name, _ in QUARTILES] if figure.each else []
    return [mean_name(figure), *quartiles, *correlations]


@dataclass(frozen=True, slots=True)
class Hiding:
    """What is hidden of one figure: in each coarser table, and in one that is asked for."""

    coarser: Counted
    minimum: int
    tables: Tables
    _found: dict[Table, frozenset[Group]] = field(default_factory=dict)

    def hidden(self, table: Table, patients: Mapping[Group, int]) -> frozenset[Group]:
        """Return the groups of a table that must not be shown, whatever else of it is asked."""
        if not self.has_few(patients):
            return frozenset()
        lines = self.tables.lines(table).of
        told = self._told(table, patients)
        hidden = hidden_cells(patients, self.minimum, lines, told)
        while more := self._telling(table, patients, hidden):
            told = replace(told, forced=hidden | {more})
            hidden = hidden_cells(patients, self.minimum, lines, told)
        return hidden

    def has_few(self, patients: Mapping[Group, int]) -> bool:
        """Tell whether a group of a table, or of a coarser one, is too small: else nothing is hidden."""
        return any(map(self._is_few_in, (patients, *self.coarser.values())))

    def _is_few_in(self, patients: Mapping[Group, int]) -> bool:
        return min(patients.values(), default=self.minimum) < self.minimum

    def _hidden_in(self, table: Table) -> frozenset[Group]:
        """Return the same of a coarser table."""
        if table not in self._found:
            self._found[table] = self.hidden(table, self.coarser.get(table, {}))
        return self._found[table]

    def _telling(
        self, table: Table, patients: Mapping[Group, int], hidden: Collection[Group]
    ) -> Group | None:
        """Return the smallest shown group by which a small one comes out, None where none does.

        Of very many groups it is not looked for: that would take longer than all else.
        """
        counted = {one: self.coarser.get(one, {}) for one in self.tables.beside(table)} | {table: patients}
        if sum(map(len, counted.values())) > _MOST or not any(map(self._is_few_in, counted.values())):
            return None
        span, small, above = Span(), [], self.tables.above(table)
        cells = self._cells(table, counted)
        span.add(((), ()), frozenset().union(*(atoms for _, atoms, _ in cells)))  # the whole clinic's
        for (of, group), atoms, count in cells:
            shown = of == table and group not in hidden
            if count < self.minimum:
                small.append(atoms)
            elif shown or (of in above and group not in self._hidden_in(of)):
                span.add((of, group), atoms)
        for atoms in small:
            own = [group for of, group in span.cells_that_tell(atoms) if of == table]
            if own:
                return min(own, key=lambda group: (patients[group], str(group)))
        return None

    def _cells(self, table: Table, counted: Counted) -> list[tuple[tuple[Table, Group], frozenset[int], int]]:
        """Return the cells of some tables with their atoms and patients.

        Kinds of dyads of which there is nothing in a figure are no atoms: whoever sees no cell knows it.
        """
        atoms_of = self.tables.atoms(table, counted[table])
        cells = [
            ((of, group), atoms_of(of, group), count)
            for of, groups in counted.items()
            for group, count in groups.items()
        ]
        there = (frozenset().union(*(atoms for (of, _), atoms, _ in cells if of == one)) for one in counted)
        known = frozenset.intersection(*there)
        return sorted(((cell, atoms & known, count) for cell, atoms, count in cells), key=_by_atoms)

    def _told(self, table: Table, patients: Mapping[Group, int]) -> Told:
        lines = {group: self.tables.lines(table).of(group) for group in patients}
        hidden = frozenset(
            (coarser, group)
            for coarser in {one.table for one in self.tables.lines(table).steps}
            for group in (self._hidden_in(coarser) if coarser else ())
        )
        sizes = Counter(chain.from_iterable(lines.values()))
        # What is alone in a line is the sum itself.
        known = {
            group for group, own in lines.items() if any(sizes[one] == 1 and one not in hidden for one in own)
        }
        forced = set()
        for group, coarser, parts in self._parts(table):
            gone = [part for part in parts if part in self._hidden_in(coarser)]
            if not gone:
                known.add(group)
            elif len(gone) == 1 or sum(self.coarser[coarser][part] for part in gone) < self.minimum:
                forced.add(group)
        return Told(hidden, frozenset(known), frozenset(forced) & lines.keys())

    def _parts(self, table: Table) -> Iterator[tuple[Group, Table, list[Group]]]:
        """Give the groups that are sums of groups of a coarser table, with those."""
        for coarser, step in self.tables.steps_of_parts(table):
            parts: dict[Group, list[Group]] = {}
            for group in self.coarser.get(coarser, {}):
                if (sum_of := step.to(group)) is not None:
                    parts.setdefault(sum_of, []).append(group)
            yield from ((group, coarser, own) for group, own in parts.items())


def _by_atoms(cell: tuple[object, frozenset[int], int]) -> int:
    return len(cell[1])
