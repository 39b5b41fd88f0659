"""Which coarser questions an answer's cells add up to: whoever asks those too must learn nothing hidden.

A table is a question's dimensions, in the order of the list. Its cells lie in lines, each the sum of one cell
of a coarser table: without one dimension, by quarter for month, or by what a key lies within (its site for a
team). Of two dimensions of a dyad the coarser is the earlier here, whatever lies within what: so what a table
hides rests on coarser tables alone, and is the same whoever asks first.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import product

from service.reporting.dimensions import DIMENSIONS, INSTRUMENT, MONTH, MOST, QUARTER, THERAPIST, quarter_of
from service.reporting.nesting import Nesting
from service.reporting.suppression import Group

Table = tuple[str, ...]
# How many patients each group of a table has.
Counted = Mapping[Table, Mapping[Group, int]]
# Gives the atoms of a group of a table.
AtomsOf = Callable[[Table, Group], frozenset[int]]
OF_DYADS = ("site", "approach", "team", THERAPIST)


@dataclass(frozen=True, slots=True)
class Step:
    """From a table to a coarser one: ``to`` gives a group's own there, None where it is no part of one."""

    table: Table
    to: Callable[[Group], Group | None]


@dataclass(frozen=True, slots=True)
class Tables:
    """What is coarser than what, in a clinic whose keys lie within one another so."""

    nesting: Nesting
    _known: dict[Table, "Lines"] = field(default_factory=dict)

    def lines(self, table: Table) -> "Lines":
        """Return what tells the lines of a table's groups."""
        if table not in self._known:
            self._known[table] = Lines(self.steps(table))
        return self._known[table]

    def above(self, table: Table) -> set[Table]:
        """Return every coarser table but that of the whole clinic, those of coarser ones too."""
        choices = [(name, *self._coarser(name), None) for name in table]
        found = {in_order(one for one in chosen if one) for chosen in product(*choices)}
        return found - {in_order(table), ()}

    def beside(self, table: Table) -> set[Table]:
        """Return the tables that one must not give away: the coarser ones; beside one of dyads all of dyads.

        A small team may come out of sites and approaches alone, where it is the one with both.
        """
        of_dyads = {(name,) for name in OF_DYADS}
        return (self.above(table) | (of_dyads if table in of_dyads else set())) - {in_order(table)}

    def needed(self, table: Table) -> set[Table]:
        """Return every table that must be counted to know what one hides."""
        coarser = self.above(table)
        return coarser.union(*(self.beside(one) for one in (*coarser, table)))

    def needed_by_instrument(self, table: Table) -> set[Table]:
        """Return every table that must be counted to know what one hides once the instrument is told too.

        Where that makes three dimensions, which nobody can ask for, it is that table alone.
        """
        finer = in_order((*table, INSTRUMENT))
        return {finer, *(self.needed(finer) if len(finer) <= MOST else ())}

    def steps(self, table: Table) -> list[Step]:
        """Return the steps to what a table's cells are parts of; the whole clinic's is ()."""
        return [
            _step(table, n, coarser, self._holder(name, coarser))
            for n, name in enumerate(table)
            for coarser in (None, *self._coarser(name))
        ]

    def steps_of_parts(self, table: Table) -> list[tuple[Table, Step]]:
        """Return coarser tables with the step from each down to this one: there parts of its cells stand.

        The sites of one team are parts of it, though the table by site is the coarser one.
        """
        return [
            (parts, _step(parts, parts.index(coarser), name, self._holder(coarser, name)))
            for n, name in enumerate(table)
            for coarser in self._coarser(name)
            if coarser not in table
            for parts in [in_order((*table[:n], coarser, *table[n + 1 :]))]
        ]

    def atoms(self, table: Table, groups: Iterable[Group]) -> AtomsOf:
        """Return what tells the atoms of any group beside a table, of which these groups are there.

        An atom is a kind of dyads at one key of each other dimension.
        """
        names = [one for one in OF_DYADS if any(one in other for other in (table, *self.beside(table)))]
        kinds = {tuple(kind[name] for name in names) for kind in self.nesting.kinds}
        spans = [name for name in table if name not in OF_DYADS]
        seen = {tuple(group[table.index(name)] for name in spans) for group in groups}
        columns = (*names, *spans, *(QUARTER for name in spans if name == MONTH))
        atoms = [
            (*kind, *span, *(quarter_of(key) for name, key in zip(spans, span, strict=True) if name == MONTH))
            for kind in kinds or {()}
            for span in seen
        ]
        of_key: dict[tuple[str, object], set[int]] = {}
        for number, atom in enumerate(atoms):
            for one in zip(columns, atom, strict=True):
                of_key.setdefault(one, set()).add(number)
        everything = frozenset(range(len(atoms)))
        return lambda of, group: everything.intersection(
            *(of_key.get(one, ()) for one in zip(of, group, strict=True))
        )

    def _coarser(self, name: str) -> tuple[str, ...]:
        """Return the coarser dimensions of one, in the order of this module."""
        if name == MONTH:
            return (QUARTER,)
        return OF_DYADS[: OF_DYADS.index(name)] if name in OF_DYADS else ()

    def _holder(self, name: str, coarser: str | None) -> Callable[[object], object | None]:
        if coarser is None:
            return lambda _: None
        if name == MONTH:
            return quarter_of
        within: Mapping[object, object] = self.nesting.found.get((name, coarser), {})
        return within.get


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines that each group lies in: the cells of coarser tables that it is a part of."""

    steps: Sequence[Step]
    _known: dict[Group, tuple[tuple[Table, Group], ...]] = field(default_factory=dict)

    def of(self, group: Group) -> tuple[tuple[Table, Group], ...]:
        """Return the lines of a group; figures have mostly the same groups, so each is found once."""
        if group not in self._known:
            found = {(one.table, sum_of) for one in self.steps if (sum_of := one.to(group)) is not None}
            self._known[group] = tuple(found)
        return self._known[group]


def in_order(names: Iterable[str]) -> Table:
    """Return the table of these dimensions."""
    wanted = {*names}
    return tuple(one for one in DIMENSIONS if one in wanted)


def _step(table: Table, n: int, other: str | None, holder: Callable[[object], object | None]) -> Step:
    """Return the step by which a table's nth dimension goes, or becomes another."""
    kept = {name: place for place, name in enumerate(table) if place != n}
    target = in_order((*kept, *([] if other is None else [other])))
    places = [kept.get(name) for name in target]
    held = cache(holder)

    def to(group: Group) -> Group | None:
        holds = held(group[n])
        if other is not None and holds is None:
            return None
        return tuple([holds if place is None else group[place] for place in places])

    return Step(target, to)
