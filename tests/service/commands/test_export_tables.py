"""``export --parquet``: the tables that reports are made from, for whoever analyses elsewhere."""

import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import select

from service.__main__ import main
from service.flows.correct_response import correct_response
from service.flows.deployment import Deployment
from service.flows.merge_patients import merge_patients
from service.flows.record_attendance import record_attendance
from service.flows.record_response import record_response
from service.flows.set_disclosure import set_disclosure
from service.reporting.tables import TABLES
from service.store.disclosures import Disclosure
from service.store.tables import responses
from tests.service.build import StandingClock, a_deployment, a_response, an_access
from tests.service.flows.one_patient import an_attendance


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[dict[str, str]]:
    deployment = a_deployment(tmp_path)
    record_response(deployment, a_response(7), an_access())
    record_response(
        deployment, a_response(7, patient="Patient/ben", source="Patient/ben", identifier=None), an_access()
    )
    set_disclosure(deployment, "Patient/ben", Disclosure(share=False), an_access())
    deployment.database.close()
    yield {"ALLIANCE_DATABASE_URL": deployment.database.url}
    deployment.database.close()


def test_an_export_holds_every_table_but_not_whom_nobody_may_be_told_of(filled, tmp_path):
    said: list[str] = []
    folder = tmp_path / "tables"
    assert main(["export", "--parquet", str(folder)], filled, said.append) == 0

    assert {one.name for one in folder.iterdir()} == {f"{name}.parquet" for name in TABLES}
    assert {stat.S_IMODE(one.stat().st_mode) for one in folder.iterdir()} == {0o600}
    with duckdb.connect() as opened:
        rows = opened.read_parquet(str(folder / "scores.parquet")).select("score", "value").fetchall()
    assert rows == [("total", 36.3)]
    assert "1 patients were left out" in said[-1]


LATER = "2026-03-02T13:00:00Z"


def recorded(deployment: Deployment, patient: str, session: int) -> str:
    who = {"patient": f"Patient/{patient}", "source": f"Patient/{patient}", "identifier": None}
    return record_response(deployment, a_response(session, **who), an_access()).filled.id


@pytest.fixture
def changing(tmp_path: Path) -> Iterator[Deployment]:
    """Sessions of Anna, Ben and Cleo at noon; it is two o'clock."""
    deployment = a_deployment(tmp_path, StandingClock())
    for session, patient in enumerate(("anna", "ben", "cleo"), 5):
        recorded(deployment, patient, session)
    deployment.clock.pass_by(hours=2)  # type: ignore[attr-defined] # it is a standing one
    yield deployment
    deployment.database.close()


def correct_the_team(deployment: Deployment) -> None:
    with deployment.database.read() as tx:
        response_id = tx.execute(
            select(responses.c.id).where(responses.c.patient == "Patient/anna")
        ).scalar_one()
    said = a_response(5, identifier=None, team="blue")
    assert not correct_response(deployment, response_id, None, said, an_access("U")).created


CHANGES: dict[str, Callable[[Deployment], object]] = {
    "a response": lambda one: recorded(one, "anna", 8),
    "the team": correct_the_team,
    "whether it is shared": lambda one: set_disclosure(
        one, "Patient/anna", Disclosure(push=False), an_access()
    ),
    "an appointment": lambda one: record_attendance(one, an_attendance("Patient/anna"), an_access()),
    "a merge": lambda one: merge_patients(one, "Patient/cleo", "Patient/anna", "Practitioner/x", an_access()),
}


def tables_since(deployment: Deployment, folder: Path) -> duckdb.DuckDBPyConnection:
    deployment.database.close()
    environ = {"ALLIANCE_DATABASE_URL": deployment.database.url}
    assert main(["export", "--parquet", str(folder), "--since", LATER], environ, lambda _: None) == 0
    opened = duckdb.connect()
    for name in ("patients", "responses"):
        opened.execute(f"CREATE VIEW {name} AS FROM '{folder / name}.parquet'")
    return opened


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_patient_of_whom_anything_changed_is_exported_whole(changing, tmp_path, change):
    change(changing)
    with tables_since(changing, tmp_path / "tables") as opened:
        changed = opened.sql("SELECT DISTINCT patient FROM responses").fetchall()
        first = opened.sql("SELECT min(session_date)::VARCHAR FROM responses").fetchall()

        assert opened.sql("SELECT patient FROM patients WHERE changed").fetchall() == changed
        assert (len(changed), first) == (1, [("2026-02-02",)])


def test_of_who_is_gone_the_list_of_patients_tells(changing, tmp_path):
    set_disclosure(changing, "Patient/ben", Disclosure(share=False), an_access())
    with tables_since(changing, tmp_path / "tables") as opened:
        assert opened.sql("SELECT count(*), count_if(changed) FROM patients").fetchall() == [(2, 0)]
        assert opened.sql("SELECT count(*) FROM responses").fetchall() == [(0,)]


def test_an_export_writes_into_a_new_folder_alone(filled, tmp_path, capsys):
    assert main(["export", "--parquet", str(tmp_path)], filled) == 2
    assert "--parquet: cannot be made" in capsys.readouterr().err
