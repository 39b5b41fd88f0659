"""SQLite's one writer: writes that wait for each other share one commit, and so one wait for the disk.

One after the other they run in the same transaction, each behind a savepoint, so that one that fails takes
nothing of the others with it. Nobody is told before the commit returned: what is answered is durable.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

from sqlalchemy import Connection, Engine, Transaction

from service.errors import OutOfTime, StoreAway
from service.time_limit import seconds_left

# So many share a commit at most: the first of them waits for all.
_MOST = 8
# Whoever a transaction was left to may have no time any more; then one of those who wait for it ends it.
_PATIENCE_SECONDS = 0.1
_NAME = "shared_write"


@dataclass(slots=True)
class _Batch:
    """A transaction under way, and how many writes in it are done."""

    tx: Connection
    begun: Transaction
    members: int = 0
    error: BaseException | None = None
    over: threading.Event = field(default_factory=threading.Event)


class SharedCommits:
    """Gives the one writer of a SQLite database to one thread after the other. Thread-safe."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = threading.Lock()
        self._counting = threading.Lock()
        self._waiting = 0
        self._batch: _Batch | None = None

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a transaction that is durable at the end, or undone whole on an error, without the others'.

        Raises what the commit raised, to all who share it.
        """
        batch = self._take_writer()
        try:
            if batch.members:
                with _savepoint(batch.tx):
                    yield batch.tx
            else:
                yield batch.tx
            batch.members += 1
        finally:
            self._leave(batch)
        while not batch.over.wait(_PATIENCE_SECONDS):
            self._end_if_left(batch)
        if batch.error:
            raise batch.error

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep everybody from writing meanwhile; what others have done is committed before."""
        while True:
            self._writer.acquire()
            if self._batch is None:
                break
            self._end(self._batch)
            self._writer.release()
        try:
            yield
        finally:
            self._writer.release()

    def _take_writer(self) -> _Batch:
        """Wait for the writer; return the transaction of those who left it to us, or a new one."""
        with self._counting:
            self._waiting += 1
        left = seconds_left()
        is_ours = self._writer.acquire(timeout=-1 if left is None else left)
        with self._counting:
            self._waiting -= 1
        if not is_ours:
            raise OutOfTime
        if self._batch is None:
            try:
                self._batch = self._begin()
            except BaseException:
                self._writer.release()
                raise
        return self._batch

    def _begin(self) -> _Batch:
        tx = self._engine.connect()
        try:
            return _Batch(tx, tx.begin())
        except BaseException:
            tx.close()
            raise

    def _leave(self, batch: _Batch) -> None:
        """Leave the transaction to whoever waits for the writer; end it where nobody may share it."""
        with self._counting:
            is_awaited = self._waiting > 0
        try:
            if not (is_awaited and 0 < batch.members < _MOST and _is_open(batch.tx)):
                self._end(batch)
        finally:
            self._writer.release()

    def _end_if_left(self, batch: _Batch) -> None:
        """End a transaction that nobody comes for; does nothing while somebody writes."""
        if self._writer.acquire(blocking=False):
            try:
                if self._batch is batch:
                    self._end(batch)
            finally:
                self._writer.release()

    def _end(self, batch: _Batch) -> None:
        """Commit what is done, and let everybody know."""
        self._batch = None
        try:
            with batch.tx, batch.begun:
                _check_open(batch)
                if not batch.members:
                    batch.begun.rollback()
        except BaseException as error:  # noqa: BLE001 - everybody who shares it must hear of it
            batch.error = error
        finally:
            batch.over.set()


@contextmanager
def _savepoint(tx: Connection) -> Iterator[None]:
    """Undo what is done within on an error, and nothing else. Raises ``StoreAway`` where SQLite undid it all.

    SQLAlchemy's own savepoints take a fifth of the processor time of a delivery.
    """
    driver = _driver(tx)
    driver.execute(f"SAVEPOINT {_NAME}")
    try:
        yield
    except BaseException:
        if driver.in_transaction:
            driver.execute(f"ROLLBACK TO {_NAME}")
            driver.execute(f"RELEASE {_NAME}")
        raise
    if not driver.in_transaction:
        raise StoreAway
    driver.execute(f"RELEASE {_NAME}")


def _check_open(batch: _Batch) -> None:
    """Raise ``StoreAway`` where what was done is gone.

    CAUTION: a full disk may make SQLite undo all by itself, and a commit would then say yes to nothing.
    """
    if batch.members and not _is_open(batch.tx):
        raise StoreAway


def _is_open(tx: Connection) -> bool:
    return _driver(tx).in_transaction


def _driver(tx: Connection) -> sqlite3.Connection:
    return cast("sqlite3.Connection", tx.connection.driver_connection)
