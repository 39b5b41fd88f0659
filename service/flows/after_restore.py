"""What must be done once when a backup was put back, before the service runs again.

What was sent after the backup is pending again, or not known at all. So, for a time, nothing is sent for the
first time before the EHR was searched for it; and who was erased after the backup is erased once more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from service.clock import as_instant
from service.flows.deployment import Access, Deployment
from service.flows.erase_patient import Erasing, erase_again
from service.flows.write_version import audit_row
from service.store.audit import add_audit
from service.store.chart import put_fact
from service.store.outbox import leave_all_behind

OK = 200
_FACT_LENGTH = 40


@dataclass(frozen=True, slots=True)
class Restored:
    """Until when everything is searched for first; deliveries left unfinished; patients erased again."""

    searches_until: str
    unfinished: int
    erased_again: int


def restored_fact(ehr: str) -> str:
    """Return under which name the store keeps until when an EHR is searched first."""
    return f"restored:{ehr}"[:_FACT_LENGTH]


def after_restore(
    deployment: Deployment, erased_keys: Sequence[str], access: Access, *, search_days: int
) -> Restored:
    """Return what was made of a restored database; doing it twice is safe.

    ``erased_keys`` are the own keys of certificates of erasure. No process may run on the database.
    """
    moment = deployment.clock()
    until = as_instant(moment + timedelta(days=search_days))
    with deployment.database.write() as tx:
        put_fact(tx, access.clinic, restored_fact(deployment.settings.ehr_name), until)
        unfinished = leave_all_behind(tx, access.clinic, as_instant(moment))
        add_audit(tx, audit_row(access, as_instant(moment), OK, ""))
    erasing = Erasing("after-restore", "erased before the backup was restored", unsettled_too=True)
    again = erase_again(deployment, erased_keys, erasing, access)
    return Restored(until, unfinished, again)
