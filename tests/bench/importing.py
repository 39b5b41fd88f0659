"""Importing histories up to a million rows, each in a process of its own: rows a second, and peak memory.

A second of the processor is told beside one of the clock: on a machine that others use too, only the first
says what an import costs.

``python -m tests.bench.importing FILE FOLDER`` imports one file and prints its figures as JSON.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time

from service.api.v1.import_rows import read_file
from service.clock import system_clock
from service.flows.import_history import Choices, import_history
from tests.bench.figures import Figure
from tests.bench.history_file import write_history
from tests.bench.plain_deployment import a_plain_deployment
from tests.service.build import an_access

# A million of 20,000 dyads, and its share in a shorter run: fifty ratings for each dyad.
_EACH = 50
_SIZES = {2000: (10_000, 100_000, 1_000_000), 80: (500, 2_000)}
_TARGET = 3000
# Flat: ten times the rows take some tens of MB more at most.
_MORE_MEMORY = 40
_PIECE_BYTES = 65_536


def run(folder: Path, count: int) -> list[Figure]:
    """Return the figures of each file, and how the largest stands to the one before and to the smallest."""
    files = [_measured(folder, size) for size in _SIZES[count]]
    *_, before, last = files
    return [
        *(figure for one in files for figure in _figures(one)),
        Figure("importing the largest again: rows a second, unchanged", last["again"]),
        Figure(
            "importing: peak memory, largest above the one before, MB",
            last["peak"] - before["peak"],
            at_most=_MORE_MEMORY,
        ),
        Figure(
            "importing: rows a processor second, largest / smallest", last["cpu_rate"] / files[0]["cpu_rate"]
        ),
    ]


def _figures(one: dict[str, float]) -> list[Figure]:
    name = f"importing {one['rows']:.0f} rows"
    return [
        Figure(f"{name}: rows a second", one["rate"]),
        Figure(f"{name}: rows a second of a processor", one["cpu_rate"], at_least=_TARGET),
        Figure(f"{name}: peak memory, MB", one["peak"]),
    ]


def _measured(folder: Path, rows: int) -> dict[str, float]:
    """Return the figures of one file, from a process that does nothing else."""
    place = folder / str(rows)
    place.mkdir()
    file = place / "history.csv"
    write_history(file, rows, max(1, rows // _EACH))
    command = [sys.executable, "-m", "tests.bench.importing", str(file), str(place)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own module
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def main() -> None:
    """Import the file twice and print what that took."""
    file, folder = map(Path, sys.argv[1:])
    deployment = a_plain_deployment(folder, system_clock)

    def bring() -> int:
        with file.open("rb") as opened:
            source = read_file(iter(lambda: opened.read(_PIECE_BYTES), b""), "csv", deployment)
            done = import_history(deployment, source, Choices(), an_access())
        return done.recorded + done.unchanged

    began = process_time()
    rows, seconds = _timed(bring)
    cpu_rate = rows / (process_time() - began)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    _, again = _timed(bring)
    deployment.database.close()
    figures = {
        "rows": rows,
        "rate": rows / seconds,
        "cpu_rate": cpu_rate,
        "again": rows / again,
        "peak": peak,
    }
    sys.stdout.write(json.dumps(figures))


def _timed(work: Callable[[], int]) -> tuple[int, float]:
    started = perf_counter()
    rows = work()
    return rows, perf_counter() - started


if __name__ == "__main__":
    main()
