"""A disk that is full at a chosen commit: SQLite itself says so, since its file may have no more pages."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, event

from service.store.database import Database

_ALL_PAGES = 1_073_741_823
_NO_ROOM = "CREATE TABLE filler AS SELECT randomblob(1000000) AS filling"


@contextmanager
def full_disk(database: Database, at: Collection[int]) -> Iterator[list[int]]:
    """Let the disk be full at these commits of a write, counted from 0; gives those that it was full at."""
    count, failed = 0, []

    def fill(tx: Connection) -> None:
        nonlocal count
        if not tx.get_execution_options().get("writes"):
            return
        count += 1
        if count - 1 in at:
            failed.append(count - 1)
            _fill(tx)

    event.listen(database.engine, "commit", fill)
    try:
        yield failed
    finally:
        event.remove(database.engine, "commit", fill)


def _fill(tx: Connection) -> None:
    pages = tx.exec_driver_sql("PRAGMA page_count").scalar_one()
    tx.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    try:
        tx.exec_driver_sql(_NO_ROOM)
    finally:
        tx.exec_driver_sql(f"PRAGMA max_page_count = {_ALL_PAGES}")
