"""Exports and snapshots of up to a million responses: how fast on one core, and whether memory stays flat.

The rows are made at once (``copied_clinic``): what is measured is reading, mapping and writing. Each way out
is a process of its own, so that its peak is of nothing else. A second of the processor is told beside one of
the clock, since others may use the machine too.

``python -m tests.bench.exporting WAY FOLDER`` takes one way and prints its figures as JSON.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from shutil import rmtree
from time import perf_counter, process_time

import duckdb

from service.flows.deployment import Deployment
from service.flows.export_tables import export_tables
from service.flows.refresh_snapshot import refresh_snapshot
from service.flows.render_resources import OF_PATIENTS
from service.flows.start_export import AskedExport, start_export
from service.flows.work_on_export import Exporting, parts_of, take_next, work_on_export
from tests.bench.copied_clinic import fill_clinic, open_clinic
from tests.bench.figures import Figure
from tests.service.build import an_access

SIZES, SMOKE, SMOKE_ROUNDS = (10_000, 100_000, 1_000_000), (400, 4_000), 1000
# Of a core: resources a second of an export; of the others there is none.
TARGET = 5000
MOST_MEGABYTES, MOST_MORE = 400, 30


def run(folder: Path, count: int) -> list[Figure]:
    """Return of each way what it costs at each size, and how much more memory ten times as much takes."""
    found: list[Figure] = []
    peaks: dict[str, list[float]] = {}
    for rows in SIZES if count > SMOKE_ROUNDS else SMOKE:
        place = folder / str(rows)
        place.mkdir()
        fill_clinic(place, rows).database.close()
        for way in _WAYS:
            took = _measured(way, place)
            peaks.setdefault(way, []).append(took["peak"])
            found += _figures(way, rows, took)
        rmtree(place)  # a million take some gigabytes
    for way, (*_, before, last) in peaks.items():
        found.append(
            Figure(f"{way}: more memory for ten times as much, MB", last - before, at_most=MOST_MORE)
        )
    return found


def _figures(way: str, rows: int, took: Mapping[str, float]) -> list[Figure]:
    name, is_export = f"{way} of {rows} responses", way == "export"
    made = "resources" if is_export else "responses"
    return [
        Figure(f"{name}: seconds of the clock", took["clock"]),
        Figure(f"{name}: seconds of a core", took["core"]),
        Figure(
            f"{name}: {made} a second of a core",
            took["made"] / took["core"],
            at_least=TARGET if is_export else None,
        ),
        Figure(f"{name}: peak memory, MB", took["peak"], at_most=MOST_MEGABYTES),
    ]


def _measured(way: str, folder: Path) -> dict[str, float]:
    """Return the figures of one way, from a process that does nothing else."""
    command = [sys.executable, "-m", "tests.bench.exporting", way, str(folder)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own module
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def _bulk(deployment: Deployment, folder: Path) -> int:
    """Return how many resources a bulk export of everything wrote."""
    start_export(deployment, AskedExport(OF_PATIENTS, "bench"), an_access("E"))
    work = Exporting(deployment, str(folder / "exports"), "bench")
    taken = take_next(work)
    assert taken is not None
    done = work_on_export(work, taken, lambda: False)
    assert done is not None
    return sum(one.lines for one in parts_of(done))


def _tables(deployment: Deployment, folder: Path) -> int:
    """Return how many responses stand in flat tables."""
    made = folder / "tables"
    made.mkdir()
    export_tables(deployment, made, an_access("E"))
    return _responses(made)


def _snapshot(deployment: Deployment, _: Path) -> int:
    """Return how many responses reports are answered from."""
    made = refresh_snapshot(deployment)
    assert made is not None
    return _responses(made.folder)


def _responses(folder: Path) -> int:
    (count,) = duckdb.sql(f"SELECT count(*) FROM '{folder}/responses.parquet'").fetchall()[0]  # noqa: S608 - ours
    return int(count)


_WAYS: Mapping[str, Callable[[Deployment, Path], int]] = {
    "export": _bulk,
    "flat tables": _tables,
    "snapshot": _snapshot,
}


def main() -> None:
    """Take one way and print what that took."""
    way, folder = sys.argv[1], Path(sys.argv[2])
    deployment = open_clinic(folder, export_dir=str(folder / "exports"))
    clock, core = perf_counter(), process_time()
    made = _WAYS[way](deployment, folder)
    figures = {"made": made, "clock": perf_counter() - clock, "core": process_time() - core}
    deployment.database.close()
    sys.stdout.write(json.dumps(figures | {"peak": _peak_megabytes()}))


def _peak_megabytes() -> float:
    """Return the most memory that this program ever had; ``ru_maxrss`` has that of who started it in it."""
    status = Path("/proc/self/status").read_text()
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(kilobytes) / 1024


if __name__ == "__main__":
    main()
