"""The import as clinic IT types it."""

import json

import pytest

from service.flows import import_history
from tests.databases import empty_database
from tests.service.importing import a_file, a_row
from tests.service.test_main import run


@pytest.fixture
def url(tmp_path):
    database = empty_database(tmp_path)
    yield database.url
    database.close()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "history.csv"
    path.write_bytes(a_file([a_row(1), a_row(2), "x"]))
    return path


def test_what_became_of_the_rows_is_told(url, file):
    code, text = run("import", file, database_url=url)

    assert code == 1
    assert "2 recorded, 0 unchanged, 1 refused\n4,,wrong-columns," in text


def test_a_dry_run_says_so(url, file):
    code, text = run("import", file, "--dry-run", database_url=url)

    assert (code, "2 would be recorded, 0 unchanged, 1 would be refused" in text) == (1, True)


@pytest.mark.parametrize("name", ["report.csv", "report.json"])
def test_a_report_names_every_refused_row(url, file, tmp_path, name):
    report = tmp_path / name
    run("import", file, "--report", report, database_url=url)

    text = report.read_text()
    if name.endswith("json"):
        assert [one["line"] for one in json.loads(text)] == [4]
    else:
        assert text.startswith("line,at,reason,message\n4,,wrong-columns,")


def test_bodies_line_by_line_are_known_by_the_name_of_the_file(url, tmp_path):
    path = tmp_path / "history.ndjson"
    path.write_text('{"instrument": "srs-3"}\n')

    _, text = run("import", path, database_url=url)

    assert "2,patient,required" not in text
    assert "1,patient,required,The patient must be named.\n" in text


def test_nothing_left_undone_is_not_resumed(url, file, capsys):
    run("import", file, database_url=url)

    assert run("import", file, "--resume", database_url=url) == (2, "")
    assert capsys.readouterr().err == "--resume: no import was left undone\n"


@pytest.mark.parametrize("flag", ["--dry-run", "--queue-deliveries"])
def test_an_import_that_was_begun_otherwise_is_not_resumed(url, file, capsys, monkeypatch, flag):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(import_history, "judge_imported", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run("import", file, database_url=url)

    assert run("import", file, flag, "--resume", database_url=url) == (1, "")
    assert "resume it as it was begun, or begin anew" in capsys.readouterr().err


def test_a_missing_file_is_told(url, capsys):
    assert run("import", "none.csv", database_url=url)[0] == 2
    assert capsys.readouterr().err == "import: the file cannot be read\n"


def test_a_header_with_faults_is_told(url, tmp_path, capsys):
    path = tmp_path / "other.csv"
    path.write_text("colour\n")

    assert run("import", path, database_url=url)[0] == 1
    assert "identifier: This column must be there.\n" in capsys.readouterr().err


def test_the_template_can_be_filled_and_imported(url, tmp_path):
    code, text = run("import-template", "wai-sr-client", database_url=url)
    header = text.splitlines()[-1].split(",")
    cells = {
        "identifier": "urn:a|1",
        "instrument": "wai-sr-client",
        "patient": "Patient/anna",
        "authored": "2025-03-02T10:00:00Z",
    } | {f"item-{n}": "3" for n in range(1, 13)}
    path = tmp_path / "filled.csv"
    path.write_text(text + ",".join(cells.get(name, "") for name in header) + "\n")

    assert code == 0
    assert "# therapist: Practitioner or" in text
    assert run("import", path, database_url=url)[0] == 0
