"""Let the deliveries go that were held as old when the EHR was first connected."""

from service.clock import as_instant
from service.flows.deployment import Access, Deployment
from service.flows.write_version import audit_row
from service.store.audit import add_audit
from service.store.delivery_acts import release_held
from service.store.lost_races import repeat_lost_races

OK = 200


@repeat_lost_races
def release_deliveries(deployment: Deployment, access: Access) -> int:
    """Return how many were released; the worker takes them from there."""
    now = as_instant(deployment.clock())
    with deployment.database.write() as tx:
        released = release_held(tx, access.clinic, deployment.settings.ehr_name, now)
        add_audit(tx, audit_row(access, now, OK, ""))
    return released
