"""Simulated clients with known ruptures, as the files of a development folder hold them. Nobody is real.

``sessions.csv``: one row per attended session, in order; ``episodes.csv``: one per rupture. ``truth`` is 0
for none, 1 inside a rupture, 2 neutral (the first session after a repair, the lower part of a slow decline).
"""

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from service.alliance.errors import AllianceFileError


@dataclass(frozen=True, slots=True)
class SimulatedSession:
    """One rated session: its number from 1, the client's total and items, and what was true of it.

    ``unheard``: the therapist's ratings of the sessions since the last rated one, whose form is missing.
    """

    session: int
    total: float
    items: tuple[float, ...]
    therapist: float | None
    missed: int
    truth: int
    unheard: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class SimulatedEpisode:
    """One rupture, in numbers of sessions; ``visible``: without noise the total would fall far enough."""

    onset: int
    last_low: int
    repaired: bool
    visible: bool


@dataclass(frozen=True, slots=True)
class SimulatedClient:
    """One client: rated sessions and ruptures, each in order."""

    sessions: tuple[SimulatedSession, ...]
    episodes: tuple[SimulatedEpisode, ...]


def read_clients(sessions_csv: str, episodes_csv: str) -> list[SimulatedClient]:
    """Return the clients of both files' texts, by number; attended sessions without a form are left out.

    Raises ``AllianceFileError`` naming the file and line of a row that cannot be read.
    """
    attended: dict[int, list[_Row]] = defaultdict(list)
    episodes: dict[int, list[SimulatedEpisode]] = defaultdict(list)
    for row in _rows(sessions_csv, "sessions.csv"):
        attended[row.whole("client")].append(row)
    for row in _rows(episodes_csv, "episodes.csv"):
        episodes[row.whole("client")].append(_episode(row))
    return [
        SimulatedClient(_rated(attended[client]), tuple(sorted(episodes[client], key=lambda one: one.onset)))
        for client in sorted(attended)
    ]


def _rated(rows: "list[_Row]") -> tuple[SimulatedSession, ...]:
    rated: list[SimulatedSession] = []
    unheard: list[float] = []
    for row in rows:
        therapist = row.number("therapist_total") if row.text("therapist_total") else None
        if row.text("total"):
            rated.append(_session(row, therapist, tuple(unheard)))
            unheard = []
        elif therapist is not None:
            unheard.append(therapist)
    return tuple(rated)


def _session(row: "_Row", therapist: float | None, unheard: tuple[float, ...]) -> SimulatedSession:
    return SimulatedSession(
        session=row.whole("session"),
        total=row.number("total"),
        items=row.numbers_named("item"),
        therapist=therapist,
        missed=row.whole("noshows_before"),
        truth=row.whole("truth"),
        unheard=unheard,
    )


def _episode(row: "_Row") -> SimulatedEpisode:
    return SimulatedEpisode(
        onset=row.whole("onset_session"),
        last_low=row.whole("last_low_session"),
        repaired=row.whole("repaired") == 1,
        visible=row.whole("visible") == 1,
    )


@dataclass(frozen=True, slots=True)
class _Row:
    file: str
    line: int
    cells: dict[str, str]

    def text(self, column: str) -> str:
        if self.cells.get(column) is None:
            raise AllianceFileError(self.file, f"line {self.line}", f"has no {column}")
        return self.cells[column]

    def number(self, column: str) -> float:
        try:
            return float(self.text(column))
        except ValueError:
            raise AllianceFileError(self.file, f"line {self.line}", f"{column} must be a number") from None

    def whole(self, column: str) -> int:
        return int(self.number(column))

    def numbers_named(self, start: str) -> tuple[float, ...]:
        columns = [column for column in self.cells if column.startswith(start)]
        return tuple(self.number(column) for column in columns if self.text(column))


def _rows(text: str, file: str) -> Iterator[_Row]:
    reader = csv.DictReader(text.splitlines())
    for cells in reader:
        yield _Row(file, reader.line_num, cells)
