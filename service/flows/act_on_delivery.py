"""What a person decides about a delivery: try it again, confirm that it is in the EHR, or give it up."""

from collections.abc import Callable

from service.clock import as_instant
from service.flows import decide_delivery
from service.flows.deployment import Access, Deployment
from service.flows.write_version import audit_row
from service.store.audit import add_audit
from service.store.database import Tx
from service.store.deliveries import DeliveryRow
from service.store.delivery_acts import discard
from service.store.lost_races import repeat_lost_races

OK = 200


def retry_delivery(
    deployment: Deployment, delivery_id: str, version: int | None, access: Access, *, not_there: bool
) -> DeliveryRow:
    """Return the delivery, due again at once.

    ``version`` None: whatever its version is. ``not_there``: the person looked into the EHR, and it is not
    there. Raises ``NotFound``, ``StaleVersion``, ``WrongState``, as the two acts below do, and
    ``FaultsInRequest`` where it may be there and nobody says that it is not.
    """
    return _act(
        deployment,
        access,
        lambda tx, now: decide_delivery.retry_delivery(
            tx, access.clinic, delivery_id, now, version=version, not_there=not_there
        ),
    )


def confirm_delivery(
    deployment: Deployment, delivery_id: str, ehr_reference: str, version: int | None, access: Access
) -> DeliveryRow:
    """Return the delivery as confirmed: a person found it in the EHR under this reference.

    Raises ``FaultsInRequest`` too, for a reference that is none or of another type.
    """
    return _act(
        deployment,
        access,
        lambda tx, now: decide_delivery.confirm_delivery(
            tx, access.clinic, delivery_id, ehr_reference, now, version=version
        ),
    )


def discard_delivery(
    deployment: Deployment, delivery_id: str, reason: str, version: int | None, access: Access
) -> DeliveryRow:
    """Return the delivery as given up for good, with a person's reason."""
    return _act(
        deployment,
        access,
        lambda tx, now: discard(tx, access.clinic, delivery_id, reason, now, version=version),
    )


@repeat_lost_races
def _act(deployment: Deployment, access: Access, act: Callable[[Tx, str], DeliveryRow]) -> DeliveryRow:
    now = as_instant(deployment.clock())
    with deployment.database.write() as tx:
        changed = act(tx, now)
        add_audit(tx, audit_row(access, now, OK, changed.id, patient_key=changed.patient_key))
    return changed
