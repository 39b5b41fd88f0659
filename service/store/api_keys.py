"""API keys as they are kept."""

from dataclasses import dataclass, fields

from sqlalchemy import insert, or_, select, update

from service.store.caller_tables import api_keys
from service.store.database import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyRow:
    """One key; ``hash`` is the SHA-256 of all of it. Moments are instants."""

    clinic: str
    id: str
    name: str
    hash: str
    beginning: str
    scopes: str
    practitioner: str | None
    patient: str | None
    supervises: bool
    created_at: str
    expires_at: str
    revoked_at: str | None = None
    last_used_at: str | None = None


_COLUMNS = [api_keys.c[field.name] for field in fields(ApiKeyRow)]


def add_api_key(tx: Tx, row: ApiKeyRow) -> None:
    """Keep a new key."""
    tx.execute(insert(api_keys), {field.name: getattr(row, field.name) for field in fields(ApiKeyRow)})


def find_api_key(tx: Tx, clinic: str, key_hash: str) -> ApiKeyRow | None:
    """Return the key with this hash, whether it counts or not, or None."""
    wanted = select(*_COLUMNS).where(api_keys.c.clinic == clinic, api_keys.c.hash == key_hash)
    found = tx.execute(wanted).mappings().first()
    return ApiKeyRow(**found) if found else None


def list_api_keys(tx: Tx, clinic: str) -> list[ApiKeyRow]:
    """Return every key of a clinic, the oldest first."""
    wanted = select(*_COLUMNS).where(api_keys.c.clinic == clinic).order_by(api_keys.c.row_id)
    return [ApiKeyRow(**row) for row in tx.execute(wanted).mappings()]


def revoke_api_key(tx: Tx, clinic: str, key_id: str, at: str) -> bool:
    """Take a key back for good; False where there is none that counts under this id."""
    counts = api_keys.c.clinic == clinic, api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None)
    return tx.execute(update(api_keys).where(*counts).values(revoked_at=at)).rowcount == 1


def mark_used(tx: Tx, row: ApiKeyRow, hour: str) -> None:
    """Keep in which hour a key was used last."""
    older = or_(api_keys.c.last_used_at.is_(None), api_keys.c.last_used_at < hour)
    named = api_keys.c.clinic == row.clinic, api_keys.c.id == row.id
    tx.execute(update(api_keys).where(*named, older).values(last_used_at=hour))
