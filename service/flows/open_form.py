"""Find the form that a token or a typed code opens. Whoever holds it is the client, as far as we know."""

from dataclasses import replace
from hmac import compare_digest

from service.clock import as_instant
from service.flows.deployment import Access, Deployment
from service.flows.form_link import FormLink, as_code, hash_of, new_token, to_form_link
from service.flows.write_version import audit_row
from service.store.audit import add_audit
from service.store.database import Tx
from service.store.form_links import (
    OPEN,
    FormLinkRow,
    find_link_by_code,
    find_link_by_token,
    give_kiosk_token,
)
from service.store.sight import WHOLE_SIGHT

CALLER = "form"
OK = 200


def as_form(access: Access, clinic: str) -> Access:
    """Return the access of a client who fills a form of this clinic: it sees nothing of what it gave."""
    return replace(access, clinic=clinic, caller=CALLER, sight=WHOLE_SIGHT, told_alerts=False)


def find_form(deployment: Deployment, token: str) -> FormLink | None:
    """Return the link that this token opens, however it stands; None where there is none."""
    with deployment.database.read() as tx:
        return form_of(tx, deployment.clinic, token)


def form_of(tx: Tx, clinic: str, token: str, *, to_close: bool = False) -> FormLink | None:
    """Return the link that this token opens, in a transaction that is under way."""
    hashed = hash_of(token)
    row = find_link_by_token(tx, clinic, hashed, to_close=to_close)
    if row is None:
        return None
    # The index found it by its hash; compared again, so that how long it took tells nothing of the hash.
    at_kiosk = compare_digest(row.kiosk_hash, hashed)
    return (
        to_form_link(row, at_kiosk=at_kiosk) if at_kiosk or compare_digest(row.token_hash, hashed) else None
    )


def redeem_code(deployment: Deployment, typed: str, access: Access) -> str | None:
    """Return a new token for the link of a code that still counts, else None; an earlier one ends by it."""
    now = as_instant(deployment.clock())
    hashed, token = hash_of(as_code(typed)), new_token()
    with deployment.database.read() as tx:  # a wrong one, as most guesses are, costs no write
        if _find_by_code(tx, deployment.clinic, hashed, now) is None:
            return None
    with deployment.database.write() as tx:
        row = _find_by_code(tx, deployment.clinic, hashed, now)
        if row is None:
            return None
        give_kiosk_token(tx, row, hash_of(token))
        add_audit(tx, audit_row(as_form(access, deployment.clinic), now, OK, row.id, row.alias_row))
    return token


def _find_by_code(tx: Tx, clinic: str, code_hash: str, now: str) -> FormLinkRow | None:
    row = find_link_by_code(tx, clinic, code_hash)
    return row if row and row.state == OPEN and now < row.code_until else None
