"""Remove rows of the audit that were kept long enough: whole seals, with a row that says so."""

from dataclasses import replace
from datetime import date, timedelta

from fhir_mappings.errors import Fault
from service.clock import as_instant
from service.errors import FaultsInRequest
from service.flows.deployment import Access, Deployment
from service.flows.write_version import audit_row
from service.store.audit import add_audit
from service.store.audit_seals import count_through, last_purge, last_seal_before, purge_through

OK = 200
# No law that we know of asks for less; most ask for six years or more.
LEAST_KEPT = timedelta(days=365)


def purge_audit(deployment: Deployment, before: date, access: Access) -> int:
    """Return how many rows were removed: those of the seals made before a day. The seals themselves stay.

    That it was done is a row of its own. Raises ``FaultsInRequest`` for a day within the last year.
    """
    now = deployment.clock()
    if before > (now - LEAST_KEPT).date():
        message = "Rows are kept for a year at least: name an earlier day."
        raise FaultsInRequest([Fault("before", "too-late", message)])
    with deployment.database.write() as tx:
        seal = last_seal_before(tx, access.clinic, f"{before.isoformat()}T00:00:00.000000Z")
        done = last_purge(tx, access.clinic)
        is_new = seal is not None and (done is None or done.through_seal < seal.number)
        going = count_through(tx, seal) if seal and is_new else 0
        # First, so that the newest row always stays: SQLite would give its number again.
        add_audit(tx, replace(audit_row(access, as_instant(now), OK, ""), count=max(going, 1)))
        return purge_through(tx, seal, as_instant(now)) if seal and is_new else 0
