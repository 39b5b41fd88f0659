"""PostgreSQL whose disk is full: what the service's store then says, and that it goes on by itself."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.errors import StoreFull
from service.flows.record_response import record_response
from service.store.database import Database
from tests.service.build import a_deployment, a_response, an_access
from tests.system.postgres import USER, new_database, run_sql

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(os.geteuid() != 0, reason="a small file system of one's own needs root"),
]
_SIZE = "24m"
_MOST = 5_000


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system with room for little, on which PostgreSQL may write."""
    folder = Path("/run/alliance-small-disk")
    folder.mkdir()
    try:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", str(folder)]
        # Fixed command lines, without a shell.
        if subprocess.run(mount, check=False).returncode:  # noqa: S603
            pytest.skip("this machine lets nobody mount a file system")
        shutil.chown(folder, USER)
        try:
            yield folder
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)  # noqa: S603, S607
    finally:
        folder.rmdir()


@pytest.fixture
def database(postgres: str, small_disk: Path) -> Iterator[Database]:
    run_sql(postgres, f"CREATE TABLESPACE small LOCATION '{small_disk}'")
    made = Database(new_database(postgres, "small", "--tablespace", "small"))
    made.migrate()
    yield made
    made.close()
    run_sql(postgres, "DROP DATABASE small")
    run_sql(postgres, "DROP TABLESPACE small")


def test_a_full_disk_is_told_as_such_and_recording_goes_on_afterwards(database, small_disk, tmp_path):
    deployment = a_deployment(tmp_path, database=database)
    filler = small_disk / "filler"
    filler.write_bytes(bytes(_room_in(small_disk)))
    recorded = 0

    def record_until_full() -> None:
        nonlocal recorded
        for session in range(1, _MOST):
            record_response(deployment, a_response(session, patient=f"Patient/p-{session}"), an_access())
            recorded = session

    with pytest.raises(StoreFull):
        record_until_full()

    filler.unlink()
    again = a_response(recorded + 1, patient=f"Patient/p-{recorded + 1}")
    assert record_response(deployment, again, an_access()).created


def _room_in(folder: Path) -> int:
    told = os.statvfs(folder)
    return told.f_bavail * told.f_frsize
