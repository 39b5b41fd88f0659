"""A DuckDB that may read one snapshot and nothing else, for one question."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from service.reporting.errors import ManyReports, ReportTooHeavy, SnapshotGone
from service.reporting.writing import view_of

_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "threads": 2,
    "memory_limit": "512MB",
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "enable_object_cache": False,
}
# Questions at one time: each may take the memory above. Those that wait hold a thread each, which all other
# requests need too.
_AT_ONCE = threading.BoundedSemaphore(2)
_WITH_THOSE_WAITING = threading.BoundedSemaphore(8)


class Reader:
    """Asks SQL of ours, in which a name stands for its Parquet file once it was shown."""

    def __init__(self, opened: duckdb.DuckDBPyConnection, snapshot: Path) -> None:
        self._opened = opened
        self._snapshot = snapshot
        self._shown: set[str] = set()

    def show(self, *names: str) -> None:
        """Let questions name these files. Raises ``SnapshotGone``."""
        with _told_apart():
            for name in set(names) - self._shown:
                self._opened.execute(view_of(self._snapshot, name))
        self._shown |= set(names)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query. Raises ``ReportTooHeavy`` and ``SnapshotGone``."""
        with _told_apart():
            return self._opened.execute(query).fetchall()


@contextmanager
def reading(snapshot: Path, timeout_seconds: float) -> Iterator[Reader]:
    """Give a reader of one snapshot; after the timeout what it is at ends with ``ReportTooHeavy``.

    Nothing outside the snapshot can be read, nothing written, no extension loaded, no setting changed. Raises
    ``ManyReports`` at once where many wait, and after the timeout.
    """
    with (
        _one_of(_WITH_THOSE_WAITING, 0),
        _one_of(_AT_ONCE, timeout_seconds),
        duckdb.connect(":memory:", config=_CONFIG) as opened,
    ):
        _lock_down(opened, snapshot)
        timer = threading.Timer(timeout_seconds, opened.interrupt)
        timer.start()
        try:
            yield Reader(opened, snapshot)
        finally:
            timer.cancel()


@contextmanager
def _one_of(places: threading.BoundedSemaphore, seconds: float) -> Iterator[None]:
    """Hold one of so many places; raises ``ManyReports`` where none is free in time."""
    if not places.acquire(timeout=seconds):
        raise ManyReports
    try:
        yield
    finally:
        places.release()


def _lock_down(opened: duckdb.DuckDBPyConnection, snapshot: Path) -> None:
    with _told_apart():
        opened.execute("SET temp_directory = ''")
        opened.execute("SET allowed_directories = [?]", [f"{snapshot}/"])
        opened.execute("SET enable_external_access = false")
        opened.execute("SET lock_configuration = true")


@contextmanager
def _told_apart() -> Iterator[None]:
    try:
        yield
    except duckdb.IOException as error:
        raise SnapshotGone from error
    except (duckdb.InterruptException, duckdb.OutOfMemoryException) as error:
        raise ReportTooHeavy from error
