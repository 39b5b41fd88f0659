"""Sign-ins at the clinician's page as they are kept."""

from dataclasses import dataclass, fields

from sqlalchemy import delete, insert, or_, select, update

from service.store.database import Tx
from service.store.page_tables import page_sign_ins


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInRow:
    """One person's sign-in in one browser; ``hash`` is the SHA-256 of the cookie. Moments are instants."""

    clinic: str
    hash: str
    caller: str
    scopes: str
    practitioner: str | None
    supervises: bool
    created_at: str
    seen_at: str
    expires_at: str


_COLUMNS = [page_sign_ins.c[field.name] for field in fields(SignInRow)]


def add_sign_in(tx: Tx, row: SignInRow) -> None:
    """Keep a new sign-in."""
    tx.execute(insert(page_sign_ins), {field.name: getattr(row, field.name) for field in fields(SignInRow)})


def find_sign_in(tx: Tx, clinic: str, cookie_hash: str) -> SignInRow | None:
    """Return the sign-in with this hash, whether it counts or not, or None."""
    wanted = select(*_COLUMNS).where(page_sign_ins.c.clinic == clinic, page_sign_ins.c.hash == cookie_hash)
    found = tx.execute(wanted).mappings().first()
    return SignInRow(**found) if found else None


def mark_seen(tx: Tx, row: SignInRow, now: str) -> None:
    """Keep when a sign-in was used last."""
    named = page_sign_ins.c.clinic == row.clinic, page_sign_ins.c.hash == row.hash
    tx.execute(update(page_sign_ins).where(*named, page_sign_ins.c.seen_at < now).values(seen_at=now))


def end_sign_in(tx: Tx, clinic: str, cookie_hash: str) -> bool:
    """Forget a sign-in; False where there is none."""
    named = page_sign_ins.c.clinic == clinic, page_sign_ins.c.hash == cookie_hash
    return tx.execute(delete(page_sign_ins).where(*named)).rowcount == 1


def forget_ended(tx: Tx, clinic: str, now: str, idle_before: str) -> None:
    """Forget every sign-in of a clinic that counts no more."""
    over = or_(page_sign_ins.c.expires_at <= now, page_sign_ins.c.seen_at < idle_before)
    tx.execute(delete(page_sign_ins).where(page_sign_ins.c.clinic == clinic, over))
