"""A PostgreSQL server of our own: a throw-away cluster behind a socket in a folder, gone at the end."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_DEBIAN = Path("/usr/lib/postgresql")
# PostgreSQL refuses to run as root; Debian's package makes this user.
_USER = "postgres"
# A test's data need not survive a power cut.
_OPTIONS = "-c listen_addresses='' -c fsync=off -c max_connections=200 -c timezone=Europe/Berlin"


def find_program(name: str) -> str | None:
    """Return where a program is, those of PostgreSQL as Debian installs them included, or None."""
    found = sorted(_DEBIAN.glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    return shutil.which(name) or (str(found[-1]) if found else None)


@contextmanager
def running_postgres() -> Iterator[str]:
    """Give the URL of a running server's database ``postgres``; only this machine can reach it."""
    # A socket's path must be short, so it does not lie in pytest's folder.
    folder = Path(tempfile.mkdtemp(prefix="alliance-pg-"))
    try:
        cluster = folder / "cluster"
        if os.geteuid() == 0:
            shutil.chown(folder, _USER)
            folder.chmod(0o700)
        as_all = ("--username", _USER, "--auth", "trust", "--encoding", "UTF8", "--no-sync")
        _run("initdb", "--pgdata", str(cluster), *as_all)
        server = f"postgresql://{_USER}@/postgres?host={folder}"
        start_server(server)
        try:
            yield server
        finally:
            stop_server(server)
    finally:
        shutil.rmtree(folder)


def start_server(server: str) -> None:
    """Start a server, or start it again; returns once it answers."""
    folder = _folder_of(server)
    options = f"{_OPTIONS} -c unix_socket_directories={folder}"
    log = f"{folder}/log"
    _run("pg_ctl", "--pgdata", f"{folder}/cluster", "-o", options, "--log", log, "--wait", "start")


def stop_server(server: str) -> None:
    """End a server as a crash would: connections break, and nothing is written out."""
    _run("pg_ctl", "--pgdata", f"{_folder_of(server)}/cluster", "--mode", "immediate", "--wait", "stop")


def new_database(server: str, name: str) -> str:
    """Make an empty database on a server and return its URL."""
    _run("createdb", "--host", _folder_of(server), "--username", _USER, name)
    return server.replace("/postgres?", f"/{name}?")


def _folder_of(server: str) -> str:
    return server.partition("?host=")[2]


def _run(name: str, *arguments: str) -> None:
    program = find_program(name) or name
    as_user = ["runuser", "-u", _USER, "--"] if os.geteuid() == 0 else []
    # Our own command line, without a shell. Files take what it prints: a server would keep a pipe open.
    with tempfile.TemporaryFile() as printed:
        done = subprocess.run(  # noqa: S603
            [*as_user, program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=printed,
            cwd="/",
            check=False,
        )
        if done.returncode:
            printed.seek(0)
            raise RuntimeError(f"{name}: {printed.read().decode(errors='replace')}")
