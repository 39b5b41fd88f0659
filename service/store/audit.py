"""The audit: one row for every access, never changed.

A write's row stands in its own transaction. Reads that wait together share one commit, and no answer leaves
before its row is durable.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import insert

from service.store.database import Database, Tx
from service.store.tables import audit_rows
from service.time_limit import unlimited


@dataclass(frozen=True, slots=True)
class AuditRow:
    """Who did what when: ids and route templates only, never a value."""

    clinic: str
    at: str
    action: str
    route: str
    caller: str
    status: int
    subject: str
    request_id: str

    def values(self) -> Mapping[str, object]:
        """Return the row's columns."""
        return {name: getattr(self, name) for name in self.__slots__}


_INSERT = insert(audit_rows)


def add_audit(tx: Tx, row: AuditRow) -> None:
    """Add one row in the transaction of the write that it tells of."""
    tx.execute(_INSERT, row.values())


@dataclass(slots=True)
class _Batch:
    rows: list[AuditRow] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)
    error: BaseException | None = None


class ReadAudit:
    """Writes the rows of reads; callers that arrive while a commit is under way share the next one."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._commit = threading.Lock()
        self._batch = _Batch()

    def add(self, row: AuditRow) -> None:
        """Return when the row is durable; raises what the commit raised."""
        with self._lock:
            batch = self._batch
            batch.rows.append(row)
            leads = len(batch.rows) == 1
        if leads:
            self._write(batch)
        batch.done.wait()
        if batch.error:
            raise batch.error

    def _write(self, batch: _Batch) -> None:
        with self._commit:
            with self._lock:
                self._batch = _Batch()
            try:
                # For many requests: the time of the one that came first must not fail the others.
                with unlimited(), self._database.write() as tx:
                    tx.execute(_INSERT, [row.values() for row in batch.rows])
            except BaseException as error:  # noqa: BLE001 - every waiting caller must hear of it
                batch.error = error
            finally:
                batch.done.set()
