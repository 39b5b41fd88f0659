"""Make, list, revoke and recognise API keys.

A key is ``alk_<clinic>_<43 letters and digits>``: 256 random bits, so that one round of SHA-256 guards it as
well as any slow hash would (those are for passwords, which can be guessed). The beginning lets scanners find
one that leaked, and names the clinic whose rows are searched: another name in front makes it another key.
"""

import hashlib
import re
import secrets
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hmac import compare_digest

from service.caller_settings import CallerSettings
from service.callers import Caller
from service.clock import Clock, as_instant
from service.errors import NotFound, StoreFull
from service.flows.deployment import Access
from service.flows.write_version import audit_row
from service.scopes import parse_scopes
from service.store.api_keys import (
    ApiKeyRow,
    add_api_key,
    find_api_key,
    list_api_keys,
    mark_used,
    revoke_api_key,
)
from service.store.audit import add_audit
from service.store.database import Database, Tx

KEY_MARK = "alk_"
CREATED, OK = 201, 200
_LETTERS = string.ascii_letters + string.digits
_LENGTH = 43  # 62 ** 43 is a little more than 2 ** 256
_KEY = re.compile(r"alk_(?P<clinic>[a-z0-9][a-z0-9-]{0,39})_[A-Za-z0-9]{43}")
_SHOWN = 4  # of the random part


@dataclass(frozen=True, slots=True)
class NewKey:
    """What a key is to be; references are those of the person or patient that it stands for."""

    name: str
    scopes: str
    expires_at: datetime
    practitioner: str | None = None
    patient: str | None = None
    supervises: bool = False


def create_api_key(database: Database, new: NewKey, now: datetime, access: Access) -> tuple[str, ApiKeyRow]:
    """Return a new key and what is kept of it: the key itself is kept nowhere, and shown this once."""
    clinic = access.clinic
    key = f"{KEY_MARK}{clinic}_{''.join(secrets.choice(_LETTERS) for _ in range(_LENGTH))}"
    row = ApiKeyRow(
        clinic=clinic,
        id=secrets.token_hex(4),
        name=new.name,
        hash=_hash(key),
        beginning=key[: len(KEY_MARK) + len(clinic) + 1 + _SHOWN],
        scopes=new.scopes,
        practitioner=new.practitioner,
        patient=new.patient,
        supervises=new.supervises,
        created_at=as_instant(now),
        expires_at=as_instant(new.expires_at),
    )
    with database.write() as tx:
        add_api_key(tx, row)
        audited = audit_row(access, row.created_at, CREATED, f"api-key/{row.id}")
        add_audit(tx, replace(audited, patient=row.patient or ""))
    return key, row


def list_keys(database: Database, now: datetime, access: Access) -> Sequence[ApiKeyRow]:
    """Return every key of a clinic, the oldest first, revoked and expired ones too."""
    with database.write() as tx:
        add_audit(tx, audit_row(access, as_instant(now), OK, ""))
        return list_api_keys(tx, access.clinic)


def revoke_key(database: Database, key_id: str, now: datetime, access: Access) -> None:
    """Take a key back, for every process from the next request on; raises ``NotFound``."""
    with database.write() as tx:
        if not revoke_api_key(tx, access.clinic, key_id, as_instant(now)):
            raise NotFound("There is no such key that counts.")
        add_audit(tx, audit_row(access, as_instant(now), OK, f"api-key/{key_id}"))


@dataclass(frozen=True, slots=True)
class KnownKeys:
    """Recognises keys. Each request looks into the database, by an index: what is revoked counts no more."""

    database: Database
    settings_by_clinic: Mapping[str, CallerSettings]
    clock: Clock

    def __call__(self, key: str) -> Caller | None:
        """Return whom a key stands for, None where none such counts now."""
        named = _KEY.fullmatch(key)
        settings = self.settings_by_clinic.get(named["clinic"]) if named else None
        if named is None or settings is None or not settings.api_keys:
            return None
        hashed = _hash(key)
        with self.database.of(named["clinic"]).read() as tx:
            row = find_api_key(tx, named["clinic"], hashed)
        now = self.clock()
        if row is None or not compare_digest(row.hash, hashed) or not _counts(row, as_instant(now)):
            return None
        self._mark(row, now)
        return _caller(row, settings)

    def _mark(self, row: ApiKeyRow, now: datetime) -> None:
        hour = as_instant(now.replace(minute=0, second=0, microsecond=0))
        if row.last_used_at is not None and row.last_used_at >= hour:
            return
        try:
            with self.database.of(row.clinic).write() as tx:
                mark_used(tx, row, hour)
        except StoreFull:
            return  # reading goes on


def _caller(row: ApiKeyRow, settings: CallerSettings) -> Caller:
    return Caller(
        name=f"key {row.id}",
        clinic=row.clinic,
        scopes=parse_scopes(row.scopes),
        user=row.practitioner,
        patient=row.patient,
        supervises=row.supervises,
        patients_see_alerts=settings.patients_see_alerts,
        patients_see_therapist_forms=settings.patients_see_therapist_forms,
        key_id=row.id,
    )


def is_key_valid(tx: Tx, clinic: str, key_id: str, now: str) -> bool:
    """Tell whether an API key, known by its id, counts at an instant."""
    row = next((one for one in list_api_keys(tx, clinic) if one.id == key_id), None)
    return row is not None and _counts(row, now)


def _counts(row: ApiKeyRow, now: str) -> bool:
    return row.revoked_at is None and now < row.expires_at


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


LONGEST_LIFE = timedelta(days=2 * 365)
