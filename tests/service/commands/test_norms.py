from dataclasses import replace

import pytest

from service.__main__ import main
from service.alliance.norms import load_norms, write_norm
from service.store.database import Database
from service.store.norms import NewNorm, insert_norm
from tests.service.build import a_deployment


@pytest.fixture
def environ(tmp_path):
    database = a_deployment(tmp_path).database
    database.close()
    return {"ALLIANCE_DATABASE_URL": database.url}


def _run(environ, *arguments):
    written = []
    return main(arguments, environ, written.append), "".join(written)


def _store(environ):
    database = Database(environ["ALLIANCE_DATABASE_URL"])
    norm = replace(load_norms()["srs-3-total"], version="own-1")
    new = NewNorm(
        clinic="default", norm_id=norm.norm_id, version="own-1", text=write_norm(norm), created_at="2026"
    )
    with database.write() as tx:
        insert_norm(tx, new)
    database.close()


def test_nothing_rated_is_nothing_to_fit(environ):
    assert _run(environ, "fit-norms") == (1, "nothing to fit: no measure of the alliance was rated yet\n")


def test_too_few_clients_are_told_with_the_numbers(environ):
    code, text = _run(environ, "fit-norms", "--instrument", "srs-3")
    assert code == 1
    assert text == "srs-3: not fitted: 0 clients with 0 ratings: at least 100 clients are needed\n"


def test_bad_arguments_are_named_together(environ, capsys):
    code, _ = _run(environ, "fit-norms", "--instrument", "ors-client", "--language", "?", "--out", "nowhere")
    assert code == 2
    assert [line.split(":")[0] for line in capsys.readouterr().err.splitlines()] == [
        "--instrument",
        "--language",
        "--out",
    ]


def test_preview_shows_rates_and_approves_nothing(environ):
    _store(environ)
    for _ in range(2):
        code, text = _run(environ, "approve-norms", "srs-3-total|own-1", "--preview")
        assert code == 0
        assert "srs-3-total|assumed-1: nothing rated yet" in text


def test_approval_says_from_when_it_counts(environ):
    _store(environ)
    code, text = _run(environ, "approve-norms", "srs-3-total|own-1", "--by", "Dr Ames")
    assert code == 0
    assert "srs-3-total|own-1 is in force, approved by Dr Ames. What is received from now on" in text


def test_a_name_that_would_not_be_kept_whole_is_refused(environ, capsys):
    _store(environ)
    assert _run(environ, "approve-norms", "srs-3-total|own-1", "--by", "x" * 256)[0] == 2
    assert capsys.readouterr().err == "--by: at most 255 characters are kept\n"


def test_approval_needs_a_name_and_a_norm_that_is_here(environ, capsys):
    assert _run(environ, "approve-norms", "srs-3-total|own-1")[0] == 2
    assert _run(environ, "approve-norms", "srs-3-total|own-1", "--by", "Dr Ames")[0] == 2
    assert [line.split(":")[0] for line in capsys.readouterr().err.splitlines()] == ["--by", "NORM"]


def test_preview_and_approval_are_in_the_audit(environ):
    _store(environ)
    _run(environ, "approve-norms", "srs-3-total|own-1", "--preview")
    _run(environ, "approve-norms", "srs-3-total|own-1", "--by", "Dr Ames")
    database = Database(environ["ALLIANCE_DATABASE_URL"])
    with database.read() as tx:
        routes = tx.exec_driver_sql("SELECT route FROM audit_rows ORDER BY row_id").scalars().all()
    database.close()

    assert routes == ["approve-norms --preview", "approve-norms"]
