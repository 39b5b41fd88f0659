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
USER = "postgres"
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
            shutil.chown(folder, USER)
            folder.chmod(0o700)
        as_all = ("--username", USER, "--auth", "trust", "--encoding", "UTF8", "--no-sync")
        _run("initdb", "--pgdata", str(cluster), *as_all)
        server = f"postgresql://{USER}@/postgres?host={folder}"
        start_server(server)
        try:
            yield server
        finally:
            stop_server(server)
    finally:
        shutil.rmtree(folder)


def new_database(server: str, name: str, *options: str) -> str:
    """Make an empty database on a server, with createdb's options, and return its URL."""
    _run("createdb", "--host", _folder_of(server), "--username", USER, *options, name)
    return server.replace("/postgres?", f"/{name}?")


def dump_database(url: str, file: Path) -> None:
    """Back a database up as service/data-life.md says."""
    _run("pg_dump", "--format", "custom", "--file", _for_user(file), "--dbname", url)


def restore_database(url: str, file: Path) -> None:
    """Put a backup into an empty database as service/data-life.md says."""
    _run("pg_restore", "--no-owner", "--exit-on-error", "--dbname", url, _for_user(file))


def _for_user(file: Path) -> str:
    """Return the file's path, once the user who runs PostgreSQL's programs may read and write it."""
    file.touch(exist_ok=True)
    if os.geteuid() == 0:
        shutil.chown(file, USER)
        for folder in file.parents:
            if folder.stat().st_mode & 0o001 == 0:
                folder.chmod(folder.stat().st_mode | 0o001)
    return str(file)


def run_sql(server: str, statement: str) -> None:
    """Run one statement on a server."""
    _run("psql", "--host", _folder_of(server), "--username", USER, "--command", statement, "postgres")


def start_server(server: str) -> None:
    """Start a server, or start it again; returns once it answers."""
    folder = _folder_of(server)
    options = f"{_OPTIONS} -c unix_socket_directories={folder}"
    log = f"{folder}/log"
    _run("pg_ctl", "--pgdata", f"{folder}/cluster", "-o", options, "--log", log, "--wait", "start")


def stop_server(server: str) -> None:
    """End a server as a crash would: connections break, and nothing is written out."""
    _run("pg_ctl", "--pgdata", f"{_folder_of(server)}/cluster", "--mode", "immediate", "--wait", "stop")


def _folder_of(server: str) -> str:
    return server.partition("?host=")[2]


def _run(name: str, *arguments: str) -> None:
    program = find_program(name) or name
    as_user = ["runuser", "-u", USER, "--"] if os.geteuid() == 0 else []
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
