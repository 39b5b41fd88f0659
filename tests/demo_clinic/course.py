"""How a made-up client's alliance moves from session to session, in points of one SRS mark (0 to 10).

Our own model, invented for the demo: an own level and spread, a slow growth, and ruptures that pull single
sessions down, mended or not. It says nothing about real clients.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

Kind = Literal["usual", "ceiling", "low-start"]
SESSIONS = (5, 25, 13)  # fewest, most, most frequent


@dataclass(frozen=True, slots=True)
class Rupture:
    """A dip from session ``onset`` to ``last``; ``left`` is the share of its depth that stays afterwards."""

    onset: int
    last: int
    depth: float
    left: float

    def pull(self, session: int) -> float:
        """Return by how much the dip lowers the alliance in this session."""
        if session < self.onset:
            return 0.0
        return self.depth if session <= self.last else self.depth * self.left


@dataclass(frozen=True, slots=True)
class Course:
    """A client's whole course; of ``growth`` about a third is gained in each five sessions."""

    kind: Kind
    sessions: int
    level: float
    growth: float
    spread: float
    ruptures: tuple[Rupture, ...]

    def alliance(self, session: int, rng: Random) -> float:
        """Return what the client would mark in this session, unbounded."""
        grown = self.growth * (1 - 0.92**session)
        dip = sum(rupture.pull(session) for rupture in self.ruptures)
        return self.level + grown - dip + rng.gauss(0, self.spread)


def draw_courses(clients: int, rng: Random) -> Sequence[Course]:
    """Return one course per client; every fourth is under strain in the last sessions."""
    return [_draw(rng, _kind(number), strained=number % 4 == 0) for number in range(clients)]


def _kind(number: int) -> Kind:
    kinds: dict[int, Kind] = {1: "ceiling", 6: "low-start"}
    return kinds.get(number % 8, "usual")


def _draw(rng: Random, kind: Kind, *, strained: bool) -> Course:
    fewest, most, usual = SESSIONS
    sessions = max(round(rng.triangular(fewest, most, usual)), 8 if strained else fewest)
    level = {"usual": rng.gauss(8.7, 0.5), "ceiling": rng.gauss(9.9, 0.1), "low-start": rng.gauss(6.6, 0.4)}[
        kind
    ]
    return Course(
        kind=kind,
        sessions=sessions,
        level=level,
        growth={"usual": 0.6, "ceiling": 0.1, "low-start": 2.2}[kind],
        spread=rng.uniform(0.15, 0.45),
        ruptures=(_present(rng, sessions),) if strained else _past(rng, sessions),
    )


def _present(rng: Random, sessions: int) -> Rupture:
    """A strain that began in one of the last three sessions and has not been mended."""
    return Rupture(sessions - rng.randrange(3), sessions, depth=rng.uniform(1.3, 2.8), left=1.0)


def _past(rng: Random, sessions: int) -> tuple[Rupture, ...]:
    """Perhaps a rupture before the last five sessions, mended in two of three."""
    if sessions < 10 or rng.random() > 0.55:
        return ()
    onset = rng.randrange(4, sessions - 5)
    mended = rng.random() < 0.67
    last = onset + rng.randrange(3)
    return (Rupture(onset, last, depth=rng.uniform(1.5, 3.5), left=0.0 if mended else 0.9),)
