"""The snapshot's files: private, swapped whole, gone with an erasure, and all that DuckDB may read."""

import json
import stat
from dataclasses import replace
from pathlib import Path
from threading import BoundedSemaphore

import duckdb
import pytest

from service.errors import ReportNotAtHand
from service.flows.deployment import Deployment
from service.flows.erase_patient import Erasing, erase_patient
from service.flows.record_response import record_response
from service.flows.refresh_snapshot import is_wanted, refresh_snapshot, snapshots_of
from service.flows.report_metrics import report_metrics
from service.flows.set_disclosure import set_disclosure
from service.log import Log
from service.reporting.errors import ManyReports, ReportTooHeavy, SnapshotGone
from service.reporting.reading import reading
from service.reporting.snapshots import Snapshot
from service.reporting.tables import TABLES
from service.snapshot_worker import SnapshotWorker
from service.store.disclosures import Disclosure
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
    made = refresh_snapshot(deployment)
    assert made
    return made


def test_a_snapshot_is_for_its_owner_alone(small):
    folder = refreshed(small).folder

    files = [*folder.iterdir()]
    assert {one.name for one in files} > {*(f"{name}.parquet" for name in TABLES), "snapshot.json"}
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
    assert refresh_snapshot(small) is None
    clock.pass_by(days=1)
    assert refresh_snapshot(small) is not None


def test_an_erasure_deletes_the_snapshot_and_the_next_is_without_the_patient(small):
    old = refreshed(small).folder
    record_response(
        small, a_response(7, patient="Patient/ben", source="Patient/ben", identifier=None), an_access()
    )
    refreshed(small)
    erase_patient(small, "Patient/anna", Erasing("dpo", "asked for"), an_access("D"))

    assert snapshots_of(small).newest() is None
    assert not old.exists()
    with reading(refreshed(small).folder, 20) as reader:
        reader.show("responses")
        assert reader.rows("SELECT count(*) AS n FROM responses") == [(1,)]


def test_a_dry_run_of_an_erasure_keeps_the_snapshot(small):
    refreshed(small)
    erase_patient(small, "Patient/anna", Erasing("dpo", "asked for", dry_run=True), an_access("D"))

    assert snapshots_of(small).newest() is not None


def test_who_may_not_be_shared_makes_the_snapshot_stale_at_once(small):
    refreshed(small)
    assert not is_wanted(small)
    set_disclosure(small, "Patient/anna", Disclosure(share=False), an_access("U"))

    assert is_wanted(small)
    with pytest.raises(ReportNotAtHand):
        report_metrics(small, ["counts"], ())
    assert refreshed(small).facts.not_shared == 1


def test_another_word_about_the_ehr_leaves_the_snapshot_as_it_is(small):
    refreshed(small)
    set_disclosure(small, "Patient/anna", Disclosure(push=False), an_access("U"))

    assert not is_wanted(small)


@pytest.mark.parametrize(
    "without",
    [lambda told: told | {"shape": told["shape"] - 1}, lambda told: {"as_of": told["as_of"], "mark": "1"}],
    ids=["its shape", "its facts"],
)
def test_one_of_an_older_release_does_not_answer_and_is_made_anew_at_once(small, log_stream, without):
    old = refreshed(small).folder
    told = old / "snapshot.json"
    told.write_text(json.dumps(without(json.loads(told.read_text()))))

    assert snapshots_of(small).newest() is None
    assert is_wanted(small)
    SnapshotWorker(small, Log(log_stream)).pass_once()
    assert snapshots_of(small).newest()
    assert not old.exists()


def test_each_clinic_has_a_snapshot_of_its_own_alone(small):
    south = replace(small, clinic="south")
    bea = a_response(7, patient="Patient/bea", source="Patient/bea", team="south")
    record_response(south, bea, replace(an_access(), clinic="south"))
    north = refreshed(small)
    found = {}
    for made in (north, refreshed(south)):
        with reading(made.folder, 20) as reader:
            reader.show("responses")
            found[made.folder.parent.name] = reader.rows("SELECT team FROM responses")

    assert found == {"default": [(None,)], "south": [("south",)]}


def test_the_worker_makes_what_is_wanted(small, log_stream):
    worker = SnapshotWorker(small, Log(log_stream))
    worker.pass_once()

    assert report_metrics(small, ["counts"], ()).answered.cells


def test_no_name_of_a_patient_is_in_it(small):
    folder = refreshed(small).folder
    with duckdb.connect() as opened:
        for file in folder.glob("*.parquet"):
            rows = opened.read_parquet(str(file)).fetchall()
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
        reader.rows(query)


def test_a_question_that_takes_too_long_is_ended(small):
    endless = "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range + b.range = 7"
    with reading(refreshed(small).folder, 0.1) as reader, pytest.raises(ReportTooHeavy):
        reader.rows(endless)


def test_whoever_asks_where_as_many_wait_as_may_is_refused_at_once(small, monkeypatch):
    monkeypatch.setattr("service.reporting.reading._WITH_THOSE_WAITING", BoundedSemaphore(1))
    folder = refreshed(small).folder
    with reading(folder, 20), pytest.raises(ManyReports), reading(folder, 3600):
        pass
    with reading(folder, 20) as reader:
        assert reader.rows("SELECT 1") == [(1,)]


def test_a_snapshot_that_is_gone_says_so(small, tmp_path):
    with pytest.raises(SnapshotGone), reading(tmp_path / "snapshots" / "gone", 1) as reader:
        reader.show("responses")


def test_a_report_is_answered_from_the_snapshot_not_from_the_database(small):
    made = refreshed(small)
    record_response(small, a_response(8), an_access())
    report = report_metrics(small, ["counts"], ())

    assert report.snapshot == made
    assert {one.patients for one in report.answered.cells} == {1}
    assert all(one.suppressed for one in report.answered.cells)
