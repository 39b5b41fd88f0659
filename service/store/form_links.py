"""Form links as they are kept: found by the hash of what opens them, closed once."""

from dataclasses import dataclass, fields

from sqlalchemy import ColumnElement, Update, insert, select, update

from service.store.database import Tx
from service.store.form_tables import form_links

OPEN, USED, REVOKED = "open", "used", "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class FormLinkRow:
    """One link; hashes are SHA-256 in hexadecimal digits, moments are instants.

    ``kiosk_hash`` is '' until its code was typed somewhere. ``facts`` and ``outcome`` are JSON.
    """

    clinic: str
    id: str
    token_hash: str
    code_hash: str
    alias_row: int
    facts: str
    state: str
    created_by: str
    created_at: str
    expires_at: str
    code_until: str
    kiosk_hash: str = ""
    content_hash: str = ""
    outcome: str = "{}"
    closed_at: str | None = None


_COLUMNS = [form_links.c[field.name] for field in fields(FormLinkRow)]


def add_form_link(tx: Tx, row: FormLinkRow) -> None:
    """Keep a new link."""
    tx.execute(insert(form_links), {field.name: getattr(row, field.name) for field in fields(FormLinkRow)})


def find_form_link(tx: Tx, clinic: str, link_id: str, *, to_close: bool = False) -> FormLinkRow | None:
    """Return the link with this id, or None; where it is ``to_close``, others wait until that is done."""
    return _find(tx, clinic, form_links.c.id == link_id, to_close=to_close)


def find_link_by_token(tx: Tx, clinic: str, token_hash: str, *, to_close: bool = False) -> FormLinkRow | None:
    """Return the link that this token opens, be it its own or one that its code gave; or None."""
    own = _find(tx, clinic, form_links.c.token_hash == token_hash, to_close=to_close)
    return own or _find(tx, clinic, form_links.c.kiosk_hash == token_hash, to_close=to_close)


def find_link_by_code(tx: Tx, clinic: str, code_hash: str) -> FormLinkRow | None:
    """Return the link that this code stands for, or None."""
    return _find(tx, clinic, form_links.c.code_hash == code_hash)


def give_kiosk_token(tx: Tx, row: FormLinkRow, kiosk_hash: str) -> None:
    """Let a token of this hash open the link; one that its code gave before opens it no longer."""
    tx.execute(_of(row).values(kiosk_hash=kiosk_hash))


def close_form_link(
    tx: Tx, row: FormLinkRow, state: str, at: str, *, content_hash: str = "", outcome: str = "{}"
) -> None:
    """Close a link for good, with what it came to."""
    tx.execute(_of(row).values(state=state, closed_at=at, content_hash=content_hash, outcome=outcome))


def _find(tx: Tx, clinic: str, wanted: ColumnElement[bool], *, to_close: bool = False) -> FormLinkRow | None:
    query = select(*_COLUMNS).where(form_links.c.clinic == clinic, wanted)
    found = tx.execute(query.with_for_update() if to_close else query).mappings().first()
    return FormLinkRow(**found) if found else None


def _of(row: FormLinkRow) -> Update:
    return update(form_links).where(form_links.c.clinic == row.clinic, form_links.c.id == row.id)
