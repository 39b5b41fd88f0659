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
# Whose the tests' databases are: no superuser, since those pass by row-level security.
OWNER = "alliance_owner"
# A test's data need not survive a power cut.
_OPTIONS = "-c listen_addresses='' -c fsync=off -c max_connections=200 -c timezone=Europe/Berlin"


def find_program(name: str) -> str | None:
    """Return where a program is, those of PostgreSQL as Debian installs them included, or None."""
    found = sorted(_DEBIAN.glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    return shutil.which(name) or (str(found[-1]) if found else None)


@contextmanager
def running_postgres() -> Iterator[str]:
    """Give the URL of a running server's database ``postgres``; only this machine can reach it."""
    with new_folder() as folder:
        cluster = folder / "cluster"
        as_all = ("--username", USER, "--auth", "trust", "--encoding", "UTF8", "--no-sync")
        _run("initdb", "--pgdata", str(cluster), *as_all)
        server = f"postgresql://{USER}@/postgres?host={folder}"
        start_server(server)
        try:
            run_sql(server, f"CREATE ROLE {OWNER} LOGIN")
            yield server
        finally:
            # A test may have ended it for good.
            if (cluster / "postmaster.pid").exists():
                stop_server(server)


@contextmanager
def new_folder() -> Iterator[Path]:
    """Give a folder for a server, which is its user's and gone at the end."""
    # A socket's path must be short, so it does not lie in pytest's folder.
    folder = Path(tempfile.mkdtemp(prefix="alliance-pg-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, USER)
            folder.chmod(0o700)
        yield folder
    finally:
        shutil.rmtree(folder)


def new_database(server: str, name: str, *options: str) -> str:
    """Make an empty database of ``OWNER`` on a server, with createdb's options, and return its URL."""
    _run("createdb", "--host", folder_of(server), "--username", USER, "--owner", OWNER, *options, name)
    return server.replace("/postgres?", f"/{name}?").replace(f"{USER}@", f"{OWNER}@")


def copy_cluster(server: str, standby: str) -> None:
    """Make what a server holds the content of another, which is to follow it."""
    here = ("--host", folder_of(server), "--username", USER, "--checkpoint", "fast", "--no-sync")
    _run("pg_basebackup", *here, "--pgdata", f"{folder_of(standby)}/cluster", "--write-recovery-conf")


def shell_on(server: str, script: str, **environment: str) -> str:
    """Run a shell script beside a server's programs, as its superuser; return what went wrong."""
    programs = Path(find_program("psql") or "").parent
    place = {"PGHOST": folder_of(server), "POSTGRES_USER": USER, "PATH": f"{programs}:{os.environ['PATH']}"}
    # Our own script.
    done = subprocess.run(  # noqa: S603
        ["bash", "-e", "-c", script],  # noqa: S607
        env=place | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr


def promote_server(server: str) -> None:
    """Let a standby follow no more, and take writes."""
    _run("pg_ctl", "--pgdata", f"{folder_of(server)}/cluster", "--wait", "promote")


def dump_database(url: str, file: Path) -> None:
    """Back a database up as service/data-life.md says."""
    asked = ("--enable-row-security", "--format", "custom", "--file", _for_user(file), "--dbname", url)
    _run("pg_dump", *asked, PGOPTIONS="-c alliance.all=on")


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
    _run("psql", "--host", folder_of(server), "--username", USER, "--command", statement, "postgres")


def start_server(server: str) -> None:
    """Start a server, or start it again; returns once it answers."""
    folder = folder_of(server)
    options = f"{_OPTIONS} -c unix_socket_directories={folder}"
    log = f"{folder}/log"
    _run("pg_ctl", "--pgdata", f"{folder}/cluster", "-o", options, "--log", log, "--wait", "start")


def stop_server(server: str, mode: str = "immediate") -> None:
    """End a server as a crash would (connections break, nothing is written out), or in another mode."""
    _run("pg_ctl", "--pgdata", f"{folder_of(server)}/cluster", "--mode", mode, "--wait", "stop")


def folder_of(server: str) -> str:
    """Return where a server's socket and its files lie."""
    return server.partition("?host=")[2]


def _run(name: str, *arguments: str, **environment: str) -> None:
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
            env=os.environ | environment,
            check=False,
        )
        if done.returncode:
            printed.seek(0)
            raise RuntimeError(f"{name}: {printed.read().decode(errors='replace')}")
