"""The secrets of those who get pseudonyms: one in force for each recipient, none left of a revoked one."""

from dataclasses import dataclass, fields

from sqlalchemy import insert, select, update

from service.store.database import Tx
from service.store.export_tables import export_keys


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportKeyRow:
    """One recipient's secret, in hex; empty once it is revoked. Moments are instants."""

    clinic: str
    id: str
    recipient: str
    secret: str
    created_at: str
    revoked_at: str | None = None


_WIPED = ""
_COLUMNS = [export_keys.c[field.name] for field in fields(ExportKeyRow)]


def add_export_key(tx: Tx, row: ExportKeyRow) -> None:
    """Keep a new secret; its recipient has none in force."""
    tx.execute(insert(export_keys), {field.name: getattr(row, field.name) for field in fields(ExportKeyRow)})


def find_export_key(tx: Tx, clinic: str, recipient: str) -> ExportKeyRow | None:
    """Return the secret in force of a recipient, or None."""
    wanted = select(*_COLUMNS).where(
        export_keys.c.clinic == clinic,
        export_keys.c.recipient == recipient,
        export_keys.c.revoked_at.is_(None),
    )
    found = tx.execute(wanted).mappings().first()
    return ExportKeyRow(**found) if found else None


def list_export_keys(tx: Tx, clinic: str) -> list[ExportKeyRow]:
    """Return every key of a clinic, the oldest first."""
    wanted = select(*_COLUMNS).where(export_keys.c.clinic == clinic).order_by(export_keys.c.row_id)
    return [ExportKeyRow(**row) for row in tx.execute(wanted).mappings()]


def wipe_export_key(tx: Tx, clinic: str, key_id: str, at: str) -> bool:
    """Revoke a key and forget its secret; False where none is in force under this id."""
    standing = (
        export_keys.c.clinic == clinic,
        export_keys.c.id == key_id,
        export_keys.c.revoked_at.is_(None),
    )
    return tx.execute(update(export_keys).where(*standing).values(secret=_WIPED, revoked_at=at)).rowcount == 1
