"""Which groups lie within others: a team's therapists, who are in it alone, add up to it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import permutations

from service.reporting.dimensions import OF_DYAD
from service.reporting.reading import Reader

_NAMES = tuple(one for one in OF_DYAD if one != "clinic")


@dataclass(frozen=True, slots=True)
class Nesting:
    """Of (dimension, coarser dimension): the coarser key that each key lies in, where keys add up to it.

    ``kinds`` are the dyads that there are, told apart by nothing else than these dimensions.
    """

    found: Mapping[tuple[str, str], Mapping[object, object]] = field(default_factory=dict)
    kinds: tuple[Mapping[str, object], ...] = ()


def read_nesting(reader: Reader, group_by: Iterable[str]) -> Nesting:
    """Return what lies within what, for what is asked for; raises what ``Reader.rows`` raises.

    A report by therapist and one by team together give away what a therapist's hidden cell is, where the
    others of the team are shown.
    """
    if not set(group_by) & set(_NAMES):
        return Nesting()
    reader.show("dyads")
    columns = ", ".join(f"coalesce({one}, '') AS {one}" for one in _NAMES)
    kinds = reader.rows(f"SELECT DISTINCT {columns} FROM dyads")  # noqa: S608 - ours
    return find_nesting(dict(zip(_NAMES, kind, strict=True)) for kind in kinds)


def find_nesting(dyads: Iterable[Mapping[str, object]]) -> Nesting:
    """Return what lies within what, of dyads with a key for each of site, team, approach and therapist.

    Any may lie within any: the teams of one approach, the sites of one team; one alone is the same as what it
    lies within.
    """
    kinds = {tuple(row[name] for name in _NAMES) for row in dyads}
    rows = [dict(zip(_NAMES, kind, strict=True)) for kind in sorted(kinds, key=str)]
    pairs = {
        (own, coarser): {(row[own], row[coarser]) for row in rows} for own, coarser in permutations(_NAMES, 2)
    }
    return Nesting({names: _within(seen) for names, seen in pairs.items()}, tuple(rows))


def _within(seen: Iterable[tuple[object, object]]) -> dict[object, object]:
    coarser_of: dict[object, list[object]] = {}
    keys_in: dict[object, list[object]] = {}
    for own, coarser in seen:
        coarser_of.setdefault(own, []).append(coarser)
        keys_in.setdefault(coarser, []).append(own)
    return {
        own: coarser
        for coarser, keys in keys_in.items()
        if all(len(coarser_of[own]) == 1 for own in keys)
        for own in keys
    }
