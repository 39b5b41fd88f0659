"""A made-up history as a CSV of our template: so many responses of so many dyads, all from one seed.

``python -m tests.bench.history_file 1000000 20000 history.csv``. Rows come day by day, as a clinic's do.
"""

import argparse
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

HEADER = (
    *("identifier", "instrument", "patient", "therapist", "session_number", "authored", "site", "team"),
    *("item-1", "item-2", "item-3", "item-4"),
)
_FIRST_DAY = datetime(2018, 1, 1, 8, tzinfo=UTC)
# A dyad in so many has a strain: some sessions far below its level.
_STRAINED, _FALL_TENTHS = 3, 25


def write_history(file: Path, responses: int, dyads: int, *, seed: int = 1, dyads_each: int = 1) -> None:
    """Write a history of SRS ratings; sessions of a dyad are a week apart, ``dyads_each`` of a patient."""
    with file.open("w", encoding="utf-8") as opened:
        opened.write(",".join(HEADER) + "\n")
        rows = history(responses, dyads, seed=seed, dyads_each=dyads_each)
        opened.writelines(",".join(row) + "\n" for row in rows)


def history(responses: int, dyads: int, *, seed: int = 1, dyads_each: int = 1) -> Iterator[list[str]]:
    """Yield the rows: the first session of every dyad, then the second, and so on."""
    numbers = random.Random(seed)  # noqa: S311 - made-up answers, not secrets
    levels = [numbers.randint(80, 95) for _ in range(dyads)]
    for place in range(responses):
        session, dyad = divmod(place, dyads)
        strained = dyad % _STRAINED == 0 and session % 12 in (6, 7)
        level = levels[dyad] - (_FALL_TENTHS if strained else 0)
        yield _row(dyad, dyad // dyads_each, session + 1, level, numbers)


def _row(dyad: int, patient: int, session: int, level: int, numbers: random.Random) -> list[str]:
    moment = _FIRST_DAY + timedelta(weeks=session, days=dyad % 5, minutes=dyad % 600)
    marks = (min(100, level + numbers.randint(-5, 5)) for _ in range(4))
    return [
        f"urn:bench|{dyad}-{session}",
        "srs-3",
        f"Patient/bench-{patient}",
        f"Practitioner/bench-{dyad % 200}",
        str(session),
        moment.isoformat(),
        f"site-{dyad % 7}",
        f"team-{dyad % 31}",
        *(f"{mark // 10}.{mark % 10}" for mark in marks),
    ]


def main() -> None:
    """Write the file that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.history_file", description=__doc__)
    parser.add_argument("responses", type=int)
    parser.add_argument("dyads", type=int)
    parser.add_argument("file", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    write_history(asked.file, asked.responses, asked.dyads, seed=asked.seed)


if __name__ == "__main__":
    main()
