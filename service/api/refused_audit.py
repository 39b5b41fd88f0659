"""The audit's rows of requests that reach no door: refused or failed before a route could say what they were.

Of callers whom nobody knows the first in a minute has a row at once; those that follow from the same address
and for the same reason are counted, and make one row more when the minute is over. So nobody fills the
database by knocking, and this is the one account of it.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

from starlette.types import Scope

from service.api.doors import Doors
from service.api.proxies import sender_of
from service.api.security import address_of
from service.clock import as_instant
from service.flows.deployment import Access
from service.flows.write_version import audit_row

UNKNOWN = "unknown"
NO_ROUTE = "none"
_MINUTE = len("2026-03-02T09:50")
# Further addresses of one minute are counted together.
_MOST_KNOCKING = 1000


@dataclass(slots=True)
class _Knocking:
    """What came from one address in one minute for one reason, after the first."""

    minute: str
    access: Access
    status: int
    more: int = 0


class RefusedAudit:
    """Adds these rows: of whom is known to the caller's clinic, of others to that of ``nobody``.

    Thread-safe; ``flush`` it at the end.
    """

    def __init__(self, nobody: Doors, clinics: Sequence[Doors]) -> None:
        self._doors = nobody
        self._of_clinic = {one.deployment.clinic: one for one in (nobody, *clinics)}
        self._lock = threading.Lock()
        self._knocking: dict[tuple[str, str], _Knocking] = {}

    def add(self, scope: Scope, status: int, reason: str) -> None:
        """Return once the row is durable, or the refusal is counted. Raises ``StoreError``.

        ``reason`` is a word of ours.
        """
        caller = scope["state"].get("caller")
        if caller is not None:
            access = _access(scope, caller.clinic, caller.name, reason)
            access = replace(access, person=caller.user, person_name=caller.person_name)
            self._of_clinic[caller.clinic].audit_read(access, status=status)
            return
        access = _access(scope, self._doors.deployment.clinic, UNKNOWN, reason)
        if self._is_first(access, status):
            self._doors.audit_read(access, status=status)

    def flush(self) -> None:
        """Write what was counted so far."""
        with self._lock:
            counted, self._knocking = list(self._knocking.values()), {}
        self._write(counted)

    def _is_first(self, access: Access, status: int) -> bool:
        minute = as_instant(self._doors.deployment.clock())[:_MINUTE]
        with self._lock:
            over = [key for key, one in self._knocking.items() if one.minute != minute]
            counted = [self._knocking.pop(key) for key in over]
            source = sender_of(access.address) if len(self._knocking) < _MOST_KNOCKING else ""
            key = source, access.refused
            known = self._knocking.setdefault(key, _Knocking(minute, access, status, -1))
            known.more += 1
            is_first = known.more == 0
        self._write(counted)
        return is_first

    def _write(self, counted: list[_Knocking]) -> None:
        now = as_instant(self._doors.deployment.clock())
        rows = [
            replace(audit_row(one.access, now, one.status, ""), count=one.more) for one in counted if one.more
        ]
        if rows:
            self._doors.read_audit.add(rows)


def _access(scope: Scope, clinic: str, caller: str, reason: str) -> Access:
    request_id = scope["state"]["request_id"]
    return Access(clinic, caller, NO_ROUTE, "E", request_id, address_of(scope), refused=reason)
