"""The commands of the life of data, as clinic IT types them."""

import json
import shutil

import pytest

from service.flows.record_response import record_response
from service.store.database import Database
from service.store.erasures import list_erasures
from tests.databases import sqlite_only
from tests.service.build import a_deployment, a_response, an_access
from tests.service.test_main import run

WHY = ("--by", "Data Protection Officer", "--reason", "Art. 17")


@pytest.fixture
def url(tmp_path):
    """A database with one response of Anna's."""
    deployment = a_deployment(tmp_path)
    record_response(deployment, a_response(), an_access())
    deployment.database.close()
    yield deployment.database.url
    deployment.database.close()


def certificates(url):
    database = Database(url)
    with database.read() as tx:
        kept = list_erasures(tx, "default")
    database.close()
    return kept


def test_an_erasure_prints_its_certificate_and_keeps_it(url):
    code, text = run("erase-patient", "anna", *WHY, database_url=url)

    certificate = json.loads(text)
    assert (code, certificate["rows"]["responses"]) == (0, 1)
    assert [row.id for row in certificates(url)] == [certificate["certificate"]]
    assert "anna" not in text


def test_a_dry_run_says_what_would_go(url):
    code, text = run("erase-patient", "Patient/anna", *WHY, "--dry-run", database_url=url)

    assert (code, json.loads(text)["dry_run"], certificates(url)) == (0, True, [])


def test_an_unknown_patient_is_told(url, capsys):
    code, text = run("erase-patient", "bert", *WHY, database_url=url)

    assert (code, text) == (1, "")
    assert capsys.readouterr().err == "There is no such patient here.\n"


def test_who_and_why_must_say_something(url, capsys):
    code, _ = run("erase-patient", "anna", "--by", " ", "--reason", "", database_url=url)

    assert code == 2
    assert capsys.readouterr().err.splitlines() == [
        "--by: must say something",
        "--reason: must say something",
    ]


def test_who_erases_is_refused_where_it_would_not_be_kept_whole(url, capsys):
    code, _ = run("erase-patient", "anna", "--by", "x" * 256, "--reason", "Art. 17", database_url=url)

    assert code == 2
    assert capsys.readouterr().err == "--by: at most 255 characters are kept\n"


def test_expired_patients_go_where_a_time_is_set(url):
    code, text = run("erase-expired", "--dry-run", database_url=url, retention_years="1")

    assert (code, text) == (0, "0 patients would be erased\n")


def test_without_a_time_there_is_nothing_to_erase(url, capsys):
    code, _ = run("erase-expired", database_url=url)

    assert code == 2
    assert capsys.readouterr().err.startswith("ALLIANCE_RETENTION_YEARS: is not set")


def test_an_export_goes_into_a_file_of_ones_own(url, tmp_path):
    file = tmp_path / "anna.json"
    code, _ = run("export-patient", "anna", "--to", file, database_url=url)
    again, _ = run("export-patient", "anna", "--to", file, database_url=url)

    assert (code, again) == (0, 2)
    assert file.stat().st_mode & 0o777 == 0o600
    assert json.loads(file.read_text())["resourceType"] == "Bundle"


@sqlite_only  # tests/system/test_restore.py puts a dump back
def test_a_backup_is_put_back(url, tmp_path):
    copy, certificate = tmp_path / "copy.db", tmp_path / "certificate.json"
    assert run("backup", copy, database_url=url)[0] == 0
    _, printed = run("erase-patient", "anna", *WHY, database_url=url)
    certificate.write_text(printed)
    for file in tmp_path.glob("alliance.db*"):
        file.unlink()
    shutil.copyfile(copy, tmp_path / "alliance.db")
    code, text = run("after-restore", "--erased", certificate, database_url=url)

    assert code == 0
    assert text.startswith("1 deliveries are unfinished, 1 patients were erased again.\n")
    assert [row.erased_by for row in certificates(url)] == ["after-restore"]


def test_what_is_no_certificate_is_refused(url, tmp_path, capsys):
    (tmp_path / "note.json").write_text("[]")
    code, _ = run("after-restore", "--erased", tmp_path / "note.json", database_url=url)

    assert code == 2
    assert capsys.readouterr().err == "--erased: note.json: is no certificate\n"


def test_a_server_is_backed_up_by_its_own_tool(tmp_path, capsys):
    code, _ = run("backup", tmp_path / "copy", database_url="postgresql://alliance@db/alliance")

    assert code == 2
    assert "pg_dump" in capsys.readouterr().err
