"""Exports as they are kept: taken up under a lease, advanced piece by piece, removed with their files."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from sqlalchemy import ColumnElement, delete, func, insert, or_, select, text, update

from service.store.database import Tx
from service.store.export_tables import exports

ACCEPTED, RUNNING, COMPLETE, FAILED, CANCELLED = "accepted", "running", "complete", "failed", "cancelled"
UNDER_WAY = (ACCEPTED, RUNNING)
# Before the first piece; the rows of aliases begin above it.
NOTHING_YET = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRow:
    """One export. ``files`` and ``notes`` are JSON; ``types`` are separated by commas; moments are instants.

    ``created_at`` is the moment whose rows it holds, ``after_row`` the last alias that is in its files.
    """

    clinic: str
    id: str
    caller: str
    request: str
    request_id: str
    route: str
    types: str
    since: str | None
    therapist: str | None
    notes: str
    state: str
    created_at: str
    expires_at: str | None = None
    attempt: int = 0
    failures: int = 0
    lease_owner: str | None = None
    lease_until: str | None = None
    after_row: int = NOTHING_YET
    patients_done: int = 0
    patients_total: int = 0
    files: str = "[]"


_COLUMNS = [exports.c[field.name] for field in fields(ExportRow)]
# Longer than any write of ours can last: it holds no lock for over 30 s, and lies idle for no longer than 60.
LONGEST_WRITE_SECONDS = 90.0
_OLDER = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND xact_start < clock_timestamp() - make_interval(secs => :age)"
)


def add_export(tx: Tx, row: ExportRow) -> None:
    """Keep a new export."""
    tx.execute(insert(exports), {field.name: getattr(row, field.name) for field in fields(ExportRow)})


def find_export(tx: Tx, clinic: str, export_id: str) -> ExportRow | None:
    """Return an export, or None."""
    found = tx.execute(select(*_COLUMNS).where(_named(clinic, export_id))).mappings().first()
    return ExportRow(**found) if found else None


def count_exports(tx: Tx, clinic: str, *, caller: str | None = None, under_way: bool) -> int:
    """Return how many exports of a clinic, or of one caller, are under way, or (False) are kept at all."""
    asked = [exports.c.clinic == clinic, exports.c.state != CANCELLED]
    asked += [exports.c.caller == caller] if caller is not None else []
    asked += [exports.c.state.in_(UNDER_WAY)] if under_way else []
    return tx.execute(select(func.count()).select_from(exports).where(*asked)).scalar_one()


def oldest_free(tx: Tx, clinic: str, now: str) -> ExportRow | None:
    """Return the oldest export under way whose lease nobody holds, locked until the transaction ends."""
    wanted = select(*_COLUMNS).where(
        exports.c.clinic == clinic,
        exports.c.state.in_(UNDER_WAY),
        or_(exports.c.lease_until.is_(None), exports.c.lease_until <= now),
    )
    wanted = wanted.order_by(exports.c.row_id).limit(1).with_for_update(skip_locked=True)
    found = tx.execute(wanted).mappings().first()
    return ExportRow(**found) if found else None


def is_any_free(tx: Tx, clinic: str, now: str) -> bool:
    """Tell whether there is an export to be taken up."""
    wanted = select(exports.c.row_id).where(
        exports.c.clinic == clinic,
        exports.c.state.in_(UNDER_WAY),
        or_(exports.c.lease_until.is_(None), exports.c.lease_until <= now),
    )
    return tx.execute(wanted.limit(1)).first() is not None


def is_settled(tx: Tx, age_seconds: float) -> bool:
    """Tell whether every write that began before an export, so many seconds ago, has ended.

    What it wrote is of a moment before the export, and must be in it. SQLite writes one after the other, and
    the export itself was the last of them.
    """
    if tx.dialect.name != "postgresql" or age_seconds > LONGEST_WRITE_SECONDS:
        return True
    return not tx.execute(_OLDER, {"age": age_seconds}).scalar_one()


def take_export(tx: Tx, row: ExportRow, owner: str, lease_until: str) -> None:
    """Take an export up, which ``oldest_free`` gave, as a new attempt."""
    values = {"state": RUNNING, "attempt": row.attempt + 1, "lease_owner": owner, "lease_until": lease_until}
    tx.execute(update(exports).where(_named(row.clinic, row.id)).values(**values))


def advance_export(tx: Tx, row: ExportRow, changes: Mapping[str, object]) -> bool:
    """Change an export that is still this attempt's; False where it was taken away, begun anew, or ended."""
    mine = (
        exports.c.lease_owner == row.lease_owner,
        exports.c.attempt == row.attempt,
        exports.c.state == RUNNING,
    )
    done = tx.execute(update(exports).where(_named(row.clinic, row.id), *mine).values(**changes))
    return done.rowcount == 1


def release_export(tx: Tx, row: ExportRow) -> None:
    """Let others take an export up, or wipe it, at once."""
    mine = (exports.c.lease_owner == row.lease_owner, exports.c.attempt == row.attempt)
    free = {"lease_owner": None, "lease_until": None}
    tx.execute(update(exports).where(_named(row.clinic, row.id), *mine).values(**free))


def lease_owners(tx: Tx, clinic: str) -> set[str]:
    """Return who holds leases of exports."""
    held = select(exports.c.lease_owner).where(exports.c.clinic == clinic, exports.c.lease_owner.is_not(None))
    return {str(one) for one in tx.execute(held).scalars()}


def free_exports(tx: Tx, clinic: str, owner: str) -> None:
    """Let others take up what this owner, who is gone, had taken."""
    theirs = exports.c.clinic == clinic, exports.c.lease_owner == owner
    tx.execute(update(exports).where(*theirs).values(lease_owner=None, lease_until=None))


def cancel_export(tx: Tx, clinic: str, export_id: str) -> None:
    """End an export; its files are wiped by whoever works on exports next."""
    tx.execute(update(exports).where(_named(clinic, export_id)).values(state=CANCELLED))


def begin_exports_anew(tx: Tx, clinic: str) -> None:
    """Let no file hold what was just erased or withheld: what is under way begins anew, what is done ends."""
    of_clinic = exports.c.clinic == clinic
    ended = exports.c.state.in_((COMPLETE, FAILED))
    tx.execute(update(exports).where(of_clinic, ended).values(state=CANCELLED))
    anew = {
        "state": ACCEPTED,
        "attempt": exports.c.attempt + 1,
        "lease_owner": None,
        "lease_until": None,
        "after_row": NOTHING_YET,
        "patients_done": 0,
        "files": "[]",
    }
    tx.execute(update(exports).where(of_clinic, exports.c.state.in_(UNDER_WAY)).values(**anew))


def exports_to_wipe(tx: Tx, clinic: str, now: str) -> list[str]:
    """Return the ids of exports that are over, and that nobody works on any more."""
    over = or_(exports.c.state == CANCELLED, exports.c.expires_at <= now)
    idle = or_(exports.c.lease_until.is_(None), exports.c.lease_until <= now)
    wanted = select(exports.c.id).where(exports.c.clinic == clinic, over, idle)
    return list(tx.execute(wanted.order_by(exports.c.row_id)).scalars())


def export_ids(tx: Tx, clinic: str) -> set[str]:
    """Return the ids of all exports that are kept."""
    return set(tx.execute(select(exports.c.id).where(exports.c.clinic == clinic)).scalars())


def remove_export(tx: Tx, clinic: str, export_id: str) -> None:
    """Forget an export whose files are gone."""
    tx.execute(delete(exports).where(_named(clinic, export_id)))


def _named(clinic: str, export_id: str) -> ColumnElement[bool]:
    return (exports.c.clinic == clinic) & (exports.c.id == export_id)
