"""``export --parquet``: the tables that reports are made from, for whoever analyses elsewhere."""

import stat
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from service.__main__ import main
from service.flows.record_response import record_response
from service.flows.set_disclosure import set_disclosure
from service.reporting.tables import TABLES
from service.store.disclosures import Disclosure
from tests.service.build import a_deployment, a_response, an_access


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


def test_an_export_writes_into_a_new_folder_alone(filled, tmp_path, capsys):
    assert main(["export", "--parquet", str(tmp_path)], filled) == 2
    assert "--parquet: cannot be made" in capsys.readouterr().err
