"""Builders of ratings and of the simulated worlds."""

import csv
import json
import lzma
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from service.alliance.baseline import Judgement, judge_ratings
from service.alliance.coverage import SeriesPoint
from service.alliance.events import Rated
from service.alliance.norms import Norm, norm_for, read_norm
from service.alliance.parameters import default_parameters
from service.alliance.simulated import SimulatedClient, read_clients

FOLDER = Path(__file__).parents[2] / "worked_examples" / "rupture"
WORLDS = ("base", "srs_ceiling", "srs_lownorm", "srs_null", "wai_sr")
PARAMETERS = default_parameters()


def shipped(instrument: str = "srs-3") -> Norm:
    norm = norm_for(instrument, "total")
    assert norm is not None
    return norm


SRS = shipped()


@dataclass(frozen=True, slots=True)
class World:
    """One folder: its norm, and per client the numbers of the rated sessions with their totals."""

    norm: Norm
    clients: dict[int, list[tuple[int, float]]]
    rule: list[dict[str, str]]
    notices: list[dict[str, str]]


@cache
def world(name: str) -> World:
    folder = FOLDER / name
    norm = json.loads((folder / "norms.json").read_text())["norm"]
    clients = defaultdict(list)
    for row in _rows(folder / "sessions.csv"):
        if row["total"]:
            clients[int(row["client"])].append((int(row["session"]), float(row["total"])))
    rule, notices = _rows(folder / "default-rule.csv"), _rows(folder / "default-notices.csv")
    return World(read_norm(json.dumps(norm), name), dict(clients), list(rule), list(notices))


@cache
def simulated(name: str) -> tuple[list[SimulatedClient], Norm, Norm]:
    """A folder's clients, the norm to judge them by, and the one that fitting them gives."""
    folder = FOLDER / name
    norms = json.loads((folder / "norms.json").read_text())
    clients = read_clients(sessions_text(name), (folder / "episodes.csv").read_text())
    return clients, *(read_norm(json.dumps(norms[key]), name) for key in ("norm", "refit"))


def sessions_text(name: str) -> str:
    packed = FOLDER / name / "sessions.csv.xz"
    if packed.exists():
        return lzma.decompress(packed.read_bytes()).decode()
    return (FOLDER / name / "sessions.csv").read_text()


def worked_examples(part: str) -> list[dict]:
    return json.loads((FOLDER / "worked-examples.json").read_text())[part]


def rated(
    totals: Sequence[float | None],
    norm: Norm = SRS,
    series: str = "srs",
    *,
    historical: Sequence[int] = (),
) -> list[Rated]:
    """Judge the totals of sessions 1, 2, …; None is a missing form. A key is series and session: ``a-3``."""
    numbered = [(number, total) for number, total in enumerate(totals, start=1) if total is not None]
    judgements = judge_ratings([total for _, total in numbered], norm, PARAMETERS)
    return [
        Rated(f"{series}-{number}", series, total, judgement, number in historical)
        for (number, total), judgement in zip(numbered, judgements, strict=True)
    ]


def by_session(*dyad_series: Sequence[Rated]) -> list[Rated]:
    """Interleave series by session, in the order given within a session."""
    ratings = [rating for series in dyad_series for rating in series]
    return sorted(ratings, key=lambda rating: int(rating.key.rsplit("-", 1)[1]))


def points(totals: Sequence[float | None], *, numbered: bool = True, days: int = 7) -> list[SeriesPoint]:
    """Return weekly points of sessions 1, 2, …; None is a blank score. Keys are ``r1``, ``r2``, …"""
    return [
        SeriesPoint(
            f"r{number}", number if numbered else None, date(2026, 1, 5) + timedelta(days * number), total
        )
        for number, total in enumerate(totals, start=1)
    ]


def judgement(tier: str | None = None, z: float = 0.0, fall: float = 0.0) -> Judgement:
    return Judgement(4, 36.0, 36.0, 2.0, 33.4, 38.6, z, fall, tier)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(newline="") as file:
        yield from csv.DictReader(file)
