"""A clinic of a million responses over HTTP: brought in, reported and taken out; a fiftieth without a soak.

Every patient sees two therapists. By every door there are as many responses, with the same figures, and the
service stays small.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import Any

import duckdb
import httpx
import pytest

from tests.bench.history_file import write_history
from tests.demo_clinic.processes import ROOT
from tests.system.children import Service
from tests.system.waiting import wait_until

ROWS, EACH, SHARE_IN_CI = 1_000_000, 50, 50
LONGEST_SECONDS = 3600
# Of a process that takes them in, and of one that makes the snapshot, answers and exports.
MOST_MEGABYTES = 700
PIECE_BYTES = 65_536
GROUPINGS = ("", "team", "team,quarter", "site,session_band", "therapist,month")
# A fiftieth has two patients of each of 200 therapists, which no report may show.
HIDDEN_IN_SHARE = "therapist,month"


@dataclass(frozen=True)
class Brought:
    """A service whose clinic has so many responses, the file that they came in, and what the import said.

    ``peak`` is the most memory, in MB, that the process had which took them in: another one answers now.
    """

    service: Service
    rows: int
    file: Path
    said: dict[str, Any]
    peak: float


def bring(service: Service, file: Path) -> dict[str, Any]:
    """Send the file as it is read; return the import's report."""
    with file.open("rb") as opened:
        answer = httpx.post(
            f"{service.base_url}/v1/imports",
            content=iter(lambda: opened.read(PIECE_BYTES), b""),
            headers={"content-type": "text/csv"},
            timeout=LONGEST_SECONDS,
        )
    assert answer.status_code == httpx.codes.OK, answer.text
    return answer.json()


@pytest.fixture(
    scope="module",
    params=[SHARE_IN_CI, pytest.param(1, marks=pytest.mark.soak)],
    ids=["share", "soak"],
)
def brought(request, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brought]:
    folder = tmp_path_factory.mktemp("million")
    rows = ROWS // request.param
    file = folder / "history.csv"
    write_history(file, rows, rows // EACH, dyads_each=2)
    nowhere, exports = "http://127.0.0.1:9/fhir", str(folder / "exports")
    with Service(folder, ehr_base_url=nowhere, ehr_name="none", export_dir=exports) as service:
        said = bring(service, file)
        peak = peak_megabytes(service)
        service.stop()
        # One was made during the import: the next would come in a quarter of an hour, the first soon.
        rmtree(f"{service.database}-snapshots", ignore_errors=True)
        service.start()
        wait_until(lambda: has_reports(service), seconds=600, what="the snapshot", every=1)
        yield Brought(service, rows, file, said, peak)


def has_reports(service: Service) -> bool:
    answer = httpx.get(f"{service.base_url}/v1/alliance-metrics", params={"figures": "counts"}, timeout=60)
    return answer.status_code == httpx.codes.OK


def reported(service: Service, group_by: str, figures: str) -> list[dict]:
    asked = {"group_by": group_by, "figures": figures}
    answer = httpx.get(f"{service.base_url}/v1/alliance-metrics", params=asked, timeout=60)
    assert answer.status_code == httpx.codes.OK, answer.text
    return answer.json()["items"]


def peak_megabytes(service: Service) -> float:
    status = Path(f"/proc/{service.pid}/status").read_text()
    (line,) = (one for one in status.splitlines() if one.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def in_service(service: Service, *arguments: str) -> None:
    database = {"ALLIANCE_DATABASE_URL": f"sqlite:///{service.database}"}
    command = [sys.executable, "-m", "service", *arguments]
    subprocess.run(command, cwd=ROOT, env=os.environ | database, stdout=subprocess.DEVNULL, check=True)  # noqa: S603 - our own


def test_every_row_was_recorded_and_again_changes_nothing(brought: Brought):
    counts = ("state", "recorded", "unchanged", "refused", "deliveries")

    assert [brought.said[one] for one in counts] == ["done", brought.rows, 0, 0, 0]
    again = bring(brought.service, brought.file)
    assert [again[one] for one in counts] == ["done", 0, brought.rows, 0, 0]


@pytest.mark.parametrize("group_by", GROUPINGS)
def test_reports_count_every_response(brought: Brought, group_by: str):
    items = reported(brought.service, group_by, "counts,level")
    counted = [one for one in items if one["figure"] == "responses"]

    if group_by == HIDDEN_IN_SHARE and brought.rows < ROWS:
        assert {one["value"] for one in counted} == {None}
    else:
        assert sum(one["value"] for one in counted) == brought.rows


def test_tables_and_resources_tell_what_reports_do(brought: Brought, tmp_path: Path):
    in_service(brought.service, "export", "--parquet", str(tmp_path / "tables"))
    (told,) = (
        one
        for one in reported(brought.service, "", "level")
        if one["figure"] == "level_mean" and one["score"] == "total"
    )
    with duckdb.connect() as opened:
        scores = opened.read_parquet(str(tmp_path / "tables" / "scores.parquet")).filter("score = 'total'")
        (in_tables,) = scores.aggregate("count(*), avg(value)").fetchall()

    assert told["n"] == brought.rows
    assert in_tables == (brought.rows, pytest.approx(told["value"], abs=1e-4))
    assert exported_totals(brought.service) == (brought.rows, pytest.approx(told["value"], abs=1e-4))


def exported_totals(service: Service) -> tuple[int, float]:
    """Take a bulk export; return how many totals its Observations have, and their mean."""
    begun = httpx.get(
        f"{service.base_url}/fhir/$export",
        params={"_type": "Observation"},
        headers={"Prefer": "respond-async"},
        timeout=60,
    )
    assert begun.status_code == httpx.codes.ACCEPTED, begun.text
    place = begun.headers["content-location"]

    def is_there() -> bool:
        answer = httpx.get(place, timeout=60)
        assert answer.status_code in {httpx.codes.OK, httpx.codes.ACCEPTED}, answer.text
        return answer.status_code == httpx.codes.OK

    wait_until(is_there, seconds=LONGEST_SECONDS, what="the export", every=1)
    count, total = 0, 0.0
    for file in httpx.get(place, timeout=60).json()["output"]:
        with httpx.stream("GET", file["url"], timeout=60) as answer:
            for line in answer.iter_lines():
                if '"srs-3.total"' in line:
                    count += 1
                    total += json.loads(line)["valueQuantity"]["value"]
    return count, total / count


def test_the_service_stays_small(brought: Brought):
    """The last one: it tells the most memory that the process had for all before."""
    assert max(brought.peak, peak_megabytes(brought.service)) < MOST_MEGABYTES
