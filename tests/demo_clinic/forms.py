"""Filled forms of a made-up client: marks and choices around one session's alliance, seldom a blank."""

from collections.abc import Mapping
from decimal import Decimal
from random import Random

SRS = "srs-3"
WAI = "wai-sr-client"
_BLANK_SHARE = 0.03
_SRS_ITEMS = 4
_WAI_ITEMS = 12
_BONDED = (3, 5, 7, 9)


def fill_srs(alliance: float, rng: Random) -> Mapping[str, Decimal]:
    """Return four marks from 0.0 to 10.0 by 0.1; seldom one is left blank."""
    marks = {
        f"item-{number}": _mark(alliance + rng.gauss(0, 0.35), places=1, low=0, high=10)
        for number in range(1, _SRS_ITEMS + 1)
    }
    return _with_blank(marks, rng)


def fill_wai(alliance: float, rng: Random) -> Mapping[str, Decimal]:
    """Return twelve choices from 1 to 5; seldom one is left blank. Bond runs a little higher."""
    middle = 3.8 + (alliance - 9.0) * 0.55
    choices = {
        f"item-{number}": _mark(
            middle + (0.3 if number in _BONDED else 0) + rng.gauss(0, 0.5), places=0, low=1, high=5
        )
        for number in range(1, _WAI_ITEMS + 1)
    }
    return _with_blank(choices, rng)


def total(marks: Mapping[str, Decimal]) -> Decimal:
    """Return the sum of all marks that are there."""
    return sum(marks.values(), Decimal(0))


def _mark(value: float, *, places: int, low: int, high: int) -> Decimal:
    return Decimal(f"{min(max(value, low), high):.{places}f}")


def _with_blank(filled: dict[str, Decimal], rng: Random) -> Mapping[str, Decimal]:
    if rng.random() < _BLANK_SHARE:
        del filled[rng.choice(list(filled))]
    return filled
