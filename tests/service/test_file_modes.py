"""What the service writes is its user's alone."""

import os
import stat
import subprocess
import sys
from pathlib import Path

from service.store.database import Database
from tests.databases import sqlite_only

ROOT = Path(__file__).parents[2]


def mode_of(path: Path) -> str:
    return stat.filemode(path.stat().st_mode)


def run(folder: Path, *arguments: str) -> None:
    """Run a command of the service under a umask that lets everybody read."""
    environment = {**os.environ, "ALLIANCE_DATABASE_URL": f"sqlite:///{folder / 'alliance.db'}"}
    # Our own command line, without a shell.
    subprocess.run(  # noqa: S603
        [sys.executable, "-m", "service", *arguments], cwd=ROOT, env=environment, umask=0o022, check=True
    )


@sqlite_only
def test_the_database_and_its_journals_are_read_by_nobody_else(tmp_path: Path) -> None:
    run(tmp_path, "migrate")
    database = Database(f"sqlite:///{tmp_path / 'alliance.db'}")
    with database.write() as tx:
        tx.exec_driver_sql("CREATE TABLE a (b)")
    modes = {path.name: mode_of(path) for path in tmp_path.iterdir()}
    database.close()
    assert modes == dict.fromkeys(("alliance.db", "alliance.db-wal", "alliance.db-shm"), "-rw-------")


@sqlite_only
def test_a_database_that_others_could_read_is_taken_from_them(tmp_path: Path) -> None:
    file = tmp_path / "alliance.db"
    file.touch(0o644)
    database = Database(f"sqlite:///{file}")
    database.migrate()
    database.close()
    assert mode_of(file) == "-rw-------"
