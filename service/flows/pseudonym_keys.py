"""The keys that make pseudonyms: a secret for each recipient, so that no two have one pseudonym in common.

They hide names, not courses: exact answers and days match line by line, between two recipients and with the
database (service/exports.md).
"""

import hmac
import secrets
from dataclasses import dataclass

from service.clock import as_instant
from service.errors import NotFound
from service.flows.deployment import Access, Deployment
from service.flows.write_version import audit_row
from service.store.audit import add_audit
from service.store.database import Tx, lock_name
from service.store.export_keys import (
    ExportKeyRow,
    add_export_key,
    find_export_key,
    list_export_keys,
    wipe_export_key,
)

_SECRET_BYTES, _ID_BYTES = 32, 4
_DIGITS = 20
_OK = 200


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """What makes one recipient's pseudonyms; who has not the secret cannot undo or repeat one."""

    secret: bytes

    def of(self, kind: str, own: str) -> str:
        """Return the pseudonym of a thing of a kind, always the same: 80 bits of an HMAC-SHA-256 in hex."""
        return hmac.digest(self.secret, f"{kind}|{own}".encode(), "sha256").hex()[:_DIGITS]


def take_pseudonyms(tx: Tx, deployment: Deployment, recipient: str) -> Pseudonyms:
    """Return what makes a recipient's pseudonyms; its key is made where none is in force."""
    lock_name(tx, f"export key|{deployment.clinic}|{recipient}")
    found = find_export_key(tx, deployment.clinic, recipient)
    if found is None:
        found = ExportKeyRow(
            clinic=deployment.clinic,
            id=secrets.token_hex(_ID_BYTES),
            recipient=recipient,
            secret=secrets.token_hex(_SECRET_BYTES),
            created_at=as_instant(deployment.clock()),
        )
        add_export_key(tx, found)
    return Pseudonyms(bytes.fromhex(found.secret))


def list_keys(deployment: Deployment, access: Access) -> list[ExportKeyRow]:
    """Return every key, the oldest first."""
    with deployment.database.write() as tx:
        add_audit(tx, audit_row(access, as_instant(deployment.clock()), _OK, ""))
        return list_export_keys(tx, deployment.clinic)


def revoke_key(deployment: Deployment, key_id: str, access: Access) -> None:
    """Wipe a key, so that nobody can make its pseudonyms again or undo them. Raises ``NotFound``.

    Lines that were handed out stay as they are, and can be told by their answers and days.
    """
    now = as_instant(deployment.clock())
    with deployment.database.write() as tx:
        if not wipe_export_key(tx, deployment.clinic, key_id, now):
            raise NotFound("No key is in force under this id.")
        add_audit(tx, audit_row(access, now, _OK, f"export-key/{key_id}"))
