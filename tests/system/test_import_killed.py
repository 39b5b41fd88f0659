"""An import is killed in the middle: what was told stays, and resumed it ends as if nothing had been."""

import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.bench.history_file import write_history
from tests.demo_clinic.processes import ROOT

ROWS, DYADS = 8000, 160


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    file = tmp_path / "history.csv"
    write_history(file, ROWS, DYADS)
    return [sys.executable, "-m", "service", "import", str(file)]


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "alliance.db"
    monkeypatch.setenv("ALLIANCE_DATABASE_URL", f"sqlite:///{file}")
    return file


def asked(database: Path, query: str) -> list[tuple[object, ...]]:
    if not database.exists():
        return []
    try:
        with closing(sqlite3.connect(database, timeout=30)) as connection:
            return connection.execute(query).fetchall()
    except sqlite3.OperationalError:  # the tables are not there yet
        return []


def kill_in_the_middle(command: list[str], database: Path) -> int:
    """Return the line at which the import was killed."""
    running = subprocess.Popen(command, cwd=ROOT, env=os.environ, stdout=subprocess.DEVNULL)  # noqa: S603 - our own
    while (asked(database, "SELECT max(line) FROM imports") or [(0,)])[0][0] in (None, 0):
        assert running.poll() is None
        time.sleep(0.02)
    running.kill()
    running.wait()
    return int(str(asked(database, "SELECT line FROM imports")[0][0]))


def test_a_killed_import_is_resumed_where_it_ended(command: list[str], database: Path) -> None:
    line = kill_in_the_middle(command, database)
    stored = asked(database, "SELECT count(*) FROM responses")
    done = subprocess.run(  # noqa: S603 - our own
        [*command, "--resume"], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert stored == [(line - 1,)]
    assert 1 < line < ROWS
    assert f"{ROWS} recorded, 0 unchanged, 0 refused" in done.stdout
    assert asked(database, "SELECT count(*), count(DISTINCT id) FROM responses") == [(ROWS, ROWS)]
    assert asked(database, "SELECT count(*) FROM unjudged_dyads") == [(0,)]
    assert asked(database, "SELECT count(*) FROM deliveries") == [(0,)]
