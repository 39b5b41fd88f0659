"""A copy of a SQLite database while it is in use."""

import os
import sqlite3
from pathlib import Path

from service.errors import SettingsRefused
from service.store.database import Database

_ON_POSTGRESQL = (
    "ALLIANCE_DATABASE_URL: PostgreSQL is backed up by its own pg_dump; service/data-life.md says how"
)


def back_up(database: Database, file: Path) -> int:
    """Write a whole copy of one moment to a new file that only its owner may read; return its bytes.

    Callers are served meanwhile. The file appears at the end, once its integrity was checked. Raises
    ``SettingsRefused`` on PostgreSQL, where the file exists, or where it cannot be written.
    """
    if database.is_postgresql:
        raise SettingsRefused([_ON_POSTGRESQL])
    if file.exists():
        raise SettingsRefused(["FILE: exists already; name a new one"])
    unfinished = file.with_name(f"{file.name}.unfinished")
    try:
        os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise SettingsRefused([f"FILE: cannot be written: {os.strerror(error.errno or 0)}"]) from error
    try:
        _copy(database, unfinished)
        unfinished.rename(file)
    except (sqlite3.Error, OSError) as error:
        raise SettingsRefused([f"FILE: the copy failed: {type(error).__name__}"]) from error
    finally:
        unfinished.unlink(missing_ok=True)
    return file.stat().st_size


def _copy(database: Database, target: Path) -> None:
    source = database.engine.raw_connection()
    copy = sqlite3.connect(target)
    try:
        source.driver_connection.backup(copy)  # type: ignore[union-attr] # it is open
        # One file, without a log beside it.
        copy.execute("PRAGMA journal_mode=DELETE")
        if copy.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("the copy is not sound")
    finally:
        copy.close()
        source.close()
