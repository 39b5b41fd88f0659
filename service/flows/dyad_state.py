"""What is kept of a dyad so that its next rating can be judged without reading the ones before.

Kept anew whenever a dyad is judged whole, which is at every change but a rating that comes in order. It names
the norm, rule and numbers that it was made by: for any others it is worthless, and the dyad is judged whole.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from fhir_mappings import json_text
from service.alliance.baseline import Sums
from service.alliance.episodes import Live, Standing
from service.alliance.norms import Norm
from service.alliance.parameters import Parameters
from service.alliance.rules import Earlier
from service.alliance.standards import Memory, Standard
from service.flows.judge_dyad import JudgedDyad
from service.store.responses import DyadRating, therapy_place

# Raised with every change of what a rating or an alert is judged by: older states are then not used.
_METHOD = "3"
_KEPT = 64


@dataclass(frozen=True, slots=True)
class SeriesState:
    """One instrument of a dyad: ``by`` is what it is judged by ('' for what is not), ``total`` the last one.

    ``date`` is the last session's; ``number`` the highest session number, None where none has one, and
    ``all_numbered`` tells whether every rating has one.
    """

    by: str
    memory: Memory
    total: str | None
    date: str
    number: int | None
    all_numbered: bool


@dataclass(frozen=True, slots=True)
class DyadState:
    """A dyad after all its ratings; ``place`` is that of the last one in therapy order."""

    place: tuple[str, int, str, str]
    series: Mapping[str, SeriesState]
    standing: Standing


def state_of(judged: JudgedDyad, ratings: Sequence[DyadRating], parameters: Parameters) -> DyadState | None:
    """Return the state of a dyad that was judged whole, its ratings in order; None where it has none."""
    if not ratings:
        return None
    of_form: dict[str, list[DyadRating]] = {}
    for rating in ratings:
        of_form.setdefault(rating.instrument, []).append(rating)
    series = {form: _whole(judged, rows, parameters) for form, rows in of_form.items()}
    return DyadState(therapy_place(ratings[-1]), series, judged.standing)


def _whole(judged: JudgedDyad, rows: Sequence[DyadRating], parameters: Parameters) -> SeriesState:
    """Return what ``joined`` comes to for all ratings of one series, in their order."""
    last = next((row for row in reversed(rows) if row.total is not None), None)
    numbers = [row.session_number for row in rows if row.session_number is not None]
    return SeriesState(
        by="" if last is None else fingerprint(judged.standards.get(last.id), parameters),
        memory=judged.memories.get(rows[0].instrument, Memory()),
        total=None if last is None or last.total is None else format(last.total, "f"),
        date=max(row.session_date for row in rows),
        number=max(numbers, default=None),
        all_numbered=len(numbers) == len(rows),
    )


def joined(before: SeriesState | None, rating: DyadRating, by: str, memory: Memory) -> SeriesState:
    """Return a series' state with one more rating, in order; a rating without a total leaves the last one."""
    number, date = rating.session_number, rating.session_date
    if before is None:
        before = SeriesState(by, memory, None, date, number, all_numbered=True)
    numbers = [one for one in (number, before.number) if one is not None]
    after = replace(
        before,
        memory=memory,
        date=max(date, before.date),
        number=max(numbers, default=None),
        all_numbered=before.all_numbered and number is not None,
    )
    return after if rating.total is None else replace(after, by=by, total=format(rating.total, "f"))


def fingerprint(standard: Standard | None, parameters: Parameters) -> str:
    """Return what a rating is judged by as a short text, '' for nothing."""
    return "" if standard is None else _fingerprint(standard.norm, standard.rule, parameters)


@lru_cache(maxsize=_KEPT)
def _fingerprint(norm: Norm, rule: str, parameters: Parameters) -> str:
    return hashlib.sha256(repr((_METHOD, norm, rule, parameters)).encode()).hexdigest()[:16]


def write_state(state: DyadState | None) -> str | None:
    """Return the state as it is kept."""
    if state is None:
        return None
    # orjson writes dataclasses by their fields, many times faster than they become dictionaries here.
    facts = {"place": state.place, "series": state.series, "standing": state.standing}
    return json_text.dumps({"method": _METHOD} | facts).decode()


def read_state(text: str | None) -> DyadState | None:
    """Return a kept state, or None where there is none or another release kept it."""
    found = None if text is None else json_text.loads(text)
    if found is None or found["method"] != _METHOD:
        return None
    return DyadState(
        place=tuple(found["place"]),
        series={name: _series(one) for name, one in found["series"].items()},
        standing=_standing(found["standing"]),
    )


def _series(found: dict[str, Any]) -> SeriesState:
    sums, earlier = found["memory"]["sums"], found["memory"]["earlier"]
    memory = Memory(Sums(**_floats(sums)), None if earlier is None else Earlier(**_floats(earlier)))
    return SeriesState(**found | {"memory": memory})


def _standing(found: dict[str, Any]) -> Standing:
    live = found["live"]
    return Standing(**found | {"live": None if live is None else Live(**_floats(live))})


def _floats(found: dict[str, Any]) -> dict[str, Any]:
    """Return the values with decimals as floats again: their digits give back the same bits."""
    plain = (int, str, type(None))
    return {name: one if isinstance(one, plain) else float(one) for name, one in found.items()}
