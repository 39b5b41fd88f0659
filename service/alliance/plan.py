"""The measuring plan of a clinic: which measure is due at the next session, and which was missed.

The plan is data (``measuring_plan.toml``, or a clinic's own file). Sessions are attended ones, counted from
1. A rating before the first window (a WAI in session 1) does not fill it; after a missed window the next one
begins at once.
"""

import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from service.alliance.errors import AllianceFileError

FILE = "measuring_plan.toml"
_KEYS = {"instruments", "always_first", "first", "every", "once_begun", "source"}


@dataclass(frozen=True, slots=True)
class Window:
    """Attended sessions from ``first`` to ``last``, both belonging: one rating is wanted among them."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class PlannedMeasure:
    """When one measure is due; what each field means stands at the head of ``measuring_plan.toml``."""

    name: str
    instruments: tuple[str, ...]
    always_first: int
    first: Window
    every: Window
    once_begun: bool
    source: str


@dataclass(frozen=True, slots=True)
class Due:
    """How one measure stands with one dyad.

    ``instrument`` is the form that was used last, else the plan's first; ``last_rated`` the last session that
    has it, None where none has. ``window`` is when the next rating is wanted, and ``due_next`` whether the
    coming session lies in it. ``missed`` are the windows that went by without a rating, in order.
    """

    measure: str
    instrument: str
    last_rated: int | None
    window: Window
    due_next: bool
    missed: tuple[Window, ...]


MeasuringPlan = tuple[PlannedMeasure, ...]


def what_is_due(
    plan: MeasuringPlan, attended: int, rated: Mapping[str, Sequence[int]], offered: Collection[str]
) -> tuple[Due, ...]:
    """Return how each measure of the plan stands after so many attended sessions, in plan order.

    ``rated`` has the attended sessions that were rated, by instrument, the instrument used last at the end.
    A measure none of whose forms is ``offered`` is left out, and one that waits to be begun.
    """
    found = []
    for measure in plan:
        used = [form for form in rated if form in measure.instruments and rated[form]]
        known = [form for form in measure.instruments if form in offered or form in used]
        if known and (used or not measure.once_begun):
            sessions = sorted({session for form in used for session in rated[form]})
            found.append(_due(measure, attended, sessions, used[-1] if used else known[0]))
    return tuple(found)


def _due(measure: PlannedMeasure, attended: int, rated: Sequence[int], instrument: str) -> Due:
    missed = [one for one in _always(measure, attended) if one.first not in rated]
    window = measure.first
    for session in rated:
        if session < measure.first.first:
            continue
        missed += _missed_before(measure, window, session)
        window = Window(session + measure.every.first, session + measure.every.last)
    missed += _missed_before(measure, window, attended + 1)
    window = _still_open(measure, window, attended + 1)
    in_opening = attended < measure.always_first
    if in_opening:
        window = replace(window, first=attended + 1, last=attended + 1)
    return Due(
        measure=measure.name,
        instrument=instrument,
        last_rated=rated[-1] if rated else None,
        window=window,
        due_next=window.first <= attended + 1,
        missed=tuple(sorted(set(missed), key=lambda one: (one.first, one.last))),
    )


def _always(measure: PlannedMeasure, attended: int) -> Iterable[Window]:
    return (Window(session, session) for session in range(1, min(measure.always_first, attended) + 1))


def _missed_before(measure: PlannedMeasure, window: Window, session: int) -> list[Window]:
    """Return the windows that ended before a session; after a missed one the next begins at once."""
    missed = []
    while window.last < session:
        missed.append(window)
        window = _after_missed(measure, window)
    return missed


def _still_open(measure: PlannedMeasure, window: Window, session: int) -> Window:
    while window.last < session:
        window = _after_missed(measure, window)
    return window


def _after_missed(measure: PlannedMeasure, window: Window) -> Window:
    return Window(window.last + 1, window.last + 1 + measure.every.last - measure.every.first)


@cache
def default_plan() -> MeasuringPlan:
    """Return the plan that ships with the service."""
    return read_plan((files("service.alliance") / FILE).read_text("utf-8"))


def read_plan(text: str, file: str = FILE) -> MeasuringPlan:
    """Return the plan in a TOML text, in file order; ``file`` is the name that an error gives.

    Raises ``AllianceFileError`` naming measure and key where one is missing, unknown or not well formed.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise AllianceFileError(file, "the whole file", f"is not TOML: {error}") from error
    return tuple(_measure(table, file, name) for name, table in tables.items())


def _measure(table: object, file: str, name: str) -> PlannedMeasure:
    if not isinstance(table, dict) or table.keys() != _KEYS:
        raise AllianceFileError(file, name, f"must hold exactly {', '.join(sorted(_KEYS))}")
    instruments = table["instruments"]
    if not isinstance(instruments, list) or not instruments or not _are_texts(instruments):
        raise AllianceFileError(file, f"{name}.instruments", "must be a list of ids of instruments")
    if not _is_count(table["always_first"]):
        raise AllianceFileError(file, f"{name}.always_first", "must be a whole number from 0")
    if not isinstance(table["once_begun"], bool):
        raise AllianceFileError(file, f"{name}.once_begun", "must be true or false")
    if not _are_texts([table["source"]]):
        raise AllianceFileError(file, f"{name}.source", "must say where the plan comes from")
    return PlannedMeasure(
        name=name,
        instruments=tuple(instruments),
        always_first=table["always_first"],
        first=_window(table, file, name, "first"),
        every=_window(table, file, name, "every"),
        once_begun=table["once_begun"],
        source=table["source"],
    )


def _window(table: Mapping[str, object], file: str, name: str, key: str) -> Window:
    ends, pair = table[key], 2
    if not isinstance(ends, list) or len(ends) != pair or not all(_is_count(end) and end for end in ends):
        raise AllianceFileError(file, f"{name}.{key}", "must be two whole numbers from 1")
    if ends[0] > ends[1]:
        raise AllianceFileError(file, f"{name}.{key}", "must not end before it begins")
    return Window(*ends)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _are_texts(values: Iterable[object]) -> bool:
    return all(isinstance(value, str) and value.strip() for value in values)
