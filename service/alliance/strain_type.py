"""Which type of strain people saw: withdrawal, confrontation or both. No score ever says one.

The signs are those of the 3RS (Eubanks et al. 2015); who told them is named with the type.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

StrainKind = Literal["withdrawal", "confrontation"]
StrainType = Literal["unknown", "withdrawal", "confrontation", "mixed"]
TypeSource = Literal["none", "observer-3RS", "client-report", "therapist-report"]
Teller = Literal["client", "therapist", "observer"]
# The strongest first: an observer's marks are evidence of level A, what the two say of level B.
_SOURCES: tuple[tuple[Teller, TypeSource], ...] = (
    ("observer", "observer-3RS"),
    ("client", "client-report"),
    ("therapist", "therapist-report"),
)


@dataclass(frozen=True, slots=True)
class KindsTold:
    """The kinds of strain that somebody saw in one session; empty where none was named."""

    by: Teller
    kinds: frozenset[StrainKind]


@dataclass(frozen=True, slots=True)
class Typed:
    """The type of a strain and who said so."""

    type: StrainType
    source: TypeSource


UNTYPED = Typed("unknown", "none")


def type_of(told: Iterable[KindsTold]) -> Typed:
    """Return the type of a strain by all that was told of it: the strongest source alone counts.

    What that source told of several sessions is put together: withdrawal in one and confrontation in the
    next is mixed.
    """
    heard = list(told)
    for teller, source in _SOURCES:
        kinds = {kind for one in heard if one.by == teller for kind in one.kinds}
        if kinds:
            return Typed(name_of(kinds), source)
    return UNTYPED


def name_of(kinds: Collection[StrainKind]) -> StrainType:
    """Return the one word for some kinds of strain; *unknown* for none."""
    if len(kinds) > 1:
        return "mixed"
    return next(iter(kinds), "unknown")
