"""Several questions together give no small group away: what they show is taken as equations, and solved."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from random import Random
from typing import Any

import pytest

from service.reporting.coarser import Tables
from service.reporting.hiding import Hiding
from service.reporting.nesting import find_nesting

MINIMUM = 11
OF_DYADS = ("site", "approach", "team", "therapist")
MONTHS = range(202601, 202607)
Atom = Mapping[str, Any]
# So many patients are of one kind: a therapist at a site, in a team, by an approach (in a month).
Clinic = Sequence[tuple[Atom, int]]


def rank(rows: Iterable[Sequence[int]]) -> int:
    left = [[Fraction(one) for one in row] for row in rows]
    found = 0
    while left:
        pivot = left.pop()
        at = next((n for n, one in enumerate(pivot) if one), None)
        if at is None:
            continue
        found += 1
        left = [
            [a - row[at] / pivot[at] * b for a, b in zip(row, pivot, strict=True)] if row[at] else row
            for row in left
        ]
    return found


def is_in(atom: Atom, table: Sequence[str], group: Sequence[object]) -> bool:
    return all(atom[name] == key for name, key in zip(table, group, strict=True))


def counted(clinic: Clinic, table: Sequence[str]) -> dict[tuple[object, ...], int]:
    found: Counter[tuple[object, ...]] = Counter()
    for atom, patients in clinic:
        found[tuple(atom[name] for name in table)] += patients
    return dict(found)


def hidden(clinic: Clinic, table: tuple[str, ...]) -> frozenset[tuple[object, ...]]:
    tables = Tables(find_nesting([atom for atom, _ in clinic]))
    coarser = {one: counted(clinic, one) for one in tables.needed(table)}
    return Hiding(coarser, MINIMUM, tables).hidden(table, counted(clinic, table))


def given_away(clinic: Clinic, questions: Sequence[tuple[str, ...]]) -> list[tuple[object, ...]]:
    """Return the small groups of the questions that are sums and differences of what all of them show."""
    shown, small = [[1] * len(clinic)], []
    for table in questions:
        gone = hidden(clinic, table)
        for group, patients in counted(clinic, table).items():
            row = [int(is_in(atom, table, group)) for atom, _ in clinic]
            shown += [] if group in gone else [row]
            small += [(group, row)] if patients < MINIMUM else []
    known = rank(shown)
    return [group for group, row in small if rank([*shown, row]) == known]


def a_clinic(random: Random, shape: str) -> Clinic:
    kinds: set[tuple[str, ...]] = set()
    for site in "ABCD":
        for team in range(random.randint(1, 4)):
            approach = random.choice("xyz") if shape == "teams have a site and an approach" else ""
            names = (f"{site}{team}{n}" for n in range(random.randint(1, 3)))
            kinds |= {(site, approach, f"{site}{team}", name) for name in names}
    if shape == "nothing lies within anything":
        kinds = {tuple(random.choice(keys) for keys in ("ABCD", "xyz", "uvw", "abcdefghij")) for _ in kinds}
    many = (2, 3, 5, 6, 9, 14, 18, 22, 30, 45)
    return [(dict(zip(OF_DYADS, kind, strict=True)), random.choice(many)) for kind in sorted(kinds)]


def by_month(random: Random, clinic: Clinic) -> Clinic:
    rare = {month: random.choice((0.0, 0.0, 0.9)) for month in MONTHS}
    return [
        (atom | {"month": month, "quarter": 202601 if month < 202604 else 202602}, random.randint(1, 20))
        for atom, _ in clinic
        for month in MONTHS
        if random.random() >= rare[month]
    ]


SHAPES = ("all within its site", "teams have a site and an approach", "nothing lies within anything")


@pytest.mark.parametrize("shape", SHAPES)
def test_questions_by_site_approach_team_and_therapist_give_no_small_group_away(shape):
    random = Random(3)  # noqa: S311 - made up, not secret
    for _ in range(12):
        clinic = a_clinic(random, shape)
        assert given_away(clinic, [(name,) for name in OF_DYADS]) == []


def test_months_do_not_give_a_small_quarter_away_nor_quarters_a_small_month():
    random = Random(5)  # noqa: S311 - made up, not secret
    for _ in range(12):
        clinic = by_month(random, a_clinic(random, SHAPES[0])[:2])
        assert given_away(clinic, [("month",), ("quarter",)]) == []


def test_a_site_that_is_hidden_beside_a_small_one_does_not_come_out_of_its_teams():
    teams = {"a1": ("A", 5), "b1": ("B", 20), "b2": ("B", 25), "c1": ("C", 30), "c2": ("C", 52)}
    clinic = [
        ({"site": site, "approach": "", "team": team, "therapist": team}, patients)
        for team, (site, patients) in teams.items()
    ]

    assert hidden(clinic, ("site",)) == {("A",), ("B",)}
    assert hidden(clinic, ("team",)) > {("a1",), ("b1",)}


def test_a_quarter_that_is_hidden_beside_a_small_one_does_not_come_out_of_its_months():
    dyad = dict.fromkeys(OF_DYADS, "")
    months = {202512: 5, 202601: 12, 202602: 15, 202603: 14, 202604: 20, 202605: 30}
    quarters = {202512: 202504, 202604: 202602, 202605: 202602}
    clinic = [
        (dyad | {"month": month, "quarter": quarters.get(month, 202601)}, patients)
        for month, patients in months.items()
    ]

    assert hidden(clinic, ("quarter",)) == {(202504,), (202601,)}
    assert len(hidden(clinic, ("month",)) & {(202601,), (202602,), (202603,)}) > 1
