"""The snapshot's files: private, swapped whole, gone with an erasure, and all that DuckDB may read."""

import stat
from pathlib import Path

import duckdb
import pytest

from service.flows.deployment import Deployment
from service.flows.erase_patient import Erasing, erase_patient
from service.flows.record_response import record_response
from service.flows.refresh_snapshot import refresh_snapshot, snapshots_of
from service.flows.report_metrics import report_metrics
from service.reporting.errors import ReportTooHeavy, SnapshotGone
from service.reporting.reading import reading
from service.reporting.snapshots import Snapshot
from service.reporting.tables import TABLES
from tests.service.build import StandingClock, a_deployment, a_response, an_access


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def small(tmp_path: Path, clock: StandingClock):
    made = a_deployment(tmp_path, clock, snapshot_dir=str(tmp_path / "snapshots"))
    record_response(made, a_response(7), an_access())
    yield made
    made.database.close()


def refreshed(deployment: Deployment) -> Snapshot:
    made = refresh_snapshot(deployment, "default")
    assert made
    return made


def test_a_snapshot_is_for_its_owner_alone(small):
    folder = refreshed(small).folder

    files = [*folder.iterdir()]
    assert {one.name for one in files} == {*(f"{name}.parquet" for name in TABLES), "snapshot.json"}
    assert {stat.S_IMODE(one.stat().st_mode) for one in files} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_newest_replaces_the_older_and_leaves_nothing_else(small, clock):
    old = refreshed(small)
    clock.pass_by(minutes=1)
    record_response(small, a_response(8), an_access())
    new = refreshed(small)

    assert [*new.folder.parent.iterdir()] == [new.folder]
    assert new.facts.as_of > old.facts.as_of


def test_nothing_is_made_anew_where_nothing_changed_that_day(small, clock):
    refreshed(small)
    clock.pass_by(minutes=30)
    assert refresh_snapshot(small, "default") is None
    clock.pass_by(days=1)
    assert refresh_snapshot(small, "default") is not None


def test_an_erasure_deletes_the_snapshot_and_the_next_is_without_the_patient(small):
    old = refreshed(small).folder
    record_response(
        small, a_response(7, patient="Patient/ben", source="Patient/ben", identifier=None), an_access()
    )
    refreshed(small)
    erase_patient(small, "Patient/anna", Erasing("dpo", "asked for"), an_access("D"))

    assert snapshots_of(small, "default").newest() is None
    assert not old.exists()
    with reading(refreshed(small).folder, 20) as reader:
        assert reader.rows("SELECT count(*) AS n FROM responses", {}) == [{"n": 1}]


def test_a_dry_run_of_an_erasure_keeps_the_snapshot(small):
    refreshed(small)
    erase_patient(small, "Patient/anna", Erasing("dpo", "asked for", dry_run=True), an_access("D"))

    assert snapshots_of(small, "default").newest() is not None


def test_no_name_of_a_patient_is_in_it(small):
    folder = refreshed(small).folder
    with duckdb.connect() as opened:
        for name in TABLES:
            rows = opened.read_parquet(str(folder / f"{name}.parquet")).fetchall()
            assert "anna" not in str(rows)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_csv('/etc/hosts')",
        "SELECT * FROM read_parquet('../*.parquet')",
        "COPY (SELECT 1) TO 'elsewhere.csv'",
        "ATTACH 'elsewhere.db'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "SET threads = 64",
    ],
)
def test_a_reader_reads_the_snapshot_and_does_nothing_else(small, query):
    with reading(refreshed(small).folder, 20) as reader, pytest.raises(duckdb.Error):
        reader.rows(query, {})


def test_a_question_that_takes_too_long_is_ended(small):
    endless = "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range + b.range = 7"
    with reading(refreshed(small).folder, 0.1) as reader, pytest.raises(ReportTooHeavy):
        reader.rows(endless, {})


def test_a_snapshot_that_is_gone_says_so(small, tmp_path):
    with pytest.raises(SnapshotGone), reading(tmp_path / "snapshots" / "gone", 1):
        pass


def test_a_report_is_answered_from_the_snapshot_not_from_the_database(small):
    made = refreshed(small)
    record_response(small, a_response(8), an_access())
    report = report_metrics(small, "default", ["counts"], ())

    assert report.snapshot == made
    assert {one.patients for one in report.answered.cells} == {1}
    assert all(one.suppressed for one in report.answered.cells)
