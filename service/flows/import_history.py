"""Import a history: a file's rows, batch after batch, each batch in one transaction with how far it came.

Whatever ends it, what was committed stays and is known by its line; resumed, it goes on behind that line.
Imported again from the beginning it changes nothing. Last, every dyad with imported ratings is judged once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Protocol
from uuid import uuid4

from fhir_mappings.errors import Fault
from service.clock import as_instant
from service.errors import FaultsInRequest, NotFound, WrongState
from service.flows.deployment import Access, Deployment, Write
from service.flows.judge_imported import judge_imported
from service.flows.record_batch import BatchDone, ImportRow, record_batch
from service.flows.write_version import audit_row
from service.garbage import rarely_searched, search_lately_made
from service.store.audit import add_audit
from service.store.database import Tx
from service.store.imports import (
    DONE,
    JUDGING,
    RECORDING,
    Import,
    Refusal,
    add_import,
    find_import,
    keep_progress,
)
from service.store.lost_races import repeat_lost_races

# One commit for so many rows; others who write wait for as long as these take.
ROWS_AT_ONCE = 1000
_OTHER_FILE = "Up to the line where that import ended, this is not the same file."
_IS_DRY = "is a dry run, and was asked to record its rows"
_IS_NOT_DRY = "records its rows, and was asked for a dry run of them"
_QUEUES = "queues deliveries, and was asked to queue none"
_QUEUES_NONE = "queues no deliveries, and was asked to queue them"


class Source(Protocol):
    """A file that is read once, from its beginning to its end."""

    @property
    def line(self) -> int:
        """Return the last line that was read."""

    @property
    def digest(self) -> str:
        """Return the digest of the file up to that line."""

    def skip(self, through: int) -> None:
        """Read past the rows up to this line without looking into them."""

    def rows(self) -> Iterator[ImportRow]:
        """Yield the rows that follow."""


@dataclass(frozen=True, slots=True)
class Choices:
    """How to import: ``resume`` is the id of an import to be gone on with, which must have been begun so.

    ``queue_deliveries`` None: not said, so as the import was begun; a new one queues none.
    """

    dry_run: bool = False
    queue_deliveries: bool | None = None
    resume: str | None = None


def import_history(deployment: Deployment, source: Source, choices: Choices, access: Access) -> Import:
    """Return the import once every row is settled and every dyad judged.

    A dry run does each batch and undoes it, so that a row that clashes with one further off in the same file
    is found by the import alone. Raises ``NotFound``, ``WrongState`` or ``FaultsInRequest`` where there is
    nothing to resume, or this is another file; ``WrongState`` also once somebody else goes on with it.
    """
    job = _begin(deployment, choices, access)
    if job.line:
        source.skip(job.line)
        if (source.line, source.digest) != (job.line, job.digest):
            raise FaultsInRequest([Fault("", "other-file", _OTHER_FILE)])
    with rarely_searched(), deployment.database.many_writes():
        job, told = _take_rows(deployment, job, source, access), 0
        if not job.dry_run:
            job = _move_on(deployment, job, JUDGING)
            told = judge_imported(deployment, access)
    return _move_on(deployment, job, DONE, told)


def _take_rows(deployment: Deployment, job: Import, source: Source, access: Access) -> Import:
    rows = source.rows()
    while batch := list(islice(rows, ROWS_AT_ONCE)):
        reached = replace(job, line=source.line, digest=source.digest)
        job = (_rehearse if job.dry_run else _record)(deployment, job, reached, batch, access)
        del batch
        search_lately_made()
    return job


@repeat_lost_races
def _begin(deployment: Deployment, choices: Choices, access: Access) -> Import:
    now = as_instant(deployment.clock())
    with deployment.database.write() as tx:
        job = _new_import(choices, access, now)
        if choices.resume is not None:
            found = find_import(tx, access.clinic, choices.resume)
            if found is None:
                raise NotFound("There is no such import.")
            _refuse_other_choices(found, choices)
            job = found
        else:
            add_import(tx, job)
        add_audit(tx, audit_row(access, now, 200, job.id))
    return job


def _refuse_other_choices(found: Import, choices: Choices) -> None:
    """Raise ``WrongState`` where an import cannot be gone on with, or not in the way that was asked for."""
    if found.state == DONE:
        raise WrongState("This import is done: there is nothing to resume.")
    told = None
    if found.dry_run != choices.dry_run:
        told = _IS_DRY if found.dry_run else _IS_NOT_DRY
    elif choices.queue_deliveries not in (None, found.queue_deliveries):
        told = _QUEUES if found.queue_deliveries else _QUEUES_NONE
    if told is not None:
        raise WrongState(f"Import {found.id} {told}: resume it as it was begun, or begin anew.")


def _new_import(choices: Choices, access: Access, now: str) -> Import:
    return Import(
        clinic=access.clinic,
        id=str(uuid4()),
        state=RECORDING,
        dry_run=choices.dry_run,
        queue_deliveries=bool(choices.queue_deliveries),
        caller=access.caller,
        line=0,
        digest="",
        recorded=0,
        unchanged=0,
        refused=0,
        deliveries=0,
        started_at=now,
        updated_at=now,
    )


@repeat_lost_races
def _record(
    deployment: Deployment, before: Import, reached: Import, batch: Sequence[ImportRow], access: Access
) -> Import:
    with deployment.database.write_many() as tx:
        write = Write(tx, deployment, access, deployment.clock())
        done = record_batch(write, batch, deliver=reached.queue_deliveries)
        job = _counted(reached, done, write.now)
        _keep(tx, before, job, done.refusals)
    return job


@repeat_lost_races
def _rehearse(
    deployment: Deployment, before: Import, reached: Import, batch: Sequence[ImportRow], access: Access
) -> Import:
    with deployment.database.rehearse() as tx:
        write = Write(tx, deployment, access, deployment.clock())
        done = record_batch(write, batch, deliver=False)
    job = _counted(reached, done, write.now)
    with deployment.database.write() as tx:
        _keep(tx, before, job, done.refusals)
    return job


def _counted(job: Import, done: BatchDone, now: str) -> Import:
    return replace(
        job,
        recorded=job.recorded + done.recorded,
        unchanged=job.unchanged + done.unchanged,
        refused=job.refused + done.refused,
        deliveries=job.deliveries + done.deliveries,
        updated_at=now,
    )


@repeat_lost_races
def _move_on(deployment: Deployment, job: Import, state: str, told: int = 0) -> Import:
    now = as_instant(deployment.clock())
    moved = replace(job, state=state, deliveries=job.deliveries + told, updated_at=now)
    with deployment.database.write() as tx:
        _keep(tx, job, moved, ())
    return moved


def _keep(tx: Tx, before: Import, job: Import, refusals: Sequence[Refusal]) -> None:
    """Keep how far an import came; whoever went on with it at the same time keeps nothing of this batch."""
    if not keep_progress(tx, before, job, refusals):
        raise WrongState(f"Import {job.id} is still running: it moved on meanwhile, and goes on there alone.")
