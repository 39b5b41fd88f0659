"""Sign-ins at the clinician's page: begun, recognised by their cookie, ended.

A cookie is ``<clinic>.<256 random bits>``: it is kept as its SHA-256, and names the clinic whose rows are
searched. Each request looks into the database: what was ended counts no more, in every process.
"""

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from hmac import compare_digest

from service.caller_settings import CallerSettings
from service.callers import Caller
from service.clock import Clock, as_instant
from service.errors import StoreFull
from service.flows.deployment import Access, Deployment
from service.flows.write_version import audit_row
from service.scopes import parse_scopes
from service.store.audit import add_audit
from service.store.database import Database
from service.store.page_sign_ins import (
    SignInRow,
    add_sign_in,
    end_sign_in,
    find_sign_in,
    forget_ended,
    mark_seen,
)

_COOKIE = re.compile(r"(?P<clinic>[a-z0-9][a-z0-9-]{0,39})\.[A-Za-z0-9_-]{43}")
_OK = 200


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who signed in: ``practitioner`` is a reference, None for somebody who is none; ``scopes`` as text."""

    caller: str
    scopes: str
    practitioner: str | None
    supervises: bool


def begin_sign_in(deployment: Deployment, who: SignedIn, access: Access) -> str:
    """Return the cookie of a new sign-in; it is kept nowhere. Those that are over are forgotten."""
    now, settings = deployment.clock(), deployment.settings
    cookie = f"{deployment.clinic}.{secrets.token_urlsafe(32)}"
    row = SignInRow(
        clinic=deployment.clinic,
        hash=_hash(cookie),
        caller=who.caller,
        scopes=who.scopes,
        practitioner=who.practitioner,
        supervises=who.supervises,
        created_at=as_instant(now),
        seen_at=as_instant(now),
        expires_at=as_instant(now + timedelta(hours=settings.page_hours)),
    )
    idle_before = as_instant(now - timedelta(minutes=settings.page_idle_minutes))
    with deployment.database.write() as tx:
        forget_ended(tx, deployment.clinic, row.created_at, idle_before)
        add_sign_in(tx, row)
        add_audit(tx, audit_row(access, row.created_at, _OK, ""))
    return cookie


def sign_out(deployment: Deployment, cookie: str, access: Access) -> None:
    """End a sign-in; one that is over already is no fault."""
    with deployment.database.write() as tx:
        end_sign_in(tx, deployment.clinic, _hash(cookie))
        add_audit(tx, audit_row(access, as_instant(deployment.clock()), _OK, ""))


@dataclass(frozen=True, slots=True)
class KnownSignIns:
    """Recognises cookies."""

    database: Database
    settings_by_clinic: Mapping[str, CallerSettings]
    clock: Clock

    def __call__(self, cookie: str) -> Caller | None:
        """Return whom a cookie stands for, None where it counts no more or never did."""
        named = _COOKIE.fullmatch(cookie)
        settings = self.settings_by_clinic.get(named["clinic"]) if named else None
        if named is None or settings is None or not settings.has_sign_in:
            return None
        hashed = _hash(cookie)
        with self.database.of(named["clinic"]).read() as tx:
            row = find_sign_in(tx, named["clinic"], hashed)
        if row is None or not compare_digest(row.hash, hashed) or not self._counts(row, settings):
            return None
        self._mark(row)
        return Caller(
            name=row.caller,
            clinic=row.clinic,
            scopes=parse_scopes(row.scopes),
            user=row.practitioner,
            supervises=row.supervises,
        )

    def _counts(self, row: SignInRow, settings: CallerSettings) -> bool:
        now = self.clock()
        idle_before = as_instant(now - timedelta(minutes=settings.page_idle_minutes))
        return row.seen_at >= idle_before and as_instant(now) < row.expires_at

    def _mark(self, row: SignInRow) -> None:
        minute = as_instant(self.clock().replace(second=0, microsecond=0))
        if row.seen_at >= minute:
            return
        try:
            with self.database.of(row.clinic).write() as tx:
                mark_seen(tx, row, minute)
        except StoreFull:
            return  # reading goes on


def _hash(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()
