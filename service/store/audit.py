"""The audit: one row for every access, never changed.

A write's row stands in its own transaction. Reads that wait together share one commit, and no answer leaves
before its row is durable. What hangs on several patients has a row for each, all with one request id.
"""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from uuid import uuid4

from sqlalchemy import Integer, bindparam, func, insert, select

from service.store.database import Database, Tx
from service.store.many_rows import add_rows
from service.store.tables import audit_rows, patient_aliases
from service.time_limit import unlimited


@dataclass(frozen=True, slots=True)
class AuditRow:
    """Who did what when: ids, route templates and names of parameters only, never a value.

    ``interaction`` and ``resource`` are FHIR's words (``flows/audit_kinds.py``). ``address`` is the caller's
    network address, '' where it has none; ``query`` the names of search parameters. ``count``: how many alike
    it stands for. ``person`` is who was behind the caller, ``reason`` why it was refused, in a word of ours;
    '' where that is not known. The patient is named by one of three: the alias' row, a reference as kept
    here, our key. One that is not known here is left out.
    """

    clinic: str
    at: str
    action: str
    route: str
    caller: str
    status: int
    subject: str
    request_id: str
    interaction: str = "operation"
    resource: str = ""
    address: str = ""
    query: str = ""
    count: int = 1
    person: str = ""
    reason: str = ""
    patient_row: int | None = None
    patient: str = ""
    patient_key: str = ""
    id: str = field(default_factory=lambda: uuid4().hex)

    def values(self) -> Mapping[str, object]:
        """Return the row's columns, and what its patient is found by."""
        found = {name: getattr(self, name) for name in _WRITTEN}
        return found | {
            "of_clinic": self.clinic,
            "known_row": self.patient_row,
            "reference": self.patient,
            "own_key": self.patient_key,
        }


_WRITTEN = (
    *("id", "clinic", "at", "action", "route", "caller", "status", "subject", "request_id"),
    *("interaction", "resource", "address", "query", "count", "person", "reason"),
)
_of_clinic = patient_aliases.c.clinic == bindparam("of_clinic")
# Found while it is written: a question of its own would be one more for every read.
_PATIENT_ROW = func.coalesce(
    bindparam("known_row", type_=Integer),
    select(patient_aliases.c.row_id)
    .where(
        _of_clinic,
        patient_aliases.c.kind == "reference",
        patient_aliases.c.system == "",
        patient_aliases.c.value == bindparam("reference"),
    )
    .scalar_subquery(),
    select(func.min(patient_aliases.c.row_id))
    .where(_of_clinic, patient_aliases.c.own_key == bindparam("own_key"))
    .scalar_subquery(),
)
_INSERT = insert(audit_rows).values(
    {name: bindparam(name) for name in _WRITTEN} | {"patient_row": _PATIENT_ROW}
)


def add_audit(tx: Tx, *rows: AuditRow) -> None:
    """Add rows in the transaction of the write that they tell of."""
    tx.execute(_INSERT, [row.values() for row in rows])


_KNOWN = tuple(one.name for one in audit_rows.c if one.name in {*_WRITTEN, "patient_row"})
_known_values = attrgetter(*_KNOWN)


def add_audits(tx: Tx, like: AuditRow, about: Iterable[tuple[str, int]]) -> None:
    """Add many rows alike, each about another subject and its patient, by the alias' row."""
    common = dict(zip(_KNOWN, _known_values(like), strict=True))
    rows = ({**common, "id": uuid4().hex, "subject": one, "patient_row": row} for one, row in about)
    add_rows(tx, audit_rows, _KNOWN, (tuple(row.values()) for row in rows))


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

    def add(self, rows: Sequence[AuditRow]) -> None:
        """Return when the rows are durable; raises what the commit raised."""
        with self._lock:
            batch = self._batch
            leads = not batch.rows
            batch.rows.extend(rows)
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
                    add_audit(tx, *batch.rows)
            except BaseException as error:  # noqa: BLE001 - every waiting caller must hear of it
                batch.error = error
            finally:
                batch.done.set()
