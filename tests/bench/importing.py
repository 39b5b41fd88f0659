"""Importing a history, two sizes in processes of their own: rows a second, peak memory, and how both grow.

``python -m tests.bench.importing FILE FOLDER`` imports one file and prints its figures as JSON.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from service.api.v1.import_rows import read_file
from service.clock import system_clock
from service.flows.import_history import Choices, import_history
from tests.bench.figures import Figure
from tests.bench.history_file import write_history
from tests.service.build import a_deployment, an_access

# A million of 20,000 dyads, and its share in a shorter run: fifty ratings for each dyad.
_EACH = 50
_SIZES = {2000: (10_000, 100_000), 80: (500, 2_000)}
_PIECE_BYTES = 65_536


def run(folder: Path, count: int) -> list[Figure]:
    """Return the figures of a small and a large file, of the large one again, and their ratios."""
    small, large = (_measured(folder, size) for size in _SIZES[count])
    names = ("small", "large")
    return [
        *(Figure(f"importing {one['rows']} rows: rows a second", one["rate"]) for one in (small, large)),
        Figure("importing: rows a second, the large file", large["rate"], at_least=3000),
        Figure("importing it again: rows a second, all unchanged", large["again"]),
        *(
            Figure(f"importing: peak memory, the {name} file, MB", one["peak"])
            for name, one in zip(names, (small, large), strict=True)
        ),
        Figure("importing: peak memory, large / small file", large["peak"] / small["peak"], at_most=1.2),
        Figure("importing: rows a second, large / small file", large["rate"] / small["rate"]),
    ]


def _measured(folder: Path, rows: int) -> dict[str, float]:
    """Return the figures of one file, from a process that does nothing else."""
    place = folder / str(rows)
    place.mkdir()
    file = place / "history.csv"
    write_history(file, rows, max(1, rows // _EACH))
    command = [sys.executable, "-m", "tests.bench.importing", str(file), str(place)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own module
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def main() -> None:
    """Import the file twice and print what that took."""
    file, folder = map(Path, sys.argv[1:])
    deployment = a_deployment(folder, system_clock)  # type: ignore[arg-type] # any clock will do

    def bring() -> int:
        with file.open("rb") as opened:
            source = read_file(iter(lambda: opened.read(_PIECE_BYTES), b""), "csv", deployment)
            done = import_history(deployment, source, Choices(), an_access())
        return done.recorded + done.unchanged

    rows, seconds = _timed(bring)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    _, again = _timed(bring)
    deployment.database.close()
    figures = {"rows": rows, "rate": rows / seconds, "again": rows / again, "peak": peak}
    sys.stdout.write(json.dumps(figures))


def _timed(work: Callable[[], int]) -> tuple[int, float]:
    started = perf_counter()
    rows = work()
    return rows, perf_counter() - started


if __name__ == "__main__":
    main()
